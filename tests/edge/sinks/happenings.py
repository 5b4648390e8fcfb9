"""Sample events for the tests of faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from edge.events import Change, Event, Prediction, SourceLost, SourceRestored, Started, State, Stats, Tick
from edge.sinks.history import HistorySink
from tests.edge.pulse import wait_until

LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock", "no_music")
#: What an evening of techno sounds like to a listener.
STYLES = {"Techno": 0.31, "House music": 0.22}
_seconds = count()


def started(source: str = "USB Mic", labels: tuple[str, ...] = LABELS) -> Event:
    """Listening begins."""
    return Started(**_when(), source=source, model="timbre", runtime="tflite-runtime", window_s=30.0, labels=labels)


def prediction(genre: str | None, state: State = State.MUSIC, labels: tuple[str, ...] = LABELS, **other: Any) -> Event:
    """One second of a genre, or of another state."""
    heard = state is State.MUSIC
    values: dict[str, Any] = {
        "state": state,
        "genre": genre,
        "confidence": 0.62 if heard else None,
        "probabilities": {label: 0.6 if label == genre else 0.04 for label in labels} if heard else None,
        "tempo_bpm": 112.4 if heard else None,
        "level_dbfs": -18.04,
        "window_s": 30.0,
        "provisional": False,
    }
    return Prediction(**_when(), **{**values, **other})


def change(genre: str | None, previous: str | None = None, state: State = State.MUSIC) -> Event:
    """Another genre is shown from now on."""
    return Change(
        **_when(),
        state=state,
        genre=genre,
        previous_state=State.MUSIC if previous else State.WARMING_UP,
        previous_genre=previous,
        confidence=0.62,
        tempo_bpm=112.4,
    )


def tick(level_dbfs: float | None = -18.0) -> Event:
    """The level, several times a second."""
    return Tick(**_when(), level_dbfs=level_dbfs, backlog_s=0.0)


def lost(reason: str = "unplugged") -> Event:
    """The microphone goes away."""
    return SourceLost(**_when(), source="USB Mic", stalled=False, reason=reason)


def restored() -> Event:
    """And comes back."""
    return SourceRestored(**_when(), source="USB Mic", away_s=3.0)


def stats(**other: Any) -> Event:
    """The counters."""
    values = {"updates": 60, "gaps": 1, "dropped_s": 1.5, "backlog_s": 0.0, "interval_s": 1.0, "update_cost_s": 0.004}
    return Stats(**_when(), **{**values, **other})


def recorded(file: Path) -> Path:
    """Write a history of the last ten seconds, in which rock was heard."""
    sink = HistorySink(file, checkpoint_s=0.0)
    sink(replace(started(), inputs="digest"))  # type: ignore[call-arg]
    for second in range(11):
        event = prediction("rock", vector=bytes(8))
        sink(replace(event, time=datetime.now(UTC) - timedelta(seconds=10 - second), audio_s=float(second)))
    sink.close()
    return file


def _when() -> dict[str, Any]:
    return {"time": datetime.now(UTC), "audio_s": float(next(_seconds))}


class Room:
    """Something that is heard and recorded second by second while faces show it, as listening hands events on."""

    def __init__(self, file: Path, *faces: Callable[[Event], None]) -> None:
        self.history = HistorySink(file, checkpoint_s=0.0)
        self._faces = faces
        self._began, self._audio_s = datetime.now(UTC) - timedelta(minutes=5), 0.0
        self._genre: str | None = None
        self._tell(replace(started(), inputs="digest"))  # type: ignore[call-arg]

    def hears(self, genre: str, n_seconds: int = 10) -> None:
        """Let a genre be heard."""
        if genre != self._genre:
            self._tell(change(genre, self._genre))
            self._genre = genre
        for _ in range(n_seconds):
            self._audio_s += 1
            self._tell(prediction(genre, vector=bytes(8)))

    def is_told(self, holds: Callable[[], object], what: str) -> None:
        """Let events come, as they do while listening, until it is so."""
        wait_until(lambda: (self._tell(tick()), holds())[1], 60, what)

    def _tell(self, event: Event) -> None:
        event = replace(event, audio_s=self._audio_s, time=self._began + timedelta(seconds=self._audio_s))
        self.history(event)
        for one in (event, *self.history.news()):
            for face in self._faces:
                face(one)
