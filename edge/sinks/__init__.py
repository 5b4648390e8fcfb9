"""Sinks of events, one file each. A sink is a callable that takes an event, with ``close()``.

One that can be unable to work without failing at every event also has ``problem``: the present problem, in words.
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
        """Flush and release resources."""


def problem_of(sink: Sink) -> str | None:
    """Return a sink's present problem; None if there is none, or it does not report any."""
    problem: str | None = getattr(sink, "problem", None)
    return problem
