"""Keeps the output of native libraries off the terminal."""

from __future__ import annotations

import os
import sys

#: Environment variable with the descriptor of the original standard error, for a process that replaces this one.
HANDED_OVER = "LIVEGENRE_STDERR"


def silence() -> None:
    """Send what C libraries write to file descriptor 2 to nowhere; Python's own ``sys.stderr`` stays.

    PortAudio, ALSA, JACK and mpg123 write diagnostics about devices and headers at any time, also into the middle of a
    display. Relevant errors are returned by their functions.
    """
    handed_over = os.environ.pop(HANDED_OVER, None)
    kept = os.dup(2) if handed_over is None else int(handed_over)
    os.set_inheritable(kept, False)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="backslashreplace")


def hand_over() -> None:
    """Restore the real standard error for the program that replaces this one; descriptor 2 stays silent until then."""
    sys.stderr.flush()
    os.set_inheritable(sys.stderr.fileno(), True)
    os.environ[HANDED_OVER] = str(sys.stderr.fileno())
