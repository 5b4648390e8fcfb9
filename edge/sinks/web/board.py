"""The page's state, kept up to date by events, and sent to everyone who reads along."""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import words
from edge.events import (
    Change,
    Event,
    HistoryTrouble,
    Prediction,
    SegmentBegun,
    SegmentCorrected,
    Sound,
    SourceLost,
    SourceRestored,
    Started,
    State,
    Stats,
    Stopped,
    Tick,
)
from edge.sinks.view import View, view_after
from edge.sinks.web.answers import message

#: Events that may wait for the server's thread; should it hang, the oldest are forgotten.
MAX_WAITING = 64
#: Messages that may wait for a reader; whoever is further behind is sent away, and comes back for the present.
MAX_UNREAD = 64
#: Readers at once.
MAX_READERS = 64
#: Seconds between two levels, at least.
LEVEL_EVERY_S = 0.2
#: What the least byte of a spectrogram stands for in dB, and bands that a picture has room for.
FLOOR_DB, MAX_BANDS = -100.0, 64
#: Seconds of sound that a page begins with.
PAST_S = 30.0
#: What makes a new message of everything.
NEWS = (
    Started,
    Prediction,
    Change,
    SegmentBegun,
    SegmentCorrected,
    HistoryTrouble,
    SourceLost,
    SourceRestored,
    Stats,
    Stopped,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The shown state and genre, and since when."""

    state: str = "warming_up"
    genre: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The pictures of some frames, as bytes; of each frame a row, the lowest band first."""

    frames_per_s: float
    log_mel: NDArray[np.uint8]
    chroma: NDArray[np.uint8]


class Board:
    """Takes events in any thread; everything else happens in the server's."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None  # lets ``take_in`` run soon in the server's thread
        self._inbox: deque[Event] = deque(maxlen=MAX_WAITING)
        self._is_woken = False
        self._view = View()
        self._shown = Shown()
        self._stats: Stats | None = None
        self._runtime = ""
        self.correctable = False  # whether there is a history in which a genre can be put right
        self._stopped = False
        self._readers: set[asyncio.Queue[bytes | None]] = set()
        self._level_due_s = 0.0
        self._past: deque[tuple[float, Drawn]] = deque()  # by when it was heard

    def put(self, event: Event) -> None:
        """Take an event; never waits."""
        self._inbox.append(event)
        if not self._is_woken:
            self._is_woken = True
            self.wake()

    def take_in(self) -> None:
        """Bring everything up to date with the events that came, and tell the readers."""
        self._is_woken = False  # first: what comes from here on wakes again
        is_news = False
        while self._inbox:
            event = self._inbox.popleft()
            self._hear(event)
            is_news = is_news or isinstance(event, NEWS)
            if isinstance(event, Tick):
                self._tell_level()
            if isinstance(event, Prediction) and event.sound is not None:
                self._tell("sound", picture(self._drawn(event.audio_s, event.sound)))
            if isinstance(event, SegmentCorrected):
                self._tell("correction", {"segment": event.segment, "corrected": event.corrected})
        if is_news and self._readers:
            self._tell("now", self.now())

    def _drawn(self, audio_s: float, sound: Sound) -> Drawn:
        """Return what is drawn of a second of sound, which is kept for whoever comes within ``PAST_S``."""
        drawn = drawn_of(sound)
        self._past.append((audio_s, drawn))
        while self._past[0][0] <= audio_s - PAST_S or self._past[0][0] > audio_s:
            self._past.popleft()
        return drawn

    def _hear(self, event: Event) -> None:
        self._view = view_after(self._view, event)
        shown = (str(self._view.state), self._view.genre)
        if self._shown.since is None or shown != (self._shown.state, self._shown.genre):
            self._shown = Shown(*shown, since=event.time)
        match event:
            case Started():
                self._runtime, self._stopped = event.runtime, False
            case Stats():
                self._stats = event
            case Stopped():
                self._stopped = True

    def now(self) -> dict[str, Any]:
        """Return the present as ``/api/now`` gives it."""
        view, stats = self._view, self._stats
        return {
            "state": str(view.state),
            "genre": view.genre,
            "shown": view.headline,
            "nearest": view.lead_style is not None,
            "beneath": [*replace(view, corrected=None).beneath],  # which has its own place
            "since": _rfc3339(self._shown.since),
            "confidence": _rounded(view.confidence),
            "provisional": view.provisional,
            "probabilities": {name: _rounded(value) for name, value in view.probabilities.items()},
            "correctable": self.correctable,
            "segment": view.segment,
            "corrected": None if view.corrected is None else words.safe(view.corrected),
            "history": view.history,
            "styles": [{"name": words.label(name), "score": _rounded(score)} for name, score in view.styles],
            "tempo_bpm": _rounded(view.tempo_bpm, 1),
            "level_dbfs": _rounded(view.level_dbfs, 1),
            "audio_s": _rounded(view.audio_s),
            "listening": bool(view.source) and not self._stopped,
            "source": {"name": view.source, "problem": view.problem},
            "model": view.model,
            "runtime": words.safe(self._runtime),
            "dropped_s": _rounded(view.dropped_s, 1),
            "gaps": 0 if stats is None else stats.gaps,
            "backlog_s": _rounded(view.backlog_s, 1),
            "update_cost_s": None if stats is None else _rounded(stats.update_cost_s, 5),
        }

    def _tell_level(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._level_due_s and self._readers and self._view.state is not State.PAUSED:
            self._level_due_s = now + LEVEL_EVERY_S
            self._tell("level", {"level_dbfs": _rounded(self._view.level_dbfs, 1)})

    def _tell(self, kind: str, value: Any) -> None:
        text = message(kind, value)
        for reader in [*self._readers]:
            if reader.full():
                self._readers.discard(reader)
                reader.get_nowait()  # makes room for the end
                reader.put_nowait(None)
            else:
                reader.put_nowait(text)

    def dismiss(self) -> None:
        """Dismiss every reader."""
        for reader in self._readers:
            if reader.full():
                reader.get_nowait()
            reader.put_nowait(None)
        self._readers.clear()

    @property
    def is_full(self) -> bool:
        """Return True if there are as many readers as there may be."""
        return len(self._readers) >= MAX_READERS

    @contextmanager
    def reader(self) -> Iterator[AsyncIterator[bytes]]:
        """Be a reader at once, and until the end of the block; yields what to send it, as server-sent events."""
        unread: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_UNREAD)
        self._readers.add(unread)
        try:
            yield self._messages(unread)
        finally:
            self._readers.discard(unread)

    async def _messages(self, unread: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        """Yield what comes for a reader; ends for one that falls behind."""
        yield b"retry: 2000\n\n" + message("now", self.now())
        past = [drawn for audio_s, drawn in self._past if audio_s > self._view.audio_s - PAST_S]
        if past:
            yield message("sound", picture(*past))
        while (text := await unread.get()) is not None:
            yield text


def drawn_of(sound: Sound) -> Drawn:
    """Return what is drawn of some frames."""
    log_mel = sound.log_mel
    step = bands_at_once(log_mel.shape[1])
    log_mel = log_mel[:, : log_mel.shape[1] // step * step].reshape(len(log_mel), -1, step).mean(axis=2)
    return Drawn(sound.frames_per_s, _as_bytes((log_mel - FLOOR_DB) * 2), _as_bytes(sound.chroma * 255))


def bands_at_once(n_bands: int) -> int:
    """Return how many bands of a spectrogram make one row of the picture."""
    return -(-n_bands // MAX_BANDS)


def picture(*drawn: Drawn) -> dict[str, Any]:
    """Return the message that pictures are drawn from, of the newest that are alike; see ``Sound`` in openapi.json."""
    last = drawn[-1]
    alike = [one for one in drawn if one.log_mel.shape[1] == last.log_mel.shape[1]]
    return {
        "frames_per_s": round(last.frames_per_s, 3),
        "bands": last.log_mel.shape[1],
        "floor_db": FLOOR_DB,
        "log_mel": _text(np.concatenate([one.log_mel for one in alike])),
        "chroma": _text(np.concatenate([one.chroma for one in alike])),
    }


def _as_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _text(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)


def _rfc3339(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
