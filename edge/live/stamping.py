"""The time of events: when their audio was recorded, regardless of processing delays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from edge.events import Block, Event
from edge.live.timeline import Timeline

Kind = TypeVar("Kind", bound=Event)


def utc_now() -> datetime:
    """Return the wall clock in UTC."""
    return datetime.now(UTC)


class Stamp:
    """Creates events with their timeline position and wall clock time."""

    def __init__(self, timeline: Timeline, now: Callable[[], datetime], steady_s: Callable[[], float]) -> None:
        """``now`` is the wall clock, and ``steady_s`` that of ``Block.recorded_at``."""
        self._timeline, self._now, self._steady_s = timeline, now, steady_s
        self._began_s: float | None = None  # on the steady clock: when what is at 0 on the timeline was recorded

    def received(self, block: Block) -> None:
        """Take in when a block was recorded that the timeline has just counted."""
        if block.recorded_at is not None:
            self._began_s = block.recorded_at - self._timeline.received_s

    def missing(self, missing_from: float | None) -> None:
        """Take in since when audio has been missing, on the steady clock: the next sample should have come then."""
        if missing_from is not None:
            self._began_s = missing_from - self._timeline.received_s

    def when_recorded(self, kind: type[Kind], **values: Any) -> Kind:
        """Make an event of the time at which the audio at ``audio_s`` was recorded."""
        audio_s = self._timeline.audio_s
        waited_s = 0.0 if self._began_s is None else max(0.0, self._steady_s() - self._began_s - audio_s)
        # Relative to the clock now: it may have been set since the audio was recorded.
        return kind(time=self._now() - timedelta(seconds=waited_s), audio_s=audio_s, **values)

    def now(self, kind: type[Kind], **values: Any) -> Kind:
        """Make an event of the present time."""
        return kind(time=self._now(), audio_s=self._timeline.audio_s, **values)
