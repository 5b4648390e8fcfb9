"""Joins events into segments and keeps them in the history file, whatever happens to the disk.

The segment that is still open is written again every few seconds, so a killed program loses no more than that. While
the file cannot be written (disk full, read-only, locked, removed) segments wait in a bounded buffer, and writing is
tried again until it succeeds. A damaged file is set aside and a new one begun.

The segments of one run touch or leave a hole, and never overlap: each begins where the one before ended, unless more
time has passed on the wall clock. A sound card's clock and the wall clock drift apart, so durations, which are the
audio's, give way by a little.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge import clock
from edge.errors import HistoryError
from edge.events import Change, Event, Prediction, Started, State, Stopped
from edge.history.database import DAMAGED, set_aside
from edge.history.segments import Segment
from edge.history.writer import Heard, HeardBy, HistoryWriter, new_id

log = logging.getLogger(__name__)

MAX_WAITING = 1000  # segments kept in memory while the file cannot be written: days of ordinary listening
MAX_HEARD_WAITING = 32  # segments whose numbers wait with them: up to 16 KB each
MAX_RETRY_S = 60.0
REPORT_EVERY_S = 600.0  # how often a failure that lasts is logged
CLOCK_STEP_S = 1.0  # a difference between the clocks that is no jitter: somebody set the wall clock
AHEAD_S = 60.0  # how far the file's newest segment may be ahead of the clock and be believed
DRIFT = 0.001  # of a second a second: far more than a sound card's clock is wrong by
DAY_S = 86_400.0


def _clock_offset() -> float:
    return time.time() - clock.steady_s()


@dataclass
class _Open:
    """The segment that is being heard."""

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
    is_written: bool = False  # it is in the file, however much of it
    heard: Heard | None = None  # the numbers behind it, of the fullest window that was worth a write
    drift_s: float = 0.0  # what the wall clock makes of it beyond the audio's clock

    @property
    def duration_s(self) -> float:
        """By the audio's clock; a source that is lost has none until it is back, so till then by ours."""
        duration_s = self.to_audio_s - self.from_audio_s
        if self.state == State.NO_SOURCE and not self.is_followed:
            duration_s = max(duration_s, clock.steady_s() - self.opened)
        return round(duration_s + self.drift_s, 3)  # as the file keeps it

    @property
    def ended(self) -> float:
        """Wall clock."""
        return round(self.started + self.duration_s, 3)

    def follow_wall_clock(self, ended: float) -> None:
        """Let it end by the wall clock, as far as clocks drift."""
        most_s = DRIFT * self.duration_s
        self.drift_s = min(max(ended - self.ended, -most_s), most_s)

    def hear(self, prediction: Prediction, model: HeardBy | None) -> Heard | None:
        """Take a prediction into account; returns the numbers behind it if they should be kept.

        They should when they describe twice as much audio as those kept, or a full window for the first time. Later
        ones might describe the next record already, and a memory card bears only so many writes.
        """
        if prediction.confidence is not None:
            self.confidence_sum += prediction.confidence
            self.n_confidences += 1
        if prediction.tempo_bpm is not None:
            self.tempi[round(prediction.tempo_bpm * 10)] += 1
        if prediction.vector is None or model is None or self.has_full_window:
            return None
        if prediction.provisional and self.heard and prediction.window_s < 2 * self.heard.window_s:
            return None
        self.has_full_window = not prediction.provisional
        self.heard = Heard(model, prediction.window_s, prediction.vector)
        return self.heard

    def segment(self) -> Segment:
        return Segment(
            start=datetime.fromtimestamp(self.started, UTC),
            duration_s=self.duration_s,
            state=self.state,
            genre=self.genre,
            confidence=self.confidence_sum / self.n_confidences if self.n_confidences else None,
            tempo_bpm=_median(self.tempi) / 10 if self.tempi else None,
        )


