"""A failing sink neither ends listening nor floods the log, and its recovery is logged."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from edge.clock import REPORT_EVERY_S
from edge.events import Event
from edge.sinks import Sink
from edge.sinks.guard import Guarded
from edge.sinks.jsonl import JsonLines
from edge.sinks.lines import Lines
from tests.edge.sinks.happenings import lost, prediction, tick

EVENT = prediction("jazz")


class Moody:
    """Sink that raises ``problem`` while it has one."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.taken = 0

    def __call__(self, event: Event) -> None:
        if self.problem:
            raise self.problem
        self.taken += 1

    def close(self) -> None:
        if self.problem:
            raise self.problem


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the only entry."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_every_event_is_a_new_attempt_and_failures_are_counted(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    sink = Moody(OSError(28, "No space left on device"))
    guarded = Guarded(sink, "history")
    for _ in range(3):
        guarded(EVENT)
    sink.problem = None
    for _ in range(12):
        clock[0] += 1.0
        guarded(EVENT)
    guarded.close()
    assert (guarded.failures, sink.taken) == (3, 12)
    assert [record.getMessage() for record in caplog.records] == [
        "history failed: [Errno 28] No space left on device; listening goes on (failure 1)",
        "history works again (3 failures so far)",
    ]


def test_a_failure_that_lasts_is_logged_now_and_then(caplog: pytest.LogCaptureFixture, clock: list[float]) -> None:
    sink = Moody()
    guarded = Guarded(sink, "history")
    for second in range(round(3 * REPORT_EVERY_S)):
        sink.problem = OSError("no") if second % 3 else None  # some events ask nothing of a sink
        clock[0] = float(second)
        guarded(EVENT)
    sink.problem = OSError("no")
    guarded.close()
    assert guarded.failures == 2 * REPORT_EVERY_S + 1
    assert len(caplog.records) == 3 + 1, "and at the end, where something is lost for good"


def test_what_fails_after_it_has_worked_again_is_told_at_once(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    sink = Moody()
    guarded = Guarded(sink, "window")
    for second in range(60):
        sink.problem = {0: OSError("no screen"), 30: OSError("closed")}.get(second)
        clock[0] = float(second)
        guarded(EVENT)
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "window failed: no screen",
        "window works again (1 failures so far)",
        "window failed: closed",
        "window works again (2 failures so far)",
    ]


@pytest.mark.parametrize("sink_on", [Lines, JsonLines])
def test_ticks_that_ask_nothing_do_not_show_that_a_full_disk_has_room(
    sink_on: Callable[[TextIO], Sink], caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    with suppress(OSError), Path("/dev/full").open("w", encoding="utf-8") as full:
        guarded = Guarded(sink_on(full), "output")
        guarded(lost())
        for _ in range(100):
            clock[0] += 1.0
            guarded(tick())
    (record,) = caplog.records
    assert f"output failed: [Errno {errno.ENOSPC}]" in record.getMessage()


class Waiting(Moody):
    """Sink that tries now and then, and passes over every event until then."""

    def __init__(self) -> None:
        super().__init__(OSError("no"))
        self.is_due = True

    def __call__(self, event: Event) -> None:
        if self.is_due or not self.problem:
            super().__call__(event)


def test_a_sink_that_says_what_is_wrong_with_it_does_not_work_again(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    sink = Waiting()
    guarded = Guarded(sink, "mqtt")
    guarded(EVENT)
    sink.is_due = False
    for _ in range(100):
        clock[0] += 1.0
        guarded(EVENT)
    assert [record.getMessage() for record in caplog.records] == ["mqtt failed: no; listening goes on (failure 1)"]
    sink.problem = None
    guarded(EVENT)
    assert caplog.records[-1].getMessage() == "mqtt works again (1 failures so far)"


def test_a_defect_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    Guarded(Moody(ZeroDivisionError("division by zero")), "history")(EVENT)
    (record,) = caplog.records
    assert "ZeroDivisionError('division by zero')" in record.getMessage()
    assert record.exc_info


@pytest.mark.parametrize("use", [lambda sink: sink(EVENT), lambda sink: sink.close()])
def test_what_should_end_listening_passes(use) -> None:
    with pytest.raises(BrokenPipeError):
        use(Guarded(Moody(BrokenPipeError()), "output", passes=(BrokenPipeError,)))
    use(Guarded(Moody(BrokenPipeError()), "output"))
