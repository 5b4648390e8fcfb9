"""Raw audio from a pipe: standard input, or a named pipe.

A thread reads at most at real-time pace into the bounded queue. So a live writer is never blocked, audio from a file is
not taken faster than it plays, and a machine that is too slow drops the oldest audio.
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
#: Seconds between checks whether an idle pipe is still wanted.
LOOK_S = 0.5

NEVER = Pause(inf, inf)
#: Exact zeros are silence in digital audio, not an outage.
FIFO_PATIENCE = Patience(when_stalled=NEVER)
STANDARD_INPUT_PATIENCE = Patience(when_lost=NEVER, when_stalled=NEVER)


def not_live(patience: Patience) -> Patience:
    """Return the patience for audio that is read as fast as possible, which never times out."""
    return Patience(first_audio_s=inf, stall_s=inf, when_lost=patience.when_lost, when_stalled=patience.when_stalled)


def at_rest(*, fast: bool) -> AtRest:
    """Return the handling of a pipe while listening is paused; the writer of a ``fast`` one may wait."""
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
        """Stop reading; what is queued can still be taken."""
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
            # A duplicate: standard input itself must not be closed.
            return _Pipe("standard input", PipeReader(os.dup(sys.stdin.fileno()), raw, fast=fast), End())

        patience = not_live(STANDARD_INPUT_PATIENCE) if fast else STANDARD_INPUT_PATIENCE
        kind = Kind(read, patience, at_rest=at_rest(fast=fast))
        super().__init__("standard input", kind, wait=True)  # two readers must not share it


def _no_audio_from(stream: TextIO | None) -> str | None:
    """Return why no audio can come from a stream, or None."""
    if stream is None or stream.closed:
        return "closed"
    if stream.isatty():
        return "a terminal"
    # Also if it was closed when the program started: see ``edge.stdio``.
    return "closed" if os.fstat(stream.fileno()).st_rdev == Path(os.devnull).stat().st_rdev else None


class NamedPipe(LiveSource):
    """Source that reads s16le from a FIFO: writers may come and go."""

    def __init__(self, path: Path, raw: RawFormat, *, fast: bool = False) -> None:
        """Read from the FIFO at ``path``, whether or not somebody writes to it; ``SourceError`` if that is not allowed.

        It always waits for a writer, also after the first one closed without writing.
        """
        if not os.access(path, os.R_OK):
            raise SourceError(f"{path}: {os.strerror(errno.EACCES)}")

        def read(old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
            try:  # before closing the old one: a writer must always find a reader
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                raise SourceError(f"{path}: {error.strerror}") from error
            finally:
                if old:
                    old.close()
            return _Pipe(path.name, PipeReader(descriptor, raw, fast=fast), End("its writer went away"))

        patience = not_live(FIFO_PATIENCE) if fast else FIFO_PATIENCE
        super().__init__(path.name, Kind(read, patience, at_rest=at_rest(fast=fast)), wait=True)
