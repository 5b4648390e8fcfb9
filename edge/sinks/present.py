"""The present state, for a sink that is opened while listening: the events that describe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge.events import (
    Change,
    Event,
    HistoryTrouble,
    Prediction,
    SegmentBegun,
    SegmentCorrected,
    SourceLost,
    SourceRestored,
    Started,
    State,
    Stats,
    Stopped,
)

#: Kinds of events that a later event of one kind invalidates, beside its own.
_ENDS: dict[type[Event], tuple[type[Event], ...]] = {
    Started: (Change, Prediction, SegmentBegun, SourceLost, Stats, Stopped),
    Change: (SegmentBegun,),
    SegmentBegun: (),
    HistoryTrouble: (),
    Prediction: (),
    SourceLost: (Prediction,),
    SourceRestored: (SourceLost,),
    Stats: (),
    Stopped: (),
}


class Present:
    """Sink that remembers the events that are still valid."""

    def __init__(self) -> None:
        self._held: dict[type[Event], Event] = {}  # in the order in which they came
        self._newest: Event | None = None

    def __call__(self, event: Event) -> None:
        """Take one event, in order, before any sink that may be opened by it."""
        self._newest = event
        kind = type(event)
        begun = self._held.get(SegmentBegun)
        if isinstance(event, SegmentCorrected) and isinstance(begun, SegmentBegun) and begun.segment == event.segment:
            self._held[SegmentBegun] = replace(begun, corrected=event.corrected)
        if isinstance(event, Change) and event.state is State.PAUSED:
            for untrue in (SourceLost, Prediction):
                self._held.pop(untrue, None)
        if kind in _ENDS:
            for ended in (kind, *_ENDS[kind]):
                self._held.pop(ended, None)
            if kind is not SourceRestored:
                self._held[kind] = event

    def close(self) -> None:
        """Nothing to release."""

    def events(self) -> list[Event]:
        """Return the events that a new sink needs, in their order."""
        return [*self._held.values()]

    def from_now_on(self) -> Iterator[Event]:
        """Yield the same with the present time, for a sink that records times."""
        newest = self._newest
        for event in self.events() if newest else ():
            if newest is not None and not isinstance(event, Stopped):
                yield replace(event, time=newest.time, audio_s=newest.audio_s)
