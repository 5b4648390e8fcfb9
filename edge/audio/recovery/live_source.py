"""Live sources, which may disappear, stall and recover while listening continues.

Kinds differ in how a stream is opened and how it ends; detecting, reporting and ending outages is the same for all, by
``outage``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Protocol

import numpy as np

from edge import clock
from edge.audio.recovery import outage
from edge.audio.recovery.attempt import Attempt
from edge.audio.recovery.outage import Patience
from edge.audio.recovery.queue import AudioQueue
from edge.errors import NoSoundSystem, SoundSystemStuck, SourceError
from edge.events import Block, Chunk, Hole, Idle, Lost, Restored

#: Seconds within which a chunk comes, if only an ``Idle``.
IDLE_S = 0.75
#: Seconds that opening may take before it is reported.
HANG_S = 3.0
#: Seconds that closing may take before it is abandoned.
CLOSE_S = 1.0
#: Seconds between polls.
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class End:
    """A stream's end: for good if ``reason`` is None, otherwise the stream should be opened again."""

    reason: str | None = None


class Stream(Protocol):
    """A source while it is open."""

    @property
    def name(self) -> str:
        """Words for people."""

    @property
    def queue(self) -> AudioQueue:
        """Its audio; closed when no more can come."""

    def end(self) -> End | None:
        """Return how it ended, once the queue is drained; None while that is not known yet."""

    def close(self) -> None:
        """Release it; may be called twice. May hang where the system does."""


class AtRest(Enum):
    """Handling of a stream while listening is paused."""

    CLOSED = auto()  # and opened again afterwards
    DISCARDED = auto()  # read on and discard, so that the writer is not blocked
    HELD = auto()  # what is not live waits


@dataclass(frozen=True, slots=True)
class Kind:
    """Properties of a kind of source."""

    #: Opens it, given the previous stream to close first and a function that tells whether it is still wanted.
    open: Callable[[Stream | None, Callable[[], bool]], Stream]
    patience: Patience
    #: Description of what hangs while opening takes long.
    hanging: Callable[[], str] = lambda: "it does not open"
    #: Seconds after which opening is known to hang for good, and only a new process helps.
    stuck_s: float = inf
    at_rest: AtRest = AtRest.CLOSED


