"""Every live source against every fault: listening goes on, or ends as it should.

A new subclass of ``LiveSource`` needs only its feed in ``FEEDS`` to get all of these tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.audio.portaudio import EARLY_S, TOO_FAST
from tests.edge.faults.feeding import FEEDS, Feed, live_sources
from tests.edge.faults.nursery import KEPT, Life, segments_of

#: Seconds by which audio may be ahead of the clock: what may have been recorded before, and what is on its way.
AHEAD_S = EARLY_S + 2.0


def says(life: Life, *words: str) -> None:
    """Wait until the service manager is told so; the faces are told by the same events."""
    life.wait(lambda: life.shown in words, f"one of {words} is told")


def is_gone(life: Life, feed: Feed) -> None:
    feed.go_away()
    if feed.ends_with_it:
        life.ends()
    else:
        says(life, "no source")


def is_silent(life: Life, feed: Feed) -> None:
    feed.fall_silent()
    says(life, "silence", "no source")


def is_hung(life: Life, feed: Feed) -> None:
    feed.hang()
    says(life, "no source")


def is_too_fast(life: Life, feed: Feed) -> None:
    feed.hurry()
    if not feed.waits:
        life.wait(lambda: TOO_FAST in life.log, "it is said")
    before_s = life.kept_s()
    life.wait(lambda: life.kept_s() > before_s + AHEAD_S, "listening goes on")
    assert segments_of(life.history)[-1].end.timestamp() < time.time() + AHEAD_S


def is_back(life: Life, feed: Feed) -> None:
    if feed.ends_with_it:
        is_hung(life, feed)
    else:
        is_gone(life, feed)
    feed.recover()


FAULTS = (is_gone, is_silent, is_hung, is_too_fast, is_back)


def test_every_live_source_is_fed() -> None:
    assert set(FEEDS) == set(live_sources())


@pytest.fixture
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    found = FEEDS[request.param](tmp_path)  # type: ignore[call-arg]
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("feed", live_sources(), indirect=True, ids=lambda kind: kind.__name__)
def test_listening_goes_on_when_a_source(fault: Callable[[Life, Feed], None], feed: Feed, tmp_path: Path) -> None:
    with closing(Life(tmp_path, KEPT)) as life:
        feed.begin(life)
        says(life, *life.labels)
        fault(life, feed)
        if life.is_alive:
            feed.recover()
            says(life, *life.labels)
            life.is_watched()
            life.end()
        segments = segments_of(life.history)
        assert life.kept_s() == pytest.approx((segments[-1].end - segments[0].start).total_seconds(), abs=0.1)
