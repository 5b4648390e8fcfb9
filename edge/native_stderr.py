"""Keeps native libraries from writing into what a person reads."""

from __future__ import annotations

import os
import sys


def silence() -> None:
    """Send what C libraries write to file descriptor 2 to nowhere; Python's own ``sys.stderr`` stays.

    PortAudio, ALSA, JACK and mpg123 write a dozen lines about devices and headers that nobody asked for, at any time
    and into the middle of a display. What matters of it comes back as their functions' results.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
