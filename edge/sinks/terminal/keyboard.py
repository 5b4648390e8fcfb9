"""Single keys from the terminal, without Enter and without their being written."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from contextlib import suppress
from typing import Any


class Keyboard:
    """The keys pressed on standard input; none where it is no terminal, or that of a program in the foreground."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._before: list[Any] | None = None
        try:
            # Who changes the settings of a terminal from the background is stopped by it.
            if os.tcgetpgrp(self._descriptor) == os.getpgrp():
                self._before = termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSANOW)
        except (OSError, termios.error):
            self._before = None

    def pressed(self) -> str:
        """Return the keys pressed since the last call."""
        if self._before is None or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        try:
            return os.read(self._descriptor, 64).decode(errors="ignore")
        except OSError:  # the terminal went away
            return ""

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None
