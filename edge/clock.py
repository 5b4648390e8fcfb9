"""The clock that durations are measured with, and what happens only now and then by it."""

from __future__ import annotations

import time

#: Seconds between two reports of a failure that lasts.
REPORT_EVERY_S = 600.0


def steady_s() -> float:
    """Return seconds on the clock that nobody sets, and that runs on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def slept_s() -> float:
    """Return for how many seconds this machine has slept since it started, to a millisecond."""
    while True:  # the two clocks cannot be read at once: again if this thread had to wait between them
        before, steady, after = time.monotonic(), steady_s(), time.monotonic()
        if after - before < 1e-3:
            return steady - after


class Throttle:
    """Lets things happen once in a while, each kind by itself."""

    def __init__(self, every_s: float = REPORT_EVERY_S) -> None:
        self._every_s = every_s
        self._due_s: dict[str, float] = {}

    def is_due(self, kind: str = "") -> bool:
        """Return whether a thing of this kind may happen now; if so, the next may only after a while."""
        now = time.monotonic()
        if now < self._due_s.get(kind, now):
            return False
        self._due_s[kind] = now + self._every_s
        return True

    def reset(self, kind: str = "") -> None:
        """Allow the next thing of this kind at once."""
        self._due_s.pop(kind, None)
