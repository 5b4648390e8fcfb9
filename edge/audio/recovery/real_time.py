"""Limits a source to real-time pace, whatever it delivers.

Times are seconds on the steady clock, given by the caller.
"""

from __future__ import annotations

#: A source's clock may run this much faster than ours without being held back.
TOLERANCE = 1.02


class Pace:
    """Computes how long to hold a source back; late audio may come in a burst."""

    def __init__(self, now: float, *, at_first_s: float = 0.0, at_once_s: float) -> None:
        """Begin ``now``; ``at_first_s`` seconds of audio may come too early, ``at_once_s`` too late in one burst."""
        self._at_once_s = at_once_s
        self._due = now - at_first_s

    def wait_s(self, seconds: float, now: float) -> float:
        """Return the seconds to wait after that many ``seconds`` of audio before taking more."""
        self._due = max(self._due + seconds / TOLERANCE, now - self._at_once_s)
        return max(0.0, self._due - now)
