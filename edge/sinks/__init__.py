"""Sinks of events, one file each. A sink is a callable that takes an event, with ``close()``.

One that can be kept from its work without failing at every event has ``problem``, too: what is wrong now, in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from edge.events import Event


class Sink(Protocol):
    """Protocol of sinks."""

    def __call__(self, event: Event) -> None:
        """Take one event, in order."""

    def close(self) -> None:
        """Write what is left and release what is held."""


def problem_of(sink: Sink) -> str | None:
    """Return what keeps a sink from its work now, as it says itself; None if nothing does, or it never says."""
    problem: str | None = getattr(sink, "problem", None)
    return problem