class HistorySink:
    """Callable that takes every event and keeps the history file up to date.

    ``failures`` counts attempts to write that failed, ``forgotten`` the segments that no longer fitted into the
    buffer meanwhile, ``problem`` is what is wrong now, in words, or None.
    """

    def __init__(self, path: Path, *, checkpoint_s: float = 5.0, retention_days: float = 0.0) -> None:
        """Open ``path``; 0 days keep everything.

        A file that belongs to another program or a newer one, or that another process records into, is a
        ``HistoryError``. Anything else that is wrong may pass, and is tried again.
        """
        self.failures = 0
        self.forgotten = 0
        self.problem: str | None = None
        self._path = path
        self._checkpoint_s = checkpoint_s
        self._keep = timedelta(days=retention_days)
        self._open: _Open | None = None
        self._last_id = 0
        self._first_id: int | None = None  # of this run
        self._ended: float | None = None  # wall clock: when the last segment did
        self._moved_s = 0.0  # by which the clock was set since, and this run's segments in the file were not yet
        self._waiting: dict[int, Segment] = {}
        self._model: HeardBy | None = None
        self._heard: dict[int, Heard] = {}  # by segment, waiting as well
        self._writer: HistoryWriter | None = None
        self._clock_offset = _clock_offset()
        self._next_write = self._next_cleaning = self._next_report = time.monotonic()
        self._retry_s = checkpoint_s
        self._write_or_wait(refuse=True)

    def __call__(self, event: Event) -> None:
        """Take an event into account; writes when a checkpoint is due."""
        if isinstance(event, Started | Stopped):
            self._end_segment(event.audio_s if isinstance(event, Stopped) else None)
            if isinstance(event, Started):
                self._model = HeardBy(event.model, event.inputs, event.labels)
        elif isinstance(event, Prediction | Change):
            self._continue_with(event)
        elif self._open is not None:
            self._open.to_audio_s = max(self._open.to_audio_s, event.audio_s)
        if isinstance(event, Stopped) or time.monotonic() >= self._next_write or self._has_news():
            self._write_or_wait()

    def _has_news(self) -> bool:
        """Whether an answer is heard that the file does not know of: whoever corrects it looks there."""
        current = self._open
        return self.problem is None and current is not None and not current.is_written and current.duration_s > 0

    def _continue_with(self, event: Prediction | Change) -> None:
        current = self._open
        if current is None or (current.state, current.genre) != (event.state, event.genre):
            if current is not None:
                current.is_followed = True
            current = self._open = self._begin_segment(event)
        current.to_audio_s = max(current.to_audio_s, event.audio_s)
        if isinstance(event, Prediction):
            heard = current.hear(event, self._model)
            if heard is not None:
                self._heard[current.id] = heard
                while len(self._heard) > MAX_HEARD_WAITING:
                    del self._heard[next(iter(self._heard))]

    def _begin_segment(self, event: Prediction | Change) -> _Open:
        heard = round(event.time.timestamp(), 3)
        self._end_segment(event.audio_s, heard)
        self._last_id = max(new_id(heard), self._last_id + 1)
        self._first_id = self._first_id or self._last_id
        touches = self._ended is not None and heard - self._ended <= CLOCK_STEP_S
        started = self._ended if touches and self._ended is not None else heard
        return _Open(self._last_id, started, str(event.state), event.genre, event.audio_s, event.audio_s)

    def _end_segment(self, audio_s: float | None, followed: float | None = None) -> None:
        """End the open segment at ``audio_s``; ``followed`` is the wall clock when the next one was heard to begin."""
        self._follow_clock()
        ended, self._open = self._open, None
        if ended is None:
            return
        if audio_s is not None:
            ended.to_audio_s = max(ended.to_audio_s, audio_s)
        if ended.duration_s > 0:
            if followed is not None and abs(followed - ended.ended) <= CLOCK_STEP_S:
                ended.follow_wall_clock(followed)
            self._ended = ended.ended
            self._waiting[ended.id] = ended.segment()
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.forgotten += 1

    def _follow_clock(self) -> None:
        """Believe the clock's newest setting: a Pi has no battery clock and learns the time after it has booted."""
        offset = _clock_offset()
        step = round(offset - self._clock_offset, 3)
        if abs(step) <= CLOCK_STEP_S:
            return
        self._clock_offset = offset
        self._moved_s += step
        for row_id, segment in self._waiting.items():
            self._waiting[row_id] = replace(segment, start=segment.start + timedelta(seconds=step))
        if self._open is not None:
            self._open.started = round(self._open.started + step, 3)
        if self._ended is not None:
            self._ended = round(self._ended + step, 3)

    def _write_or_wait(self, refuse: bool = False) -> None:
        try:
            self._write()
        except (sqlite3.Error, OSError) as error:
            self._close_writer()
            if refuse and isinstance(error, HistoryError):
                raise
            self._failed(error)
        else:
            self._succeeded()

    def _write(self) -> None:
        self._follow_clock()
        rows, current = dict(self._waiting), self._open
        if current is not None and current.duration_s > 0:
            rows[current.id] = current.segment()
        try:
            self._put(rows)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
                raise
            self._close_writer()
            aside = set_aside(self._path)
            log.error("history %s was damaged (%s): kept as %s, a new one begins", self._path, error, aside.name)
            self._put(rows)
        if current is not None:
            current.is_written = current.id in rows
        self._clean()

    def _put(self, rows: dict[int, Segment]) -> None:
        writer = self._opened()
        heard = {row_id: numbers for row_id, numbers in self._heard.items() if row_id in rows}
        writer.write(rows, heard, moved_s=self._moved_s, moved_from=self._first_id or 0)
        self._moved_s = 0.0
        for row_id in heard:
            del self._heard[row_id]

    def _opened(self) -> HistoryWriter:
        if self._writer is not None and not self._writer.is_in_place():
            self._close_writer()
        if self._writer is None:
            self._writer = HistoryWriter(self._path)
            self._last_id = max(self._last_id, self._writer.newest_id())
            before = self._writer.newest_end_s()
            if self._first_id is None and before is not None and before - time.time() < AHEAD_S:
                self._ended = before  # of a process that has just ended, say
        return self._writer

    def _clean(self) -> None:
        if self._keep and self._writer is not None and time.monotonic() >= self._next_cleaning:
            self._writer.forget_older_than(self._keep)
            self._next_cleaning = time.monotonic() + DAY_S

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        now = time.monotonic()
        if now >= self._next_report:
            log.warning(
                "history %s cannot be written: %s; listening goes on, %d segments wait, %d forgotten, retry in %.0f s",
                *(self._path, self.problem, len(self._waiting), self.forgotten, self._retry_s),
            )
            self._next_report = now + REPORT_EVERY_S
        self._next_write = now + self._retry_s
        self._retry_s = min(2 * self._retry_s, MAX_RETRY_S)

    def _succeeded(self) -> None:
        if self.problem is not None:
            log.warning("history %s is written again (%d failures so far)", self._path, self.failures)
        self.problem = None
        self._waiting.clear()
        self._retry_s = self._checkpoint_s
        self._next_write = time.monotonic() + self._checkpoint_s

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(sqlite3.Error):  # on a disk that is gone
                writer.close()

    def close(self) -> None:
        """Write what is left and close the file; what cannot be written now is lost, and logged."""
        self._end_segment(None)
        self._next_report = 0.0
        self._write_or_wait()
        self._close_writer()


def _median(counts: Counter[int]) -> int:
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if 2 * seen >= counts.total():
            return value
    raise ValueError("median of nothing")
