"""Joins events into segments and stores them in the history file, surviving disk failures.

The open segment is rewritten every few seconds, so a killed program loses no more than that. While the file cannot be
written (disk full, read-only, locked, removed) segments are kept in a bounded buffer, and writing is retried until it
succeeds. A damaged file is set aside and a new one begun.

The segments of one run never overlap: each begins where the one before ended, unless more time has passed on the wall
clock. A sound card's clock and the wall clock drift apart, so durations, which are the audio's, are adjusted slightly.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge import clock
from edge.errors import HistoryError
from edge.events import (
    Change,
    Event,
    HistoryTrouble,
    Prediction,
    SegmentBegun,
    SegmentCorrected,
    Started,
    State,
    Stopped,
)
from edge.history.connection import set_aside
from edge.history.corrections import JUDGED, Corrected
from edge.history.database import DAMAGED
from edge.history.open_segment import OpenSegment
from edge.history.segments import Segment
from edge.history.writer import HeadInput, HistoryWriter, ModelIdentity, new_id

log = logging.getLogger(__name__)

MAX_WAITING = 1000  # segments kept in memory while the file cannot be written: days of ordinary listening
MAX_INPUTS_WAITING = 32  # segments whose numbers wait with them: up to 16 KB each
MAX_RETRY_S = 60.0
LOOK_EVERY_S = 1.0  # seconds between checks for a displaced file and for corrections by other processes
CLOCK_STEP_S = 1.0  # a difference between the clocks beyond jitter: the wall clock was set
AHEAD_S = 60.0  # largest plausible lead of the file's newest segment over the clock
DAY_S = 86_400.0


def _clock_offset() -> float:
    return time.time() - clock.steady_s()


class HistorySink:
    """Callable that takes every event and keeps the history file up to date.

    ``failures`` counts attempts to write that failed, ``forgotten`` the segments that no longer fitted into the
    buffer meanwhile, ``problem`` is what is wrong now, in words, or None. ``begun_anew`` is when the file was last
    found moved, removed or replaced, and a new one begun.
    """

    def __init__(self, path: Path, *, checkpoint_s: float = 5.0, retention_days: float = 0.0) -> None:
        """Open ``path``; 0 days keep everything.

        A file that belongs to another program or a newer one, or that another process records into, is a
        ``HistoryError``. Other errors may be temporary and are retried.
        """
        self.failures = 0
        self.forgotten = 0
        self.problem: str | None = None
        self.begun_anew: datetime | None = None
        self._path = path
        self._checkpoint_s = checkpoint_s
        self._keep = timedelta(days=retention_days)
        self._open: OpenSegment | None = None
        self._last_id = 0
        self._first_id: int | None = None  # of this run
        self._ended: float | None = None  # wall clock: when the last segment did
        self._moved_s = 0.0  # by which the clock was set since, and this run's segments in the file were not yet
        self._waiting: dict[int, Segment] = {}
        self._model: ModelIdentity | None = None
        self._inputs: dict[int, HeadInput] = {}  # by segment, waiting as well
        self._writer: HistoryWriter | None = None
        self._clock_offset = _clock_offset()
        self._next_write = self._next_cleaning = time.monotonic()
        self._reports = clock.Throttle()
        self._next_look = 0.0
        self._retry_s = checkpoint_s
        self._audio_s = 0.0
        self._told_segment: int | None = None
        self._told_trouble: tuple[str | None, datetime | None] = (None, None)
        self._write_or_wait(refuse=True)

    def __call__(self, event: Event) -> None:
        """Take an event into account; writes when a checkpoint is due."""
        self._audio_s = event.audio_s
        if isinstance(event, Started | Stopped):
            self._end_segment(event.audio_s if isinstance(event, Stopped) else None)
            if isinstance(event, Started):
                self._model = ModelIdentity(event.model, event.inputs, event.labels)
        elif isinstance(event, Prediction | Change):
            self._continue_with(event)
        elif self._open is not None:
            self._open.to_audio_s = max(self._open.to_audio_s, event.audio_s)
        if isinstance(event, Stopped) or time.monotonic() >= self._next_write or self._must_write_now():
            self._write_or_wait()

    def news(self) -> list[Event]:
        """Return the events for other sinks since the last call; called after each event."""
        told: list[Event] = []
        now, trouble, current = datetime.now(UTC), (self.problem, self.begun_anew), self._open
        if trouble != self._told_trouble:
            self._told_trouble = trouble
            told.append(HistoryTrouble(time=now, audio_s=self._audio_s, problem=trouble[0], begun_anew=trouble[1]))
        if self._writer is None or self.problem is not None:
            return told
        try:
            corrected = self._writer.watch.look()
        except (sqlite3.Error, OSError):  # the next write will report it
            return told
        if current is not None and current.id != self._told_segment and current.state in JUDGED:
            self._told_segment = current.id
            label = self._writer.watch.label_of(current.id)
            told.append(SegmentBegun(time=now, audio_s=self._audio_s, segment=str(current.id), corrected=label))
        return told + [_correction(one, now, self._audio_s) for one in corrected]

    def _must_write_now(self) -> bool:
        return self._has_unknown_answer() or self._is_displaced()

    def _is_displaced(self) -> bool:
        """Return True if the file was no longer in place at the last look."""
        now = time.monotonic()
        if self._writer is None or now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_S
        try:
            return not self._writer.is_in_place()
        except OSError:  # writing will report it
            return True

    def _has_unknown_answer(self) -> bool:
        """Return True if the file lacks an answer that is shown, which a correction needs."""
        current = self._open
        return self.problem is None and current is not None and not current.is_written and current.duration_s > 0

    def _continue_with(self, event: Prediction | Change) -> None:
        if event.state is State.PAUSED:  # nothing may be recorded while paused
            self._end_segment(event.audio_s)
            return
        current = self._open
        if current is None or (current.state, current.genre) != (event.state, event.genre):
            if current is not None:
                current.is_followed = True
            current = self._open = self._begin_segment(event)
        current.to_audio_s = max(current.to_audio_s, event.audio_s)
        if isinstance(event, Prediction):
            head_input = current.add(event, self._model)
            if head_input is not None:
                self._inputs[current.id] = head_input
                while len(self._inputs) > MAX_INPUTS_WAITING:
                    del self._inputs[next(iter(self._inputs))]

    def _begin_segment(self, event: Prediction | Change) -> OpenSegment:
        began = round(event.time.timestamp(), 3)
        self._end_segment(event.audio_s, began)
        self._last_id = max(new_id(began), self._last_id + 1)
        self._first_id = self._first_id or self._last_id
        touches = self._ended is not None and began - self._ended <= CLOCK_STEP_S
        started = self._ended if touches and self._ended is not None else began
        return OpenSegment(self._last_id, started, str(event.state), event.genre, event.audio_s, event.audio_s)

    def _end_segment(self, audio_s: float | None, followed: float | None = None) -> None:
        """End the open segment at ``audio_s``; ``followed`` is the wall clock when the next one began."""
        self._follow_clock()
        ended, self._open = self._open, None
        if ended is None:
            return
        if audio_s is not None:
            ended.to_audio_s = max(ended.to_audio_s, audio_s)
        if ended.duration_s > 0 or ended.is_written:
            if followed is not None and abs(followed - ended.ended) <= CLOCK_STEP_S:
                ended.follow_wall_clock(followed)
            self._ended = ended.ended
            self._waiting[ended.id] = ended.segment()
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.forgotten += 1

    def _follow_clock(self) -> None:
        """Follow the clock's newest setting: a Pi has no battery-backed clock and gets the time after booting."""
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
        for _ in range(2):
            writer = self._opened()
            inputs = {row_id: numbers for row_id, numbers in self._inputs.items() if row_id in rows}
            writer.write(rows, inputs, moved_s=self._moved_s, moved_from=self._first_id or 0)
            self._moved_s = 0.0
            if writer.is_in_place():
                break
        else:
            raise HistoryError(f"{self._path}: is moved, removed or replaced again and again")
        for row_id in inputs:
            del self._inputs[row_id]

    def _opened(self) -> HistoryWriter:
        if self._writer is not None and not self._writer.is_in_place():
            self._close_writer()
            self._begin_anew()
        if self._writer is None:
            self._writer = HistoryWriter(self._path)
            self._last_id = max(self._last_id, self._writer.newest_id())
            before = self._writer.newest_end_s()
            if self._first_id is None and before is not None and before - time.time() < AHEAD_S:
                self._ended = before  # of a process that has just ended, say
        return self._writer

    def _begin_anew(self) -> None:
        words = "history %s or what belongs to it was moved, removed or replaced: begun anew with what is in memory"
        log.warning(words, self._path)
        self.begun_anew, self._told_segment = datetime.now(UTC), None
        if self._open is not None and self._open.head_input is not None:
            self._inputs[self._open.id] = self._open.head_input

    def _clean(self) -> None:
        if self._keep and self._writer is not None and time.monotonic() >= self._next_cleaning:
            self._writer.forget_older_than(self._keep)
            self._next_cleaning = time.monotonic() + DAY_S

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if self._reports.is_due():
            log.warning(
                "history %s cannot be written: %s; listening goes on, %d segments wait, %d forgotten, retry in %.0f s",
                *(self._path, self.problem, len(self._waiting), self.forgotten, self._retry_s),
            )
        self._next_write = time.monotonic() + self._retry_s
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
        """Write the rest and close the file; what cannot be written now is lost, and logged."""
        self._end_segment(None)
        self._reports.reset()
        self._write_or_wait()
        self._close_writer()


def _correction(corrected: Corrected, now: datetime, audio_s: float) -> SegmentCorrected:
    segment = corrected.segment
    return SegmentCorrected(
        time=now,
        audio_s=audio_s,
        segment=str(corrected.segment_id),
        start=segment.start,
        state=State(segment.state),
        genre=segment.genre,
        corrected=segment.corrected,
    )
