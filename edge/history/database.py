"""The history file: its path, its layout and identification, and opening it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import HistoryError

#: Layout of the file, in SQLite's ``user_version``; a file with a higher number was made by a newer program.
SCHEMA = 2
#: SQLite's ``application_id``: tells our file from another program's ("lvgn" in ASCII).
APPLICATION_ID = 0x6C76676E
#: What SQLite reports for a file that is damaged or was never a database.
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
#: SQLite caches up to 2 MB of the file by default, more than small writes need.
CACHE_KIB = 128
#: A household's history is private: its group may read it, others may not.
FILE_MODE, FOLDER_MODE = 0o640, 0o750

# SQLite's file header: 100 bytes, this text first, the application's id at byte 68.
_MAGIC, _HEADER_BYTES, _ID_AT = b"SQLite format 3\0", 100, 68

#: Migrations, each from the layout before; a new file runs all.
_MIGRATIONS = (
    """
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,      -- see new_id()
    start_ms INTEGER NOT NULL,   -- UTC, milliseconds since 1970
    duration_ms INTEGER NOT NULL,
    state TEXT NOT NULL,         -- music, silence, no_music, unsure, no_source, warming_up
    genre TEXT,                  -- with the state music alone
    confidence REAL,             -- mean over the segment, 0..1
    tempo_bpm REAL               -- median over the segment
);
""",
    """
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    inputs TEXT NOT NULL,        -- digest of what the numbers are that it hears
    labels TEXT NOT NULL,        -- JSON
    UNIQUE (name, inputs, labels)
);
CREATE TABLE heard (
    segment_id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL,
    window_s REAL NOT NULL,      -- of audio that the numbers describe
    vector BLOB NOT NULL         -- float32, little-endian
);
CREATE TABLE corrections (       -- what people said; the newest of a segment holds
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    made_ms INTEGER NOT NULL     -- UTC, milliseconds since 1970
);
CREATE VIEW corrected AS SELECT segment_id, label, max(id) AS id FROM corrections GROUP BY segment_id;
""",
)

#: Segments by time, to find any week of many years at once, and those longer than an hour by their duration. They are
#: not part of the layout: a file without them is only slower.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS segments_by_start ON segments (start_ms)",
    "CREATE INDEX IF NOT EXISTS long_segments ON segments (duration_ms) WHERE duration_ms > 3600000",
)
#: The longest duration that a segment has, as an expression of SQL: none that began earlier reaches into a time.
LONGEST = "(SELECT coalesce(max(duration_ms), 3600000) FROM segments WHERE duration_ms > 3600000)"


def own_file() -> Path:
    """Return where to write by default: the service's state directory, or that of the person who runs the program."""
    service = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]  # set by systemd
    if service:
        return Path(service) / "history.db"
    state_home = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state_home.is_absolute():  # the specification asks for a relative path to be ignored
        try:
            state_home = Path.home() / ".local" / "state"
        except RuntimeError as error:
            raise HistoryError("no home folder to keep the history in; name a file") from error
    return state_home / "livegenre" / "history.db"


def open_to_write(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """Open or create a history; SQLite's exceptions are passed on.

    A file that is not a history, or a newer one, is a ``HistoryError`` and is not changed. Only for
    ``edge.history.connection``: this reads the file's first bytes, which would release the locks of an open connection.
    """
    _require_history(path)
    if not path.exists():
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, FILE_MODE))  # what SQLite makes beside it has the same mode
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    run = connection.execute
    if run("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        damage = sqlite3.DatabaseError("quick_check found damage")
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage
    if _is_empty(connection) or require_ours(connection, path) < SCHEMA:
        _migrate(connection, path)
    for index in _INDEXES:
        run(index)
    run("PRAGMA journal_mode = WAL")
    # With WAL a killed program loses nothing committed, and a power cut only the last seconds.
    run("PRAGMA synchronous = NORMAL")
    run(f"PRAGMA cache_size = -{CACHE_KIB}")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Make the layout, or bring it up to date; another process may have done so meanwhile."""
    run = connection.execute
    with transaction(connection):  # before the write-ahead log, so that the file is identifiable from the start
        if _is_empty(connection):
            run(f"PRAGMA application_id = {APPLICATION_ID}")
        for migration in _MIGRATIONS[require_ours(connection, path) :]:
            for statement in migration.split(";\n"):
                run(statement)
        run(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open without writing, so that someone who may not write there can read. For ``edge.history.connection`` alone."""
    # Without a write-ahead log no process has the file open, so no lock or file beside it is needed.
    mode = "mode=ro" if companion(path, "-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=5.0, check_same_thread=False)


def companion(path: Path, suffix: str) -> Path:
    """Return a file that SQLite keeps beside a history; if ``path`` is a link, beside its target."""
    file = path.resolve()
    return file.with_name(file.name + suffix)


def require_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's layout; ``HistoryError`` if it is another program's, newer than this one, or not made yet."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if _is_empty(connection):
            raise HistoryError(f"{path}: is empty; nothing has been recorded there yet")
        raise HistoryError(f"{path}: is a database of another program; choose another file for the history")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise HistoryError(f"{path}: was written by a newer livegenre (layout {version}); update livegenre")
    return version


def _require_history(path: Path) -> None:
    """Raise ``HistoryError`` for another program's file; a damaged history or a missing file passes."""
    header = _header(path)
    if not header or _is_ours(header):
        return
    if not header.startswith(_MAGIC):
        raise HistoryError(f"{path}: is not a livegenre history; choose another file for the history")
    with closing(open_to_read(path)) as connection:
        if not _is_empty(connection):
            require_ours(connection, path)


def _is_empty(connection: sqlite3.Connection) -> bool:
    """True if no program has made anything in it."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0)


def _header(path: Path) -> bytes:
    if not path.is_file():  # opening a pipe would wait for its other end
        return b""
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)


def _is_ours(header: bytes) -> bool:
    """True if a file of ours begins so; zeros are what some file systems leave of one after a power cut."""
    return header[_ID_AT : _ID_AT + 4] == APPLICATION_ID.to_bytes(4, "big") or not any(header)


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its log to ``NAME.corrupt-TIMESTAMP``; returns the new path. Nothing is deleted.

    Only a history is ever renamed: anything else is a ``HistoryError``.
    """
    if not _is_ours(_header(path)):
        raise HistoryError(f"{path}: is damaged and may not be a history of livegenre; move it away or choose another")
    file = path.resolve()
    aside = file.with_name(f"{file.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in ("-wal", "-shm", ""):  # the file itself last: until then a retry finds all that is left
        found = companion(path, suffix)
        if found.exists():
            found.rename(companion(aside, suffix))
    return aside
