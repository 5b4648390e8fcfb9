"""Raw audio from a pipe: standard input, or a command's output.

A thread reads at no more than real-time pace into the bounded queue. So a pipe that is fed live never blocks its
writer, one that is fed from a file is not rushed, and a machine too slow for either drops the oldest audio.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

from edge.audio import outage
from edge.audio.queue import BYTES_PER_SAMPLE, MAX_BLOCK_S, MAX_S, AudioQueue
from edge.audio.raw_format import RawFormat
from edge.errors import ConfigError, SourceError
from edge.events import Block, Chunk, Hole, Idle

#: Seconds of audio read at once, at most.
PIECE_S = 0.1
#: A writer's clock may run this much faster than ours without being held back.
PACE = 1.02
#: Seconds without audio after which an ``Idle`` is given.
IDLE_S = 0.5
#: Seconds that a command may take to end when asked to.
END_S = 1.0


class _PipeReader:
    """Reads s16le from a file descriptor into a queue until it ends."""

    def __init__(self, descriptor: int, raw: RawFormat, *, fast: bool) -> None:
        max_s = MAX_BLOCK_S if fast else MAX_S  # a writer that may wait needs no long queue
        self.queue = AudioQueue(raw.sample_rate, raw.channels, blocking=fast, max_s=max_s)
        self.frames_read = 0
        self._descriptor = descriptor
        self._fast = fast
        self._frame_bytes = raw.channels * BYTES_PER_SAMPLE
        self._piece_bytes = round(raw.sample_rate * PIECE_S) * self._frame_bytes
        Thread(target=self._read, name="read-pipe", daemon=True).start()

    def _read(self) -> None:
        rest = b""
        due = time.monotonic()
        while True:
            try:
                data = os.read(self._descriptor, self._piece_bytes)
            except OSError:  # closed under us
                data = b""
            if not data:
                break
            rest += data
            whole = len(rest) - len(rest) % self._frame_bytes
            self.queue.put(rest[:whole])
            self.frames_read += whole // self._frame_bytes
            if not self._fast:
                due = max(due + whole / self._piece_bytes * PIECE_S / PACE, time.monotonic() - 2 * PIECE_S)
                time.sleep(max(0.0, due - time.monotonic()))
            rest = rest[whole:]
        self.queue.close()


class StandardInput:
    """Source that reads s16le from standard input until it ends."""

    def __init__(self, raw: RawFormat, *, fast: bool = False) -> None:
        if sys.stdin.isatty():
            raise SourceError("standard input is a terminal: pipe s16le audio into it, as in `arecord -f cd | ...`")
        self.name = "standard input"
        self._reader = _PipeReader(sys.stdin.fileno(), raw, fast=fast)

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait."""
        return self._reader.queue.backlog_s

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what is read, until the end of the input."""
        while not self._reader.queue.drained:
            yield self._reader.queue.get(IDLE_S) or Idle()

    def close(self) -> None:
        """Standard input stays open: it is not ours."""


class Command:
    """Source that reads s16le from a command's output until it ends with status 0.

    A command that fails once it has given audio (an internet radio whose connection breaks) is started again, with
    the same pauses as a microphone that went away.
    """

    def __init__(self, command: str, raw: RawFormat, *, fast: bool = False) -> None:
        """Start ``command``, split as a shell would and run without one; ``SourceError`` if there is none such."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"cmd:{command}: {error}") from error
        self.name = Path(self._words[0]).name
        self._raw = raw
        self._fast = fast
        self._health = outage.opening(time.monotonic())
        self._process, self._reader = self._start()

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait."""
        return self._reader.queue.backlog_s

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what is read, until the command ends with status 0; ``SourceError`` if it fails without any audio."""
        while True:
            if self._health.phase is outage.Phase.LOST:
                yield from self._wait_and_start_again()
            elif self._reader.queue.drained:
                status = self._process.wait()
                if status == 0:
                    return
                yield from self._failed(f"{self.name} ended with status {status}")
            else:
                yield from self._heard(self._reader.queue.get(IDLE_S))

    def _heard(self, chunk: Block | Hole | None) -> Iterator[Chunk]:
        if isinstance(chunk, Block):
            now = time.monotonic()
            self._health, event = outage.heard(
                self._health, now, seconds=chunk.seconds, zeros=False, age_s=chunk.age_s(now)
            )
            if event:
                yield event
        yield chunk or Idle()

    def _failed(self, reason: str) -> Iterator[Chunk]:
        if self._health.phase is outage.Phase.OPENING:
            raise SourceError(f"{reason} and gave no audio")
        self._health, event = outage.failed(self._health, time.monotonic(), reason)
        yield event or Idle()

    def _wait_and_start_again(self) -> Iterator[Chunk]:
        if not outage.due(self._health, time.monotonic()):
            time.sleep(PIECE_S)
            yield Idle()
            return
        try:
            self._process, self._reader = self._start()
        except SourceError as error:
            yield from self._failed(str(error))
        else:
            self._health = outage.opened(self._health, time.monotonic())

    def close(self) -> None:
        """End the command: politely, then not."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], _PipeReader]:
        try:
            process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr.fileno()
            )
        except OSError as error:
            raise SourceError(f"{self.name}: {error.strerror}") from error
        assert process.stdout is not None
        return process, _PipeReader(process.stdout.fileno(), self._raw, fast=self._fast)
