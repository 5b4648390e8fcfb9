"""The microphone as a source: it may go away, fall silent and come back, and listening goes on.

PortAudio's callback copies and enqueues. Opening and closing run on a thread of their own, because a sound server
that hangs makes them hang, and whoever feeds the watchdog must not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import numpy as np

from edge.audio import outage, portaudio
from edge.audio.portaudio import Recording
from edge.errors import SoundSystemStuck, SourceError
from edge.events import Block, Chunk, Hole, Idle, Lost, Restored

#: Seconds of audio that PortAudio hands over at once: every waking costs. Fewer where somebody watches a level meter.
PIECE_S, WATCHED_PIECE_S = 0.5, 0.2
#: Seconds without audio after which an ``Idle`` is given.
IDLE_S = 0.75
#: Seconds between two looks for a device that is away; short, as one that is back should not wait for us.
LOOK_S = 0.1
#: Seconds that the first opening may take before it counts as failed.
OPEN_S = 10.0
#: Seconds that closing may take.
CLOSE_S = 1.0
#: Seconds after which an opening under way will never end. A sound server that hangs and is then killed can leave
#: PortAudio's thread waiting for it for good, and PortAudio with it.
STUCK_S = 15.0

#: PortAudio may not be used from two threads at once: a source that is given up may still be opening a device.
_ONE_AT_A_TIME = Lock()


class Microphone:
    """Source that records from a PortAudio input, and from it again whenever it comes back."""

    def __init__(self, query: str | None = None, *, wait: bool = False, watched: bool = False) -> None:
        """Open the input named ``query`` (see ``portaudio.find``), or the default one.

        With ``wait``, an input that is not there yet is waited for; without, that is a ``SourceError``. ``watched``
        gives audio in pieces short enough for a level meter.
        """
        portaudio.library()
        self.name = query or "microphone"
        self._query = query
        self._piece_s = WATCHED_PIECE_S if watched else PIECE_S
        self._health = outage.opening(time.monotonic())
        self._current: Recording | None = None
        self._opening: SimpleQueue[Recording | SourceError] | None = None
        self._first: Lost | None = None
        self._start_opening()
        outcome = self._opened(OPEN_S)
        if isinstance(outcome, SourceError):
            if not wait:
                raise outcome
            self._health, event = outage.failed(self._health, time.monotonic(), str(outcome))
            self._first = event if isinstance(event, Lost) else None

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait."""
        return self._current.queue.backlog_s if self._current else 0.0

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what is heard, without end; at least one chunk every ``IDLE_S``.

        Raises ``SoundSystemStuck`` when nothing but a new process can go on.
        """
        if self._first:
            yield self._first
        while True:
            chunk = self._next()
            event = self._judge(chunk, time.monotonic())
            if event:
                yield event
            if chunk is not None and self._health.outage_from is None:
                yield chunk
            elif event is None:
                yield Idle()
            self._reopen(time.monotonic())

    def close(self) -> None:
        """Stop recording, or give up after ``CLOSE_S``: a sound server that hangs must not keep us."""
        if self._current:
            self._worker = Thread(target=_close, args=(self._current,), name="close-mic", daemon=True)
            self._worker.start()
            self._current = None
        self._worker.join(CLOSE_S)  # a process that ends under a thread inside the sound system may crash

    def _next(self) -> Block | Hole | None:
        if self._current:
            return self._current.queue.get(IDLE_S)
        time.sleep(LOOK_S)
        return None

    def _judge(self, chunk: Block | Hole | None, now: float) -> Lost | Restored | None:
        """Advance the health by what came, or by the time that passed without."""
        event: Lost | Restored | None = None
        if isinstance(chunk, Block):
            zeros = not np.any(chunk.frames)
            self._health, event = outage.heard(
                self._health, now, seconds=chunk.seconds, zeros=zeros, age_s=chunk.age_s(now)
            )
        elif self._current and self._current.queue.drained:
            self._health, event = outage.failed(self._health, now, "the device is gone")
            self.close()
        if event is None:
            self._health, event = outage.waited(self._health, now)
        return event

    def _reopen(self, now: float) -> None:
        if self._opening:
            outcome = self._opened(0.0)
            if isinstance(outcome, SourceError):
                self._health, _ = outage.failed(self._health, now, str(outcome))
            elif outcome is None and now - self._opening_since > STUCK_S:
                raise SoundSystemStuck(f"{self.name}: the sound system has not answered for {STUCK_S:.0f} s")
        elif outage.due(self._health, now):
            self._start_opening()

    def _start_opening(self) -> None:
        old, self._current = self._current, None
        first_time = self._health.phase is outage.Phase.OPENING
        result: SimpleQueue[Recording | SourceError] = SimpleQueue()
        self._opening, self._opening_since = result, time.monotonic()
        self._worker = Thread(
            target=lambda: result.put(_open(self._query, self._piece_s, old, first_time)), name="open-mic", daemon=True
        )
        self._worker.start()

    def _opened(self, timeout_s: float) -> Recording | SourceError | None:
        """Take the outcome of an opening under way, or None while it lasts."""
        if not self._opening:
            return None
        try:
            outcome = self._opening.get(timeout=timeout_s) if timeout_s else self._opening.get_nowait()
        except Empty:
            return SourceError(f"{self.name}: the sound system does not answer") if timeout_s else None
        self._opening = None
        if isinstance(outcome, Recording):
            self._current = outcome
            device = outcome.device.name
            self.name = device if "hw:" in device else f"microphone ({device})"
            self._health = outage.opened(self._health, time.monotonic())
        return outcome


def _close(recording: Recording) -> None:
    with _ONE_AT_A_TIME:
        recording.close()


def _open(query: str | None, piece_s: float, old: Recording | None, first_time: bool) -> Recording | SourceError:
    """Close ``old`` and open the device as it is listed now; never raises, since it runs on its own thread."""
    try:
        with _ONE_AT_A_TIME:
            if old:
                old.close()
            if not first_time:
                portaudio.relist()
            return portaudio.record(portaudio.find(query), piece_s)
    except SourceError as error:
        return error
    except Exception as error:  # whatever it is, listening must hear of it rather than wait forever
        return SourceError(f"{query or 'microphone'}: {error}")
