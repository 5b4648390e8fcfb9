"""Single keys from the terminal, without Enter and without echo."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from contextlib import suppress
from typing import Any

UP, DOWN, ENTER, ESCAPE, BACKSPACE = "up", "down", "enter", "escape", "backspace"
#: Escape sequences of keys that are no characters (ECMA-48, and xterm's application mode).
_NAMES = {
    "\x1b[A": UP,
    "\x1bOA": UP,
    "\x1b[B": DOWN,
    "\x1bOB": DOWN,
    "\r": ENTER,
    "\n": ENTER,
    "\x1b": ESCAPE,
    "\x7f": BACKSPACE,
    "\b": BACKSPACE,
}
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|.", re.DOTALL)


class Keyboard:
    """The keys pressed on standard input; none where it is no terminal, or that of a program in the foreground."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._before: list[Any] | None = None
        try:
            # A background process that changes a terminal's settings is stopped.
            if os.tcgetpgrp(self._descriptor) == os.getpgrp():
                self._before = termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSANOW)
        except (OSError, termios.error):
            self._before = None

    def pressed(self) -> list[str]:
        """Return the keys pressed since the last call: characters, and the names above."""
        if self._before is None or not select.select([self._descriptor], [], [], 0)[0]:
            return []
        try:
            return keys(os.read(self._descriptor, 64).decode(errors="ignore"))
        except OSError:  # the terminal went away
            return []

    def close(self) -> None:
        """Restore the terminal."""
        if self._before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None


def keys(text: str) -> list[str]:
    """Return the keys for a terminal's input; unknown keys are dropped."""
    found = (_NAMES.get(key, key) for key in _KEY.findall(text))
    return [key for key in found if not key.startswith("\x1b")]
