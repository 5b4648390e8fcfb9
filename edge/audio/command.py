"""A command's output as a source: an internet radio through ffmpeg, another recorder, a network stream."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge.audio.pipes import PipeReader, not_live
from edge.audio.raw_format import RawFormat
from edge.audio.recovery.live_source import AtRest, End, Kind, LiveSource, Stream
from edge.audio.recovery.outage import Patience, Pause
from edge.errors import ConfigError, SourceError

#: Seconds that a command may take to end after SIGTERM, and then after SIGKILL.
END_S = 1.0
#: Seconds that a command may keep running after closing its output.
LINGER_S = 5.0
#: Bytes that are kept of a command's messages.
KEPT = 4096
#: A stream may stall for a while and recover by itself, and its server should not be polled too often.
PATIENCE = Patience(when_lost=Pause(0.25, 30.0), when_stalled=Pause(20.0, 60.0))


class Command(LiveSource):
    """Source that reads s16le from a command's output until it ends with status 0.

    A command that fails once it has given audio (an internet radio whose connection breaks), or that delivers nothing
    for long, is started again.
    """

    def __init__(self, command: str, raw: RawFormat, *, wait: bool = False, fast: bool = False) -> None:
        """Start ``command``, split as a shell would and run without one; ``SourceError`` if it does not exist."""
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"cmd:{command}: {error}") from error
        if not words or shutil.which(words[0]) is None:
            raise SourceError(f"{''.join(words[:1])}: No such file or command")

        def start(old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
            if old:
                old.close()
            return Running(words, raw, fast=fast)

        patience, at_rest = (not_live(PATIENCE), AtRest.HELD) if fast else (PATIENCE, AtRest.CLOSED)
        super().__init__(Path(words[0]).name, Kind(start, patience, at_rest=at_rest), wait=wait)


class Running:
    """A running command, with its child processes."""

    def __init__(
        self, words: list[str], raw: RawFormat, *, fast: bool, name: str = "", given: bytes | None = None
    ) -> None:
        """Show it as ``name``.

        With ``given`` for its standard input its messages are kept, otherwise they go to our standard error.
        """
        self.name = name or Path(words[0]).name
        self._said = b""
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=_own_stderr() if given is None else subprocess.PIPE,
                process_group=0,  # so that a whole pipeline can be ended
            )
        except OSError as error:
            raise SourceError(f"{self.name}: {error.strerror}") from error
        assert self._process.stdout is not None
        self._reader = PipeReader(os.dup(self._process.stdout.fileno()), raw, fast=fast)
        self._process.stdout.close()
        self.queue = self._reader.queue
        self._output_ended_at: float | None = None
        if given is not None:
            self._listening = threading.Thread(target=self._tell_and_listen, args=(given,), daemon=True)
            self._listening.start()

    def _tell_and_listen(self, given: bytes) -> None:
        told, said = self._process.stdin, self._process.stderr
        assert told is not None
        assert said is not None
        with suppress(OSError), told:
            told.write(given)
        with said:
            while data := os.read(said.fileno(), KEPT):
                self._said = (self._said + data)[-KEPT:]

    def said(self) -> str:
        """Return the end of its messages, once it has ended."""
        self._listening.join(END_S)
        return self._said.decode(errors="replace")

    def end(self) -> End | None:
        """Return how it ended; a command that closed its output and keeps running is ended after a while."""
        status = self._process.poll()
        now = time.monotonic()
        self._output_ended_at = self._output_ended_at or now
        if status is None and now - self._output_ended_at < LINGER_S:
            return None
        if status is None:
            return End(f"{self.name} closed its output and did not end")
        return End() if status == 0 else End(f"{self.name} ended with status {status}")

    def close(self) -> None:
        """End the command and its children: by SIGTERM, then by SIGKILL."""
        self._reader.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)


def _own_stderr() -> int:
    return subprocess.DEVNULL if sys.stderr is None else sys.stderr.fileno()
