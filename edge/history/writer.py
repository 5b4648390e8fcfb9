"""Writing a history: one process at a time, a transaction for each write."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.history.connection import Recording
from edge.history.database import FOLDER_MODE, transaction
from edge.history.recording_lock import RecordingLock
from edge.history.segments import Segment, to_ms
from edge.history.watch import Watch

_UPSERT = """
INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    start_ms = excluded.start_ms, duration_ms = excluded.duration_ms,
    confidence = excluded.confidence, tempo_bpm = excluded.tempo_bpm
"""
_FORGET_INPUTS = """
DELETE FROM heard WHERE segment_id NOT IN (SELECT segment_id FROM heard ORDER BY segment_id DESC LIMIT ?)
    AND segment_id NOT IN (SELECT segment_id FROM corrections)
"""
#: Segments whose head inputs are kept for learning: a busy day, 4 MB with a thousand numbers.
KEEP_INPUTS = 256


def new_id(now_s: float) -> int:
    """Return an id for a segment that begins now (seconds since 1970): in order of time.

    The writer chooses it, not SQLite, so that repeating a write after an ambiguous failure changes nothing.
    """
    return (round(now_s * 1000) << 15) + random.getrandbits(15)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The model that recorded: its name, the numbers that its head takes, and its labels."""

    name: str
    inputs: str  # digest of what the numbers are
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeadInput:
    """The head's input for a segment, of which the model's answer was computed."""

    model: ModelIdentity
    window_s: float  # of audio that they describe
    vector: bytes  # float32, little-endian


class HistoryWriter:
    """An open history file. SQLite's exceptions are passed on to the caller."""

    def __init__(self, path: Path, busy_timeout_s: float = 0.25) -> None:
        """Open or create ``path``.

        A file that is no history, a newer one, or one that another process records into is a ``HistoryError``.
        """
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self._lock = RecordingLock(path)
        try:
            self._recording = Recording(path, busy_timeout_s)
        except BaseException:
            self._lock.release()
            raise
        try:
            self.watch = Watch(self._recording)
        except BaseException:
            self.close()
            raise

    def is_in_place(self) -> bool:
        """True until the file or its log is moved, removed or replaced.

        ``HistoryError`` if another process records there meanwhile.
        """
        if not self._recording.is_in_place():
            return False
        self._lock.renew()
        return True

    def newest_id(self) -> int:
        """Return the id of the segment that was begun last, 0 if there is none."""
        with self._recording.connection() as connection:
            newest = connection.execute("SELECT max(id) FROM segments").fetchone()[0]
        return 0 if newest is None else int(newest)

    def newest_end_s(self) -> float | None:
        """Return when the segment that was begun last ended, in seconds since 1970; None if there is none."""
        query = "SELECT (start_ms + duration_ms) / 1000.0 FROM segments ORDER BY id DESC LIMIT 1"
        with self._recording.connection() as connection:
            newest = connection.execute(query).fetchone()
        return None if newest is None else float(newest[0])

    def write(
        self,
        segments: Mapping[int, Segment],
        inputs: Mapping[int, HeadInput] | None = None,
        *,
        moved_s: float = 0.0,
        moved_from: int = 0,
    ) -> None:
        """Write segments, and the head's inputs, by their ids in one transaction; rows that are there are updated.

        Before that, the start of those there with an id of ``moved_from`` or above moves by ``moved_s`` seconds.
        Inputs stay for the newest ``KEEP_INPUTS`` segments, and for those that somebody corrected.
        """
        with self._recording.connection() as connection, transaction(connection):
            if moved_s:
                move = "UPDATE segments SET start_ms = start_ms + ? WHERE id >= ?"
                connection.execute(move, (round(moved_s * 1000), moved_from))
            connection.executemany(_UPSERT, [_row(*item) for item in segments.items()])
            for segment_id, numbers in (inputs or {}).items():
                values = (segment_id, _id_of(connection, numbers.model), numbers.window_s, numbers.vector)
                connection.execute("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?)", values)
            if inputs:
                connection.execute(_FORGET_INPUTS, (KEEP_INPUTS,))

    def forget_older_than(self, keep: timedelta) -> int:
        """Delete the segments that began longer than ``keep`` ago; returns how many.

        The age is relative to the newest segment if the clock is later: a clock that is years ahead must not empty the
        file.
        """
        with self._recording.connection() as connection:
            newest_ms = connection.execute("SELECT max(start_ms) FROM segments").fetchone()[0]
            if newest_ms is None:
                return 0
            cutoff_ms = min(to_ms(datetime.now(UTC)), newest_ms) - keep // timedelta(milliseconds=1)
            with transaction(connection):
                n_forgotten = connection.execute("DELETE FROM segments WHERE start_ms < ?", (cutoff_ms,)).rowcount
                for table in ("heard", "corrections"):
                    connection.execute(f"DELETE FROM {table} WHERE segment_id NOT IN (SELECT id FROM segments)")
        return int(n_forgotten)

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        try:
            self._recording.close()
        finally:
            self._lock.release()


def _id_of(connection: sqlite3.Connection, model: ModelIdentity) -> int:
    values = (model.name, model.inputs, json.dumps(model.labels))
    connection.execute("INSERT OR IGNORE INTO models (name, inputs, labels) VALUES (?, ?, ?)", values)
    query = "SELECT id FROM models WHERE (name, inputs, labels) = (?, ?, ?)"
    return int(connection.execute(query, values).fetchone()[0])


def _row(row_id: int, segment: Segment) -> tuple[object, ...]:
    return (
        row_id,
        to_ms(segment.start),
        round(segment.duration_s * 1000),
        segment.state,
        segment.genre,
        None if segment.confidence is None else round(segment.confidence, 3),
        None if segment.tempo_bpm is None else round(segment.tempo_bpm, 1),
    )
