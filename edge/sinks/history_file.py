"""What was heard, kept in one SQLite file: a row for each stretch of time with one answer.

A row is a *segment*: it began at a moment of the wall clock and lasted for a number of seconds of the audio's own
clock. The end is never stored, so a wall clock that is put right meanwhile cannot make a segment longer or negative.
Here are the file's layout, its writer and its readers; when to write is decided in ``edge.sinks.history``.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from edge.errors import HistoryError

#: Layout of the file, in SQLite's ``user_version``; a file with a higher number was made by a newer program.
SCHEMA = 1
#: SQLite's ``application_id``: tells our file from another program's ("lvgn" in ASCII).
APPLICATION_ID = 0x6C76676E
#: What SQLite reports for a file that is damaged or was never a database.
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_CREATE = """
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,      -- see new_id()
    start_ms INTEGER NOT NULL,   -- UTC, milliseconds since 1970
    duration_ms INTEGER NOT NULL,
    state TEXT NOT NULL,         -- music, silence, no_music, unsure, no_source, warming_up
    genre TEXT,                  -- with the state music alone
    confidence REAL,             -- mean over the segment, 0..1
    tempo_bpm REAL               -- median over the segment
)
"""
_UPSERT = """
INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    start_ms = excluded.start_ms, duration_ms = excluded.duration_ms,
    confidence = excluded.confidence, tempo_bpm = excluded.tempo_bpm
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time with one answer."""

    start: datetime  # with a time zone
    duration_s: float
    state: str  # an ``edge.events.State``
    genre: str | None = None
    confidence: float | None = None  # mean, 0..1
    tempo_bpm: float | None = None  # median

    @property
    def end(self) -> datetime:
        """When it ended."""
        return self.start + timedelta(seconds=self.duration_s)

    @property
    def label(self) -> str:
        """The genre, or the state where there is none."""
        return self.genre or self.state

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; times are RFC 3339 in UTC."""
        return {
            "start": rfc3339(self.start),
            "end": rfc3339(self.end),
            "duration_s": round(self.duration_s, 3),
            "state": self.state,
            "genre": self.genre,
            "confidence": self.confidence,
            "tempo_bpm": self.tempo_bpm,
        }


def new_id(now_s: float) -> int:
    """Return an id for a segment that begins now (seconds since 1970): in order of time, and nobody else's.

    The writer chooses it, not SQLite: a write that is repeated after a doubtful failure then changes nothing, and two
    programs can write to one file.
    """
    return (round(now_s * 1000) << 15) + random.getrandbits(15)


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def own_file() -> Path:
    """Return where to write by default: the service's state directory, or that of the person who runs the program."""
    service = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]  # set by systemd
    if service:
        return Path(service) / "history.db"
    state_home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state_home) / "livegenre" / "history.db"


