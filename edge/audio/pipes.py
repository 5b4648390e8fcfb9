"""Raw audio from a pipe: standard input, or a named pipe.

A thread reads at no more than real-time pace into the bounded queue. So a pipe that is fed live never blocks its
writer, one that is fed from a file is not rushed, and a machine too slow for either drops the oldest audio.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from edge import clock
from edge.audio.raw_format import RawFormat
from edge.audio.recovery.live_source import AtRest, End, Kind, LiveSource, Stream
from edge.audio.recovery.outage import Patience, Pause
from edge.audio.recovery.queue import BYTES_PER_SAMPLE, MAX_BLOCK_S, MAX_S, AudioQueue
from edge.audio.recovery.real_time import Pace
from edge.errors import SourceError

#: Seconds of audio read at once, at most.
PIECE_S = 0.1
#: Seconds between two looks whether a pipe that gives nothing is still wanted.
LOOK_S = 0.5

NEVER = Pause(inf, inf)
#: Digital audio may well be exact zeros: they are silence, not an outage.
FIFO_PATIENCE = Patience(when_stalled=NEVER)
STANDARD_INPUT_PATIENCE = Patience(when_lost=NEVER, when_stalled=NEVER)


def not_live(patience: Patience) -> Patience:
    """Return the patience with audio that is taken as fast as it comes: only whoever waits for it knows when."""
    return Patience(first_audio_s=inf, stall_s=inf, when_lost=patience.when_lost, when_stalled=patience.when_stalled)


def at_rest(*, fast: bool) -> AtRest:
    """Return what becomes of a pipe while listening is paused; of one that is ``fast``, the writer may wait."""
    return AtRest.HELD if fast else AtRest.DISCARDED


class PipeReader:
    """Reads s16le from a file descriptor of its own into a queue until it ends."""

    def __init__(self, descriptor: int, raw: RawFormat, *, fast: bool) -> None:
        """Read from ``descriptor``, which is closed at the end; ``fast`` is for audio that is not live."""
        max_s = MAX_BLOCK_S if fast else MAX_S  # a writer that may wait needs no long queue
        self.queue = AudioQueue(raw.sample_rate, raw.channels, blocking=fast, max_s=max_s)
        self._descriptor = descriptor
        self._fast = fast
        self._frame_bytes = raw.channels * BYTES_PER_SAMPLE
        self._piece_bytes = round(raw.sample_rate * PIECE_S) * self._frame_bytes
        self._closing = Event()
        Thread(target=self._read_all, name="read-pipe", daemon=True).start()

    def close(self) -> None:
        """Read no more; what is still queued can be taken."""
        self._closing.set()
        self.queue.close()

    def _read_all(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        rest = b""
        pace = Pace(clock.steady_s(), at_once_s=2 * PIECE_S)
        while not self._closing.is_set():
            if not poll.poll(LOOK_S * 1000):
                continue
            try:
                data = os.read(self._descriptor, self._piece_bytes)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                break
            rest += data
            whole = len(rest) - len(rest) % self._frame_bytes
            self.queue.put(rest[:whole])
            if not self._fast:
                self._closing.wait(pace.wait_s(whole / self._piece_bytes * PIECE_S, clock.steady_s()))
            rest = rest[whole:]
        with suppress(OSError):
            os.close(self._descriptor)
        self.queue.close()


class _Pipe:
    """A pipe that is open."""

    def __init__(self, name: str, reader: PipeReader, end: End) -> None:
        self.name = name
        self.queue = reader.queue
        self._reader = reader
        self._end = end

    def end(self) -> End:
        """Return how it ended."""
        return self._end

    def close(self) -> None:
        """Read no more."""
        self._reader.close()


class StandardInput(LiveSource):
    """Source that reads s16le from standard input until it ends."""

    def __init__(self, raw: RawFormat, *, fast: bool = False) -> None:
        """``SourceError`` if there is nothing to read from."""
        if problem := _no_audio_from(sys.stdin):
            raise SourceError(f"standard input is {problem}: pipe s16le audio into it, as in `arecord -f cd | ...`")

        def read(_old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
            # A descriptor of our own: standard input itself is not ours to close.
            return _Pipe("standard input", PipeReader(os.dup(sys.stdin.fileno()), raw, fast=fast), End())

        patience = not_live(STANDARD_INPUT_PATIENCE) if fast else STANDARD_INPUT_PATIENCE
        kind = Kind(read, patience, at_rest=at_rest(fast=fast))
        super().__init__("standard input", kind, wait=True)  # two must not read from it at once


def _no_audio_from(stream: TextIO | None) -> str | None:
    """Return in a word why no audio can come from a stream, or None."""
    if stream is None or stream.closed:
        return "closed"
    if stream.isatty():
        return "a terminal"
    # What was closed when the program started is that as well: see ``edge.stdio``.
    return "closed" if os.fstat(stream.fileno()).st_rdev == Path(os.devnull).stat().st_rdev else None


class NamedPipe(LiveSource):
    """Source that reads s16le from a FIFO: writers may come and go."""

    def __init__(self, path: Path, raw: RawFormat, *, fast: bool = False) -> None:
        """Read from the FIFO at ``path``, whether or not somebody writes to it; ``SourceError`` if that is not allowed.

        A writer is always waited for, even if the first one leaves without a word.
        """
        if not os.access(path, os.R_OK):
            raise SourceError(f"{path}: {os.strerror(errno.EACCES)}")

        def read(old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
            try:  # before the old one is closed: a writer must never find nobody there
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                raise SourceError(f"{path}: {error.strerror}") from error
            finally:
                if old:
                    old.close()
            return _Pipe(path.name, PipeReader(descriptor, raw, fast=fast), End("its writer went away"))

        patience = not_live(FIFO_PATIENCE) if fast else FIFO_PATIENCE
        super().__init__(path.name, Kind(read, patience, at_rest=at_rest(fast=fast)), wait=True)
