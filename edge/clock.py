"""The clock that durations are measured with."""

from __future__ import annotations

import time


def steady_s() -> float:
    """Return seconds on the clock that nobody sets, and that runs on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def slept_s() -> float:
    """Return for how many seconds this machine has slept since it started, to a millisecond."""
    while True:  # the two clocks cannot be read at once: again if this thread had to wait between them
        before, steady, after = time.monotonic(), steady_s(), time.monotonic()
        if after - before < 1e-3:
            return steady - after
