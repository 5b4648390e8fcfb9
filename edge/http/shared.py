"""Servers that the sinks of several rooms use together: made for the first, closed after the last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar


class Closable(Protocol):
    """Protocol of what is shared."""

    def close(self) -> None:
        """Release resources."""


T = TypeVar("T", bound=Closable)


class Shared:
    """The shared things of a process by name; for one thread."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Any, int]] = {}  # and how many use it

    def take(self, name: str, make: Callable[[], T]) -> T:
        """Return the thing of a name, which is made if nobody has taken it; ``give_back`` it once."""
        if name not in self._held:
            self._held[name] = make(), 0
        thing, n_users = self._held[name]
        self._held[name] = thing, n_users + 1
        found: T = thing
        return found

    def give_back(self, name: str) -> None:
        """Use it no longer."""
        thing, n_users = self._held[name]
        self._held[name] = thing, n_users - 1
        if n_users == 1:
            del self._held[name]
            thing.close()