class HistoryWriter:
    """An open history file. Whatever SQLite raises comes out as it is: what to do about it is the caller's to say."""

    def __init__(self, path: Path, busy_timeout_s: float = 0.25) -> None:
        """Open or create ``path``. A file that is no history, or a newer one, is a ``HistoryError``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(path)
            self._identity = _identity(path)
        except BaseException:
            self._connection.close()
            raise
        self._path = path

    def _prepare(self, path: Path) -> None:
        run = self._connection.execute
        if run("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            damage = sqlite3.DatabaseError("quick_check found damage")
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage
        is_new = run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if not is_new:
            _require_ours(self._connection, path)
        run("PRAGMA journal_mode = WAL")
        # With WAL a killed program loses nothing that was committed, and a power cut the last seconds but not the file.
        run("PRAGMA synchronous = NORMAL")
        if is_new:
            with self._transaction():
                run(_CREATE)
                run(f"PRAGMA application_id = {APPLICATION_ID}")
                run(f"PRAGMA user_version = {SCHEMA}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def is_in_place(self) -> bool:
        """Whether the path still leads to the open file; one that was removed or replaced takes writes to nowhere."""
        return _identity(self._path) == self._identity

    def write(self, segments: Mapping[int, Segment]) -> None:
        """Write segments by their ids in one transaction; one that is there already is brought up to date."""
        with self._transaction():
            self._connection.executemany(_UPSERT, [_row(*item) for item in segments.items()])

    def forget_older_than(self, keep: timedelta) -> int:
        """Delete the segments that began longer than ``keep`` ago; returns how many.

        Ago is counted from the newest segment if the clock is later: one that is years ahead must not empty the file.
        """
        newest_ms = self._connection.execute("SELECT max(start_ms) FROM segments").fetchone()[0]
        if newest_ms is None:
            return 0
        cutoff_ms = min(_milliseconds(datetime.now(UTC)), newest_ms) - keep // timedelta(milliseconds=1)
        with self._transaction():
            return self._connection.execute("DELETE FROM segments WHERE start_ms < ?", (cutoff_ms,)).rowcount

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self._connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise HistoryError(f"{path}: is a database of another program; choose another file for the history")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise HistoryError(f"{path}: was written by a newer livegenre (layout {version}); update livegenre")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _row(row_id: int, segment: Segment) -> tuple[object, ...]:
    return (
        row_id,
        _milliseconds(segment.start),
        round(segment.duration_s * 1000),
        segment.state,
        segment.genre,
        None if segment.confidence is None else round(segment.confidence, 3),
        None if segment.tempo_bpm is None else round(segment.tempo_bpm, 1),
    )


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its log to ``NAME.corrupt-TIMESTAMP``; returns the new path. Nothing is deleted."""
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in ("-wal", "-shm", ""):  # the file itself last: until then a retry finds all that is left
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    return aside


def read_segments(path: Path, since: datetime | None = None, until: datetime | None = None) -> list[Segment]:
    """Return the segments that overlap ``since``..``until``, in the order of their start.

    Reads while another process writes. Raises ``HistoryError`` for a file that cannot be read as a history.
    """
    try:
        if not path.exists():
            raise HistoryError(f"{path}: no such file; nothing has been recorded there yet")
    except PermissionError as error:
        raise HistoryError(f"{path}: is not yours to read; try sudo livegenre history") from error
    since_ms = -(2**62) if since is None else _milliseconds(since)
    until_ms = 2**62 if until is None else _milliseconds(until)
    query = (
        "SELECT start_ms, duration_ms, state, genre, confidence, tempo_bpm FROM segments "
        "WHERE start_ms < ? AND start_ms + duration_ms > ? ORDER BY start_ms, id"
    )
    try:
        with closing(_open_to_read(path)) as connection:
            _require_ours(connection, path)
            rows = connection.execute(query, (until_ms, since_ms)).fetchall()
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: cannot be read as a history: {error}") from error
    return [
        Segment(datetime.fromtimestamp(start_ms / 1000, UTC), duration_ms / 1000, *rest)
        for start_ms, duration_ms, *rest in rows
    ]


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open without writing, so that someone who may not write there can read."""
    # Without a write-ahead log nobody has the file open, and nothing need be locked or made beside it.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=5.0)


def split_by_day(segment: Segment) -> Iterator[tuple[date, float]]:
    """Yield (local day, seconds) for each local day that a segment touches; a day may have 23 or 25 hours."""
    start, end = segment.start, segment.end
    while start < end:
        day = start.astimezone().date()
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time()).astimezone()
        stop = min(midnight.astimezone(UTC), end)
        yield day, (stop - start).total_seconds()
        start = stop


def daily_totals(
    segments: Iterable[Segment], since: datetime | None = None, until: datetime | None = None
) -> dict[date, dict[str, float]]:
    """Return the seconds of each label per local day, counting only what lies within ``since``..``until``."""
    days: dict[date, dict[str, float]] = {}
    for segment in segments:
        for day, seconds in split_by_day(_clip(segment, since, until)):
            totals = days.setdefault(day, {})
            totals[segment.label] = totals.get(segment.label, 0.0) + seconds
    return dict(sorted(days.items()))


def _clip(segment: Segment, since: datetime | None, until: datetime | None) -> Segment:
    start = segment.start if since is None else max(segment.start, since)
    end = segment.end if until is None else min(segment.end, until)
    return Segment(start, (end - start).total_seconds(), segment.state, segment.genre)
