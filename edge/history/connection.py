"""The one connection that a process has to a history file.

POSIX releases all locks of a process on a file as soon as that process closes any descriptor of it. SQLite handles that
for its own descriptors, but not for others: once a recorder's locks are gone, another process considers itself the last
user of the file and removes the write-ahead log, and later records are lost. So a history is opened only here: once in
a process, for one thread at a time. A recorder keeps it open, and all other users in its process share the recorder's
connection.

A file, or what SQLite keeps beside it, may be moved, removed or replaced while it is open. Then the connection is
closed and no longer handed out.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import TypeVar

from edge.errors import HistoryError
from edge.history import database
from edge.history.database import companion, open_to_read, open_to_write, transaction

Result = TypeVar("Result")

#: Seconds that a change waits for another process's change, and between two attempts.
BUSY_TIMEOUT_S, BUSY_PAUSE_S = 5.0, 0.05
BESIDE = ("-wal", "-shm")

Identity = tuple[int, int] | None


@dataclass
class _File:
    """A history file in this process. Users hold ``lock``; only ``_guard`` protects ``n_users``."""

    path: Path
    lock: RLock = field(default_factory=RLock)
    n_users: int = 0
    n_recorders: int = 0
    connection: sqlite3.Connection | None = None  # the recorders'
    identity: Identity = None  # of the file that is open
    beside: dict[Path, Identity] = field(default_factory=dict)
    seen: tuple[int, int] | None = None  # when the file was last changed, and its size, as long as all was in place
    n_changes: int = 0  # made by others than recorders

    def open(self, path: Path, busy_timeout_s: float) -> None:
        self.connection = open_to_write(path, busy_timeout_s)
        self.path, self.identity = path, identity(path)
        self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # which makes the log
        # Some file systems have no shared memory; SQLite then does without a write-ahead log.
        names = [companion(path, suffix) for suffix in BESIDE]
        self.beside = {name: found for name in names if (found := identity(name)) is not None}
        self.is_in_place()

    def is_in_place(self) -> bool:
        """Return True while the path still leads to the open file; otherwise writes are lost."""
        is_so = identity(self.path) == self.identity and all(
            identity(name) == found for name, found in self.beside.items()
        )
        if is_so:
            self.seen = _last_change(self.path)
        return is_so

    def usable(self) -> sqlite3.Connection | None:
        """Return the recorders' connection, if there is one to a file that is in place."""
        if self.connection is not None and not self.is_in_place():
            self.abandon()
        return self.connection

    def abandon(self) -> None:
        """Close a file that is no longer in place, merging its log into it, wherever it is now.

        The log is not merged if others, who do not see it, may have written to the file meanwhile.
        """
        connection, self.connection = self.connection, None
        assert connection is not None
        stays = identity(self.path) == self.identity
        with suppress(sqlite3.Error):
            if not stays or _last_change(self.path) == self.seen:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(sqlite3.Error):
            connection.close()
        for name, found in self.beside.items():
            if not stays and identity(name) == found:  # a log that does not belong to the replacement
                with suppress(OSError):
                    name.unlink()

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


_files: list[_File] = []
_guard = Lock()


def _found(path: Path) -> _File:
    """Return the entry for a path, counted as in use: that of the same file where it goes by another name."""
    with _guard:
        real, inode = path.resolve(), identity(path)
        for file in _files:
            is_it = file.connection is not None and inode is not None and file.identity == inode
            if is_it or file.path.resolve() == real:
                break
        else:
            file = _File(path)
            _files.append(file)
        file.n_users += 1
        return file


def _let_go(file: _File) -> None:
    with _guard:
        file.n_users -= 1
        if not file.n_users:
            _files.remove(file)


@contextmanager
def _used(path: Path) -> Iterator[_File]:
    file = _found(path)
    try:
        with file.lock:
            yield file
    finally:
        _let_go(file)


class Recording:
    """A history that is kept open to record into it, from creation to ``close``."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Open or create ``path``; raises what ``open_to_write`` does."""
        self._file = _found(path)
        try:
            with self._file.lock:
                if self._file.usable() is None:
                    self._file.open(path, busy_timeout_s)
                self._file.n_recorders += 1
                self._connection = self._file.connection
        except BaseException:
            _let_go(self._file)
            raise

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection exclusively; ``HistoryError`` if its file is no longer in place."""
        with self._file.lock:
            if not self.is_in_place() or self._connection is None:
                raise HistoryError(f"{self._file.path}: was moved, removed or replaced")
            yield self._connection

    def is_in_place(self) -> bool:
        """True while the path leads to the open file, and what SQLite keeps beside it is there."""
        with self._file.lock:
            return self._file.usable() is self._connection and self._connection is not None

    @property
    def n_changes(self) -> int:
        """Number of changes that others in this process have made."""
        return self._file.n_changes

    def close(self) -> None:
        """Release it; the last recorder closes the file."""
        file, self._connection = self._file, None
        try:
            with file.lock:
                file.n_recorders -= 1
                if not file.n_recorders and file.usable() is not None:
                    file.close()
        finally:
            _let_go(file)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection to read from; ``HistoryError`` if there is no such file."""
    with _used(path) as file:
        connection = file.usable()
        if connection is not None:
            yield connection
            return
        if not path.exists():
            raise HistoryError(f"{path}: no such file; nothing has been recorded there yet")
        with closing(open_to_read(path)) as own:
            yield own


def is_recorders(connection: sqlite3.Connection) -> bool:
    """Return True if a recorder of this process waits for it, so that it should be released soon."""
    return any(file.connection is connection for file in _files)


def change(path: Path, work: Callable[[sqlite3.Connection], Result]) -> Result:
    """Do ``work`` in one durable transaction, and return its result.

    While another process is writing, it is retried for a while, and a recorder of this process continues meanwhile.
    """
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            with _used(path) as file:
                if file.usable() is None:
                    return _changed_by_itself(path, work)
                assert file.connection is not None
                result = _lastingly(file.connection, work)
                file.n_changes += 1
                if file.is_in_place():
                    return result
        except sqlite3.OperationalError as error:
            is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= give_up_at:
                raise
        time.sleep(BUSY_PAUSE_S)


def _changed_by_itself(path: Path, work: Callable[[sqlite3.Connection], Result]) -> Result:
    if not path.exists():
        raise HistoryError(f"{path}: no such file; nothing has been recorded there yet")
    with closing(open_to_write(path, BUSY_PAUSE_S)) as connection:
        return _lastingly(connection, work)


def _lastingly(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Result]) -> Result:
    connection.execute("PRAGMA synchronous = FULL")
    try:
        with transaction(connection):
            return work(connection)
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")


def set_aside(path: Path) -> Path:
    """Rename a damaged history and its log; see ``database.set_aside``."""
    with _used(path) as file:
        if file.connection is not None:
            file.close()
        return database.set_aside(path)


def identity(path: Path) -> Identity:
    """Return which file a path leads to; None if to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _last_change(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
