"""A lock that lets one process at a time record into a history: two would count every hour twice."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from threading import Lock

from edge.errors import HistoryError
from edge.history.database import companion

#: Length of the lock file: a process's number, and blanks.
N_BYTES = 20

# Descriptor and number of holders by lock file. A process may hold a lock more than once: while its configuration is
# read again, the new sink opens before the old one closes.
_held: dict[Path, tuple[int, int]] = {}
_guard = Lock()


class RecordingLock:
    """Held from creation to ``release``; ``HistoryError`` if another process holds it.

    It is a file of its own, ``NAME.lock``: SQLite's locks on the history would be lost with any descriptor of ours
    that is closed. The kernel releases it when the process ends for any reason.
    """

    def __init__(self, history: Path) -> None:
        self._history, self._path = history, companion(history, ".lock")
        with _guard:
            descriptor, holders = _held.get(self._path, (-1, 0))
            if holders == 0:
                descriptor = _lock(self._path, history)
            _held[self._path] = (descriptor, holders + 1)

    def renew(self) -> None:
        """Take the lock again if its file was removed or replaced; raises what taking it first does."""
        with _guard:
            descriptor, holders = _held[self._path]
            if not _is_at(self._path, descriptor):
                _held[self._path] = (_lock(self._path, self._history), holders)
                os.close(descriptor)

    def release(self) -> None:
        """Allow another process to record; the last holder removes the file."""
        with _guard:
            descriptor, holders = _held.pop(self._path)
            if holders > 1:
                _held[self._path] = (descriptor, holders - 1)
                return
            with suppress(OSError):  # of a disk that is gone
                if _is_at(self._path, descriptor):
                    self._path.unlink(missing_ok=True)
            os.close(descriptor)


def _lock(path: Path, history: Path) -> int:
    while True:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, N_BYTES, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise HistoryError(
                f"{history}: another livegenre (process {holder}) records there; stop it or choose another file"
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(path, descriptor):  # otherwise the previous holder has just removed it
            break
        os.close(descriptor)
    with suppress(OSError):  # on a full disk the lock holds without the number
        os.pwrite(descriptor, f"{os.getpid():<{N_BYTES}}".encode("ascii"), 0)
    return descriptor


def _opened(path: Path) -> int:
    """Return a descriptor of the lock file; anything else that stands there is not written to."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o640)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise HistoryError(f"{path}: is no lock file of livegenre; move it away") from error
        raise
    found = os.fstat(descriptor)
    is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink <= 1 and found.st_size <= N_BYTES
    if not is_plain or os.pread(descriptor, N_BYTES, 0).strip(b"0123456789 "):
        os.close(descriptor)
        raise HistoryError(f"{path}: is no lock file of livegenre; move it away")
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False
