"""The bounded queue between recording and listening.

The recording side must never wait and the listening side must never fall far behind: when the queue is full, its oldest
half is dropped, as one hole. One large hole is better than many small ones, because features start afresh after each.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Condition

import numpy as np

from edge import clock
from edge.events import Block, Hole
from features_np import pcm

BYTES_PER_SAMPLE = 2  # s16le
#: Maximum backlog in seconds: bounds the delay of answers, and outlasts the garbage collection of an SD card.
MAX_S = 8.0
#: Maximum seconds for each ``get``, so that a listener with a backlog stays responsive.
MAX_BLOCK_S = 1.0
#: A shorter suspension than this, in seconds, is just the difference of two clocks.
SLEEP_S = 0.1


@dataclass(frozen=True, slots=True)
class _Piece:
    data: bytes
    recorded_at: float  # on the steady clock, when the last frame was recorded


class AudioQueue:
    """Queue of s16le audio of one rate and channel count; safe between one recording and one listening thread."""

    def __init__(self, sample_rate: int, channels: int, *, blocking: bool = False, max_s: float = MAX_S) -> None:
        """``blocking`` makes ``put`` wait for room instead of dropping: for audio that is not live."""
        self.sample_rate = sample_rate
        self.channels = channels
        self._blocking = blocking
        self._bytes_per_s = sample_rate * channels * BYTES_PER_SAMPLE
        self._max_bytes = max_s * self._bytes_per_s
        self._items: deque[_Piece | Hole] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._closed = False
        self._slept_s = clock.slept_s()

    @property
    def backlog_s(self) -> float:
        """Seconds of live audio that wait; none when the writer waits instead."""
        return 0.0 if self._blocking else self._bytes / self._bytes_per_s

    def put(self, data: bytes, age_s: float = 0.0) -> None:
        """Add whole frames, recorded ``age_s`` ago; drops the oldest audio, or waits, when there is no room."""
        piece = _Piece(data, clock.steady_s() - age_s)
        with self._changed:
            self._notice_sleep()
            if self._blocking:
                self._changed.wait_for(lambda: self._closed or self._bytes < self._max_bytes)
            self._items.append(piece)
            self._bytes += len(data)
            if self._bytes > self._max_bytes and not self._blocking:
                self._drop_oldest_half()
            self._changed.notify_all()

    def put_hole(self, hole: Hole) -> None:
        """Mark that audio is missing here."""
        with self._changed:
            self._items.append(hole)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Block | Hole | None:
        """Take what waits, in order: a block of at most ``MAX_BLOCK_S``, a hole, or None after ``timeout_s``."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items or self._closed, timeout_s) or not self._items:
                return None
            first = self._items.popleft()
            if isinstance(first, Hole):
                return first
            last, parts, size = first, [first.data], len(first.data)
            while self._items and isinstance(piece := self._items[0], _Piece):
                if size + len(piece.data) > MAX_BLOCK_S * self._bytes_per_s:
                    break
                self._items.popleft()
                last = piece
                parts.append(piece.data)
                size += len(piece.data)
            self._bytes -= size
            self._changed.notify_all()
        samples = pcm.int16_to_float32(np.frombuffer(b"".join(parts), dtype="<i2"))
        recorded_at = None if self._blocking else last.recorded_at
        return Block(samples.reshape(-1, self.channels), self.sample_rate, recorded_at)

    def clear(self) -> None:
        """Discard what is queued."""
        with self._changed:
            self._items.clear()
            self._bytes = 0
            self._changed.notify_all()

    def close(self) -> None:
        """Close the queue and wake waiting threads; what is queued can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """True once the queue is closed and empty."""
        return self._closed and not self._items

    def _notice_sleep(self) -> None:
        """Mark the time in which the machine was suspended as a hole; audio that is not live misses nothing."""
        slept_s = clock.slept_s()
        if slept_s - self._slept_s > SLEEP_S:
            if not self._blocking:
                self._items.append(Hole(slept_s - self._slept_s, "this machine slept"))
            self._slept_s = slept_s

    def _drop_oldest_half(self) -> None:
        dropped_bytes = 0
        already_lost_s = 0.0
        while self._bytes - dropped_bytes > self._max_bytes / 2:
            item = self._items.popleft()
            if isinstance(item, Hole):
                already_lost_s += item.lost_s
            else:
                dropped_bytes += len(item.data)
        self._bytes -= dropped_bytes
        lost_s = already_lost_s + dropped_bytes / self._bytes_per_s
        self._items.appendleft(Hole(lost_s, "this machine is too slow: the oldest audio was dropped"))
