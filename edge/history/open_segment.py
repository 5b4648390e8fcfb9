"""The current segment, while it grows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge import clock
from edge.events import Prediction, State
from edge.history.segments import Segment
from edge.history.writer import HeadInput, ModelIdentity

DRIFT = 0.001  # seconds per second, far more than the error of a sound card's clock


@dataclass
class OpenSegment:
    """The current segment."""

    id: int
    started: float  # wall clock, seconds since 1970
    state: str
    genre: str | None
    from_audio_s: float
    to_audio_s: float
    confidence_sum: float = 0.0
    n_confidences: int = 0
    tempi: Counter[int] = field(default_factory=Counter)  # by tenths of a BPM: bounded, however long it lasts
    opened: float = field(default_factory=clock.steady_s)
    is_followed: bool = False  # the audio has gone on to another answer
    has_full_window: bool = False
    is_written: bool = False  # a part of it is in the file
    head_input: HeadInput | None = None  # the numbers behind it, of the fullest window that was worth a write
    drift_s: float = 0.0  # what the wall clock makes of it beyond the audio's clock

    @property
    def duration_s(self) -> float:
        """By the audio's clock; while the source is lost, by the wall clock."""
        duration_s = self.to_audio_s - self.from_audio_s
        if self.state == State.NO_SOURCE and not self.is_followed:
            duration_s = max(duration_s, clock.steady_s() - self.opened)
        return round(duration_s + self.drift_s, 3)  # as the file keeps it

    @property
    def ended(self) -> float:
        """Wall clock."""
        return round(self.started + self.duration_s, 3)

    def follow_wall_clock(self, ended: float) -> None:
        """Move its end towards the wall clock's, by no more than clocks drift."""
        most_s = DRIFT * self.duration_s
        self.drift_s = min(max(ended - self.ended, -most_s), most_s)

    def add(self, prediction: Prediction, model: ModelIdentity | None) -> HeadInput | None:
        """Take a prediction into account; returns its head input if it should be stored.

        That is when it describes twice as much audio as the stored one, or the first full window. Later ones may
        include the next record, and memory cards wear out.
        """
        if prediction.confidence is not None:
            self.confidence_sum += prediction.confidence
            self.n_confidences += 1
        if prediction.tempo_bpm is not None:
            self.tempi[round(prediction.tempo_bpm * 10)] += 1
        if prediction.vector is None or model is None or self.has_full_window:
            return None
        if prediction.provisional and self.head_input and prediction.window_s < 2 * self.head_input.window_s:
            return None
        self.has_full_window = not prediction.provisional
        self.head_input = HeadInput(model, prediction.window_s, prediction.vector)
        return self.head_input

    def segment(self) -> Segment:
        """Return it as it is so far."""
        return Segment(
            start=datetime.fromtimestamp(self.started, UTC),
            duration_s=self.duration_s,
            state=self.state,
            genre=self.genre,
            confidence=self.confidence_sum / self.n_confidences if self.n_confidences else None,
            tempo_bpm=_median(self.tempi) / 10 if self.tempi else None,
        )


def _median(counts: Counter[int]) -> int:
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if 2 * seen >= counts.total():
            return value
    raise ValueError("median of nothing")
