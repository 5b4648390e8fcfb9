"""The real command on a pseudo-terminal: its output, typed keys, and the restored terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: What a terminal of today says of itself.
MODERN = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
TIMEOUT_S = 60.0


class PseudoTerminal:
    """A terminal of 80 by 24 that a command runs on, as the only job of its session."""

    def __init__(
        self, *args: str | Path, env: dict[str, str], piped_stdout: bool = False, shell_script: str | None = None
    ) -> None:
        """Run the command with ``args``, or a script for bash in which ``$0`` is the command."""
        self.written = b""
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        bare = {name: value for name, value in os.environ.items() if name not in ("TERM", "PYTHONIOENCODING")}
        self._settings = termios.tcgetattr(self._theirs)
        command = [LIVEGENRE, *args] if shell_script is None else ["bash", "-c", shell_script, LIVEGENRE]
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._theirs,
            stdout=subprocess.PIPE if piped_stdout else self._theirs,
            stderr=self._theirs,
            env={**bare, **env},
        )

    def read_until(self, pattern: str) -> str:
        """Read what is written until it holds ``pattern``; returns all that was written so far."""
        until = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, text := self.written.decode(errors="replace")):
            ended = self.process.poll() is not None
            assert self._read(0.1) or (time.monotonic() < until and not ended), f"no {pattern!r} in {text}"
        return text

    def press(self, keys: bytes) -> None:
        """Type keys; Ctrl-C is ``\\x03``, of which the terminal makes a signal."""
        os.write(self._ours, keys)

    def end(self) -> tuple[int, str]:
        """Wait for the command's end; returns its status and all that was written. The terminal must be as it was."""
        while self.process.poll() is None:
            self._read(0.1)
        while self._read(0.1):
            pass
        assert termios.tcgetattr(self._theirs) == self._settings, "the terminal's settings are not as they were"
        os.close(self._ours)
        os.close(self._theirs)
        return self.process.returncode, self.written.decode()

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._ours], [], [], max(0.0, timeout_s))[0]:
            return False
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.written += data
        return bool(data)
