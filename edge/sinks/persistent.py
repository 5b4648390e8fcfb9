"""Keeps a sink open: one that cannot be opened, or has failed, is retried, and gets the events it has missed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from edge.errors import EdgeError, FaceError
from edge.events import Event
from edge.sinks import Sink, problem_of
from edge.sinks.present import Present

log = logging.getLogger(__name__)

#: Seconds after which a face that could not be opened is tried again.
RETRY_S = 30.0


class Persistent:
    """Sink that opens another and passes it every event; while there is none, it remembers the present state for it.

    A sink that raises ``FaceError`` is closed, and opened again later.
    """

    def __init__(self, opener: Callable[[], Sink], name: str, present: Present, *, patient: bool) -> None:
        """``patient``: a sink that cannot be opened now is tried again; else that is an error here, too."""
        self._opener = opener
        self._present = present
        self._sink: Sink | None = None
        self._next_try = time.monotonic() + RETRY_S
        try:
            self._open()
        except Exception as error:
            if not patient:
                raise
            is_expected = isinstance(error, EdgeError | OSError)
            words = str(error) if is_expected else repr(error)
            told = (name, words, RETRY_S)
            log.warning("%s: %s; listening goes on, tried again every %.0f s", *told, exc_info=not is_expected)

    @property
    def problem(self) -> str | None:
        """The present trouble, in words."""
        return "not open yet" if self._sink is None else problem_of(self._sink)

    def __call__(self, event: Event) -> None:
        """Hand an event on; what opening raises comes through."""
        if self._sink is not None:
            self._hand_on(event)
        elif time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + RETRY_S
            if not self._open(event):
                self._hand_on(event)

    def _open(self, event: Event | None = None) -> bool:
        """Open the sink and tell it the present; returns whether ``event`` was part of that."""
        self._sink = self._opener()
        told = self._present.events()
        for one in told:
            self._hand_on(one)
        return any(one is event for one in told)

    def _hand_on(self, event: Event) -> None:
        if self._sink is None:
            return
        try:
            self._sink(event)
        except FaceError:
            self._next_try = time.monotonic() + RETRY_S
            gone, self._sink = self._sink, None
            with suppress(Exception):  # the original error says more
                gone.close()
            raise

    def forget(self) -> None:
        """Make a sink that is no longer wanted remove what it has left elsewhere."""
        forget: Callable[[], None] = getattr(self._sink, "forget", lambda: None)
        try:
            forget()
        except Exception as error:
            log.warning("%s", error)

    def close(self) -> None:
        """Close it if it was opened."""
        if self._sink is not None:
            self._sink.close()
