"""A guard between listening and a sink that fails."""

from __future__ import annotations

import logging
import time

from edge.clock import Throttle
from edge.errors import EdgeError
from edge.events import Event, Tick
from edge.sinks import Sink, problem_of

log = logging.getLogger(__name__)

#: Seconds without a failure after which a sink counts as working again; sinks skip some events.
WORKS_AFTER_S = 10.0


class Guarded:
    """Sink that passes every event to another and survives its failures: the next event is the next attempt.

    ``failures`` counts them. Exceptions in ``passes`` are not caught, such as a closed output, without which listening
    is pointless.
    """

    def __init__(self, sink: Sink, name: str, *, passes: tuple[type[Exception], ...] = ()) -> None:
        self.failures = 0
        self._sink = sink
        self._name = name
        self._passes = passes
        self._failed_at: float | None = None  # while it fails
        self._reports = Throttle()

    def __call__(self, event: Event) -> None:
        """Hand one event on."""
        try:
            self._sink(event)
        except self._passes:
            raise
        except Exception as error:  # a defect in a sink must not stop listening
            self._failed(error)
        else:
            if self._works_again(event):
                log.warning("%s works again (%d failures so far)", self._name, self.failures)
                self._failed_at = None
                self._reports.reset()  # a later failure is a new one

    def _works_again(self, taken: Event) -> bool:
        """Return True if it failed and now works; an event that asks nothing of a sink proves nothing."""
        if self._failed_at is None or isinstance(taken, Tick) or problem_of(self._sink) is not None:
            return False
        return time.monotonic() - self._failed_at >= WORKS_AFTER_S

    def close(self) -> None:
        """Close the sink; a failure is logged."""
        try:
            self._sink.close()
        except self._passes:
            raise
        except Exception as error:
            self._reports.reset()
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self._failed_at = time.monotonic()
        if not self._reports.is_due():
            return
        expected = isinstance(error, EdgeError | OSError)
        words = str(error) if expected else repr(error)
        told = (self._name, words, self.failures)
        log.warning("%s failed: %s; listening goes on (failure %d)", *told, exc_info=not expected)
