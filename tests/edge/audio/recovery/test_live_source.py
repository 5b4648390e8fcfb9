"""Properties of every live source, tested on one with a fake stream: only threads and clocks are involved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median

import pytest

from edge import clock
from edge.audio.recovery import live_source
from edge.audio.recovery.attempt import any_under_way
from edge.audio.recovery.live_source import IDLE_S, End, Kind, LiveSource, Stream
from edge.audio.recovery.outage import Patience
from edge.audio.recovery.queue import AudioQueue
from edge.errors import SoundSystemStuck, SourceError
from edge.events import Block, Chunk, Hole, Idle, Lost, Restored
from tests.edge.pulse import wait_until

RATE = 1_000
SECOND = b"\1\0" * RATE
#: What a machine that has more to do than it can adds, most of the time, to the time in which a chunk is due.
SLACK_S = 1.0


class Door:
    """A stream that is opened when ``may_open`` is set, and knows whether it is open now."""

    name = "door"

    def __init__(self) -> None:
        self.queue = AudioQueue(RATE, 1)
        self.may_open = threading.Event()
        self.may_open.set()
        self.is_open = False
        self.refuses = False
        self.ended: End | None = None

    def open(self, old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
        if old:
            old.close()
        self.may_open.wait()
        if self.refuses:
            raise SourceError("locked")
        self.queue, self.is_open = AudioQueue(RATE, 1), True
        return self

    def end(self) -> End | None:
        return self.ended

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setattr(live_source, "HANG_S", 0.2)
    made = Door()
    yield made
    made.may_open.set()


def source(door: Door, *, wait: bool = True, **options: float) -> LiveSource:
    stuck_s = options.pop("stuck_s", 60.0)
    return LiveSource("door", Kind(door.open, Patience(**options), lambda: "the door hangs", stuck_s), wait=wait)


def take_until(chunks: Iterator[Chunk], kind: type[Chunk], most: int = 40) -> list[Chunk]:
    taken = []
    for chunk in chunks:
        taken.append(chunk)
        assert len(taken) < most, taken
        if isinstance(chunk, kind):
            break
    return taken


@pytest.mark.parametrize("state", ["it hangs while opening", "nothing comes", "its end is unclear", "it refuses"])
def test_a_chunk_comes_within_the_stated_time_whatever_happens(door: Door, state: str) -> None:
    if state == "it hangs while opening":
        door.may_open.clear()
    door.refuses = state == "it refuses"
    chunks = iter(source(door))
    if state == "its end is unclear":
        door.queue.close()
    kinds, times = set(), [time.monotonic()]
    for _ in range(7):
        kinds.add(type(next(chunks)))
        times.append(time.monotonic())
    assert median(after - before for before, after in pairwise(times)) < IDLE_S + SLACK_S
    assert kinds <= {Idle, Lost}
    assert Idle in kinds


def test_what_hangs_is_told_once_and_then_heard(door: Door) -> None:
    door.may_open.clear()
    chunks = iter(source(door))
    assert next(chunks) == Lost(stalled=True, reason="the door hangs")
    assert isinstance(next(chunks), Idle)
    door.may_open.set()
    wait_until(lambda: door.is_open, 10.0, "it opens")
    assert all(isinstance(chunk, Idle) for chunk in (next(chunks), next(chunks)))
    door.queue.put(SECOND)
    assert [type(chunk) for chunk in take_until(chunks, Block) if not isinstance(chunk, Idle)] == [Restored, Block]


def test_what_hangs_for_good_needs_a_new_process(door: Door) -> None:
    before = clock.steady_s()
    door.may_open.clear()
    with pytest.raises(SoundSystemStuck, match=r"^door: the door hangs$") as caught:
        list(source(door, stuck_s=0.5))
    assert before <= caught.value.away_since <= clock.steady_s()


def test_one_that_opens_after_it_was_given_up_is_closed(door: Door) -> None:
    door.may_open.clear()
    given_up = source(door)
    iter(given_up)
    given_up.close()
    assert any_under_way()
    door.may_open.set()
    wait_until(lambda: not any_under_way(), 10.0, "nothing is under way")
    assert not door.is_open


def test_one_that_has_just_opened_is_closed_too(door: Door) -> None:
    door.may_open.clear()
    given_up = source(door)
    iter(given_up)
    door.may_open.set()
    wait_until(lambda: door.is_open, 10.0, "it opens")
    given_up.close()
    given_up.close()
    assert not door.is_open


@pytest.mark.parametrize("wait", [False, True])
def test_a_failure_before_any_audio_is_an_error_unless_it_is_waited_for(door: Door, wait: bool) -> None:
    chunks = iter(source(door, wait=wait))
    door.ended = End("it fell shut")
    door.queue.close()
    if wait:
        assert Lost(stalled=False, reason="it fell shut") in take_until(chunks, Lost)
    else:
        with pytest.raises(SourceError, match="it fell shut and gave no audio"):
            take_until(chunks, Lost)


def test_an_end_for_good_is_the_end(door: Door) -> None:
    chunks = iter(source(door))
    door.queue.put(SECOND)
    door.queue.close()
    door.ended = End()
    assert [type(chunk) for chunk in chunks] == [Block]


@pytest.mark.parametrize("first", ["whoever listens", "whoever records"])
def test_the_time_that_the_machine_slept_is_missing_once(
    door: Door, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """In either order: the listener notices that nothing has come for long, or the next audio arrives first."""
    slept_s = 0.0
    monkeypatch.setattr(clock, "steady_s", lambda: time.monotonic() + slept_s)
    monkeypatch.setattr(clock, "slept_s", lambda: slept_s)
    chunks = iter(source(door))
    door.queue.put(SECOND)
    assert isinstance(next(chunks), Block)
    slept_s = 3600.0
    if first == "whoever listens":
        assert isinstance(take_until(chunks, Lost)[-1], Lost)
    wait_until(lambda: door.is_open, 10.0, "it is open (again)")
    door.queue.put(SECOND)
    taken = [chunk for chunk in take_until(chunks, Block) if not isinstance(chunk, Idle | Lost)]
    missing = [
        chunk.lost_s if isinstance(chunk, Hole) else chunk.away_s
        for chunk in taken
        if isinstance(chunk, Hole | Restored)
    ]
    assert [type(chunk) for chunk in taken[:-1]] == [Restored if first == "whoever listens" else Hole]
    assert len(missing) == 1
    assert missing[0] == pytest.approx(3600.0, abs=5.0)


def test_one_that_another_process_lost_has_been_away_since_then(door: Door) -> None:
    since = clock.steady_s() - 60.0
    chunks = iter(LiveSource("door", Kind(door.open, Patience()), wait=True, away_since=since))
    assert isinstance(next(chunks), Lost)
    wait_until(lambda: door.is_open, 10.0, "it opens")
    door.queue.put(SECOND)
    restored = take_until(chunks, Restored)[-1]
    assert isinstance(restored, Restored)
    assert restored.away_s == pytest.approx(59.0, abs=5.0)
