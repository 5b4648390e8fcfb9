"""Work on a thread of its own, because it may hang in the sound system, a file system or a process.

Whoever feeds the watchdog must not hang with it. What was given up is undone as soon as it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from typing import Generic, TypeVar
from weakref import WeakSet

from edge.errors import SourceError

T = TypeVar("T")

_THREADS: WeakSet[Thread] = WeakSet()


class Attempt(Generic[T]):
    """Some work under way; its outcome is a value, or a ``SourceError`` whatever went wrong."""

    def __init__(self, name: str, work: Callable[[Attempt[T]], T], undo: Callable[[T], None] | None = None) -> None:
        """Start ``work``, which may ask ``given_up``; ``undo`` is for an outcome that nobody wants any more."""
        self.given_up = False
        self.began_s = time.monotonic()
        self._name = name
        self._undo = undo
        self._lock = Lock()
        self._outcome: T | SourceError | None = None
        self._thread = Thread(target=self._run, args=(work,), name=name, daemon=True)
        _THREADS.add(self._thread)
        self._thread.start()

    def outcome(self, timeout_s: float = 0.0) -> T | SourceError | None:
        """Return the outcome, or None if there is none within ``timeout_s``."""
        self._thread.join(timeout_s)
        with self._lock:
            return self._outcome

    def give_up(self) -> T | SourceError | None:
        """Return the outcome if it is there; one that comes later is undone as soon as it does."""
        with self._lock:
            self.given_up = True
            return self._outcome

    def wait(self, timeout_s: float) -> None:
        """Wait until the work is done, undoing included, or for so long."""
        self._thread.join(timeout_s)

    def _run(self, work: Callable[[Attempt[T]], T]) -> None:
        outcome: T | SourceError
        try:
            outcome = work(self)
        except SourceError as error:
            outcome = error
        except Exception as error:  # whatever it is, listening must hear of it rather than wait for ever
            outcome = SourceError(f"{self._name}: {error}")
        with self._lock:
            if not self.given_up:
                self._outcome = outcome
                return
        if self._undo and not isinstance(outcome, SourceError):
            with suppress(Exception):  # nobody is left who could be told
                self._undo(outcome)


def any_under_way() -> bool:
    """Return True while a thread works on something that was given up; a process that ends under it may crash."""
    return any(thread.is_alive() for thread in _THREADS)
