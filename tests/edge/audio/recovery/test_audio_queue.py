"""The bounded queue: nothing is lost without being counted, and nothing waits longer than it may."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.audio.recovery.queue import MAX_BLOCK_S, AudioQueue
from edge.events import Block, Hole

RATE = 1_000


def pieces(*lengths: int) -> list[bytes]:
    """Consecutive numbers, so that a lost or doubled frame shows."""
    numbers = np.arange(sum(lengths), dtype="<i2")
    ends = np.cumsum(lengths)
    return [part.tobytes() for part in np.split(numbers, ends[:-1])]


def drain(queue: AudioQueue) -> list[Block | Hole]:
    taken = []
    while (item := queue.get(0.0)) is not None:
        taken.append(item)
    return taken


def test_frames_come_out_as_they_went_in() -> None:
    queue = AudioQueue(RATE, 2)
    for piece in pieces(200, 0, 400):
        queue.put(piece)
    (block,) = drain(queue)
    assert isinstance(block, Block)
    assert block.frames.shape == (300, 2)
    assert block.sample_rate == RATE
    assert np.array_equal(block.frames.ravel() * 32_768, np.arange(600))


def test_a_block_knows_when_its_end_was_recorded() -> None:
    live, not_live = AudioQueue(RATE, 1), AudioQueue(RATE, 1, blocking=True)
    for queue in (live, not_live):
        queue.put(pieces(600)[0], age_s=7.0)
        queue.put(pieces(600)[0], age_s=5.0)
        queue.put(pieces(200)[0], age_s=4.0)
    now = time.monotonic()
    ages = [block.age_s(now) for block in drain(live)]
    assert ages == [pytest.approx(7.0, abs=0.5), pytest.approx(4.0, abs=0.5)]
    assert [block.recorded_at for block in drain(not_live)] == [None, None]


def test_overflow_drops_the_oldest_half_as_one_hole() -> None:
    queue = AudioQueue(RATE, 1, max_s=4.0)
    for piece in pieces(*[100] * 41):  # 4.1 s
        queue.put(piece)
    hole, *blocks = drain(queue)
    assert isinstance(hole, Hole)
    assert hole.lost_s == 2.1
    kept = np.concatenate([block.frames.ravel() for block in blocks if isinstance(block, Block)])
    assert np.array_equal(kept * 32_768, np.arange(2_100, 4_100))


@given(lengths=st.lists(st.integers(0, 900), max_size=60), reads=st.lists(st.booleans(), max_size=60))
def test_every_frame_is_delivered_in_order_or_counted_as_lost(lengths: list[int], reads: list[bool]) -> None:
    queue = AudioQueue(RATE, 1, max_s=2.0)
    taken: list[Block | Hole] = []
    for index, piece in enumerate(pieces(*lengths) if lengths else []):
        queue.put(piece)
        assert queue.backlog_s <= 2.0
        if index < len(reads) and reads[index] and (item := queue.get(0.0)):
            taken.append(item)
    taken += drain(queue)
    position = 0
    for item in taken:
        if isinstance(item, Hole):
            position += round(item.lost_s * RATE)
        else:
            expected = np.arange(position, position + len(item.frames))
            assert np.array_equal(item.frames.ravel() * 32_768, expected)
            assert item.seconds <= MAX_BLOCK_S
            position += len(item.frames)
    assert position == sum(lengths)


def test_a_blocking_queue_makes_the_writer_wait_and_loses_nothing() -> None:
    queue = AudioQueue(RATE, 1, blocking=True, max_s=1.0)
    sent = pieces(*[100] * 100)

    def write() -> None:
        for piece in sent:
            queue.put(piece)
        queue.close()

    writer = threading.Thread(target=write)
    writer.start()
    received = []
    while not queue.drained:
        item = queue.get(1.0)
        assert not isinstance(item, Hole)
        if item is not None:
            received.append(item.frames.ravel())
        assert queue.backlog_s == 0.0
    writer.join()
    assert np.array_equal(np.concatenate(received) * 32_768, np.arange(10_000))


def test_a_hole_keeps_its_place() -> None:
    queue = AudioQueue(RATE, 1)
    first, second = pieces(10, 20)
    queue.put(first)
    queue.put_hole(Hole(0.0, "overrun"))
    queue.put(second)
    assert [type(item) for item in drain(queue)] == [Block, Hole, Block]


def test_a_closed_queue_still_gives_what_it_has() -> None:
    queue = AudioQueue(RATE, 1)
    queue.put(pieces(10)[0])
    queue.close()
    assert not queue.drained
    assert len(drain(queue)) == 1
    assert queue.drained
