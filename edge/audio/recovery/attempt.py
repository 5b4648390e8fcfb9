"""Work in a thread of its own, because it may hang in the sound system, a file system or a process.

The thread that feeds the watchdog must not hang. The result of abandoned work is undone once it is available.
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
        """Start ``work``, which may ask ``given_up``; ``undo`` takes an outcome that is no longer wanted."""
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
        """Return the outcome if it is available; a later one is undone."""
        with self._lock:
            self.given_up = True
            return self._outcome

    def wait(self, timeout_s: float) -> None:
        """Wait until the work is done, undoing included, or until the timeout."""
        self._thread.join(timeout_s)

    def _run(self, work: Callable[[Attempt[T]], T]) -> None:
        outcome: T | SourceError
        try:
            outcome = work(self)
        except SourceError as error:
            outcome = error
        except Exception as error:  # any error must be reported rather than waited for
            outcome = SourceError(f"{self._name}: {error}")
        with self._lock:
            if not self.given_up:
                self._outcome = outcome
                return
        if self._undo and not isinstance(outcome, SourceError):
            with suppress(Exception):  # nobody is left to report it to
                self._undo(outcome)


def any_under_way() -> bool:
    """Return True while a thread works on something abandoned; the process may crash if it exits meanwhile."""
    return any(thread.is_alive() for thread in _THREADS)
