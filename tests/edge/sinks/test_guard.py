"""A sink that fails neither ends listening nor floods the log, and is heard again once it works."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from edge.events import Event, Tick
from edge.sinks.guard import REPORT_EVERY_S, Guarded

EVENT = Tick(time=datetime.now(UTC), audio_s=0.0, level_dbfs=None, backlog_s=0.0)


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