class LiveSource:
    """Source that yields audio as it comes, and reports when none does; see ``Source``.

    ``was_open`` tells whether it has ever been.
    """

    def __init__(self, name: str, kind: Kind, *, wait: bool = False, away_since: float | None = None) -> None:
        """Open it, or raise ``SourceError``; with ``wait`` it is opened by iterating, which waits for it.

        ``away_since``, on the steady clock, is since when another process has had no audio from it.
        """
        self.name = name
        self._kind = kind
        self._waits = wait
        self._health = outage.opening(clock.steady_s() if away_since is None else away_since, kind.patience)
        self._untold: list[Lost | Restored] = []
        self._stream: Stream | None = None
        self._opening: Attempt[Stream] | None = None
        self._closing: Attempt[None] | None = None
        self._finished = False
        self.was_open = self._had_audio = False
        if away_since is not None:
            words = "the sound system hung, and livegenre was started anew"
            self._step(outage.failed(self._health, clock.steady_s(), words))
        if not wait:
            self._open()

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait to be taken."""
        return self._stream.queue.backlog_s if self._stream else 0.0

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what comes; at least one chunk every ``IDLE_S``.

        Raises ``SoundSystemStuck`` when nothing but a new process can go on, and ``SourceError`` if the source fails
        before any audio came and is not to be waited for.
        """
        if not self._finished and self._opening is None and self._stream is None:
            self._open()
        return self._chunks()

    def close(self) -> None:
        """Release the source within ``CLOSE_S``; a stream that hangs is released once that is possible."""
        self._finished = True
        self._release()

    def rest(self) -> None:
        """Give no audio until ``wake``; a device is released, as with ``close``."""
        if self._kind.at_rest is AtRest.CLOSED:
            self._release()
            self._opening = None
            self._untold.clear()

    def wake(self) -> None:
        """Give audio again, of what is recorded from now on."""
        self._health = outage.opening(clock.steady_s(), self._kind.patience)
        if self._stream is None and self._opening is None:
            self._start_opening()
        elif self._stream is not None and self._kind.at_rest is AtRest.DISCARDED:
            self._stream.queue.clear()

    def _release(self) -> None:
        until = time.monotonic() + CLOSE_S
        if self._opening:
            outcome = self._opening.give_up()
            if outcome is not None and not isinstance(outcome, SourceError):
                self._stream = outcome
            self._opening.wait(max(0.0, until - time.monotonic()))
        self._disconnect()
        if self._closing:
            self._closing.wait(max(0.0, until - time.monotonic()))

    def _open(self) -> None:
        """Open it for the first time, and wait a moment for the outcome."""
        self._start_opening()
        self._take_outcome(IDLE_S if self._waits else HANG_S)

    def _chunks(self) -> Iterator[Chunk]:
        while not self._finished:
            chunk = None if self._untold else self._next()
            now = clock.steady_s()
            self._judge(chunk, now)
            self._reopen(now)
            told, self._untold = self._untold, []
            yield from told
            if chunk is not None and self._health.outage_from is None:
                yield chunk
            elif not told and not self._finished:
                yield Idle()

    def _next(self) -> Block | Hole | None:
        if self._stream and not self._stream.queue.drained:
            return self._stream.queue.get(IDLE_S)
        if self._opening:
            self._opening.wait(IDLE_S)
        else:
            time.sleep(min(IDLE_S, max(LOOK_S, self._health.retry_at - clock.steady_s())))
        return None

    def _judge(self, chunk: Block | Hole | None, now: float) -> None:
        """Advance the health by received audio, or by the time without any."""
        if isinstance(chunk, Block):
            self._had_audio = True
            zeros = self._kind.patience.zeros_s < inf and not np.any(chunk.frames)
            age_s = chunk.age_s(now)
            self._step(outage.audio_came(self._health, now, seconds=chunk.seconds, zeros=zeros, age_s=age_s))
        elif isinstance(chunk, Hole):
            if self._health.outage_from is None:  # else it is part of the outage
                self._health = outage.skipped(self._health, now, chunk.lost_s)
        elif self._stream and self._stream.queue.drained:
            self._judge_end(self._stream.end(), now)
        if self._stream:
            self._step(outage.waited(self._health, now))

    def _judge_end(self, end: End | None, now: float) -> None:
        if end is None:
            return
        self._disconnect()
        if end.reason is None:
            self._finished = True
        elif self._had_audio or self._waits:
            self._step(outage.failed(self._health, now, end.reason))
        else:
            raise SourceError(f"{end.reason} and gave no audio")

    def _step(self, step: outage.Step) -> None:
        self._health, event = step
        if event:
            self._untold.append(event)

    def _reopen(self, now: float) -> None:
        if self._opening:
            self._take_outcome(0.0)
        elif not self._finished and outage.due(self._health, now):
            self._start_opening()

    def _start_opening(self) -> None:
        old, self._stream = self._stream, None
        self._opening = Attempt(
            f"open {self.name}",
            lambda attempt: self._kind.open(old, lambda: not attempt.given_up),
            undo=lambda stream: stream.close(),
        )

    def _take_outcome(self, timeout_s: float) -> None:
        """Handle the outcome of an opening, or that it takes long."""
        assert self._opening is not None
        outcome, now = self._opening.outcome(timeout_s), clock.steady_s()
        if outcome is None:
            self._judge_hanging(time.monotonic() - self._opening.began_s, now)
            return
        self._opening = None
        if not isinstance(outcome, SourceError):
            self._stream, self.name, self.was_open = outcome, outcome.name, True
            self._health = outage.opened(self._health, now)
        elif isinstance(outcome, NoSoundSystem) or not (self.was_open or self._waits):
            raise outcome
        else:
            self._step(outage.failed(self._health, now, str(outcome)))

    def _judge_hanging(self, for_s: float, now: float) -> None:
        if for_s >= self._kind.stuck_s:
            words = f"{self.name}: {self._kind.hanging()}"
            if self.was_open or self._waits:
                raise SoundSystemStuck(words, self._health.recorded_to)
            raise SourceError(words)
        if for_s >= HANG_S and self._health.outage_from is None:
            self._step(outage.hung(self._health, now, self._kind.hanging()))

    def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        if stream:
            self._closing = Attempt(f"close {self.name}", lambda _: stream.close())
