"""The clock for durations, and throttling of repeated actions."""

from __future__ import annotations

import time

#: Seconds between two reports of a failure that lasts.
REPORT_EVERY_S = 600.0


def steady_s() -> float:
    """Return seconds on a monotonic clock that includes suspensions of the machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def slept_s() -> float:
    """Return the seconds that this machine has been suspended since boot, to a millisecond."""
    while True:  # the clocks are read one after the other: retry if this thread was interrupted in between
        before, steady, after = time.monotonic(), steady_s(), time.monotonic()
        if after - before < 1e-3:
            return steady - after


class Throttle:
    """Limits the rate of actions, each kind separately."""

    def __init__(self, every_s: float = REPORT_EVERY_S) -> None:
        self._every_s = every_s
        self._due_s: dict[str, float] = {}

    def is_due(self, kind: str = "") -> bool:
        """Return whether an action of this kind is due; if so, the next one is due only after the interval."""
        now = time.monotonic()
        if now < self._due_s.get(kind, now):
            return False
        self._due_s[kind] = now + self._every_s
        return True

    def reset(self, kind: str = "") -> None:
        """Make the next action of this kind due at once."""
        self._due_s.pop(kind, None)
