"""Events as plain lines for people, without a terminal to draw on."""

from __future__ import annotations

from typing import TextIO

from edge import words
from edge.events import (
    Change,
    Event,
    Gap,
    HistoryTrouble,
    Prediction,
    SegmentCorrected,
    SourceLost,
    SourceRestored,
    Started,
    Stopped,
)


class Lines:
    """Sink that writes one line for each event that is relevant to people."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Write one line, or none."""
        text = self._text(event)
        if text:
            self._stream.write(f"{words.clock(event.audio_s)}  {text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing to do: each line was flushed."""

    def _text(self, event: Event) -> str | None:  # noqa: PLR0911 - one for each kind of event
        match event:
            case Started():
                return words.safe(f"listening to {event.source}, model {event.model} on {event.runtime}")
            case Change():
                return f"now: {words.shown(event.state, event.genre)}"
            case Prediction():
                return _prediction(event)
            case SegmentCorrected():
                return words.correction(event.start, event.state, event.genre, event.corrected)
            case HistoryTrouble():
                return words.history(event.problem, event.begun_anew) or "history written again"
            case Gap():
                return f"{event.lost_s:.1f} s of audio are missing: {words.safe(event.reason)}"
            case SourceLost():
                what = "is stalled" if event.stalled else "is lost"
                return words.safe(f"{event.source} {what}: {event.reason}; trying again")
            case SourceRestored():
                return f"{words.safe(event.source)} is back after {event.away_s:.0f} s"
            case Stopped():
                return words.safe(event.reason)
        return None


def _prediction(event: Prediction) -> str:
    shown = words.shown(event.state, event.genre)
    if event.nearest and event.genre is not None:
        shown = f"({shown})"  # the nearest genre that the model knows; the styles say more
    confidence = "" if event.confidence is None else f" {event.confidence:.0%}"
    tempo, level = words.tempo(event.tempo_bpm), words.level(event.level_dbfs)
    return f"{shown + confidence:24}{tempo:>9}  {level:9}  {words.styles(event.styles or {})}".rstrip()
