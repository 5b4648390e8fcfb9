"""Where events go, one file each. A sink is a callable that takes an event, with ``close()``."""

from __future__ import annotations

from typing import Protocol

from edge.events import Event


class Sink(Protocol):
    """What every sink has."""

    def __call__(self, event: Event) -> None:
        """Take one event, in order."""

    def close(self) -> None:
        """Write what is left and release what is held."""
