"""Logging for a long-running program: to stderr, in the journal's style, with rate-limited warnings."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from edge.words import safe

#: Warnings of one kind that are let through in a period, in seconds.
BURST, PERIOD_S = 5, 60.0
#: Maximum length of a message: some quote external input.
LONGEST = 1000
#: The room that messages are about, named in front of them; each thread has its own.
ROOM: ContextVar[str] = ContextVar("room", default="")
#: syslog priorities, which the journal takes from a prefix (sd-daemon(3)).
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))


def set_up(level: str) -> None:
    """Log messages of ``level`` and above; may be called again to change it."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        handler = _Stderr()
        handler.addFilter(RateLimit())
        handler.setFormatter(_OneLine())
        root.addHandler(handler)


@contextmanager
def about(room: str) -> Iterator[None]:
    """Name a room in front of this thread's messages, if it has a name."""
    before = ROOM.set(room)
    try:
        yield
    finally:
        ROOM.reset(before)


class _OneLine(logging.Formatter):
    """Formats a message as one line, whatever names are in it; a traceback follows in its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the standard library's
        room = ROOM.get()
        text = f"{room}: {super().formatMessage(record)}" if room else super().formatMessage(record)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]} ... and {len(text) - LONGEST} characters more"
        return safe(text)


class _Stderr(logging.Handler):
    """Writes to the current ``sys.stderr``, which may be replaced while PortAudio is silenced."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            if _is_journal(sys.stderr):
                priority = next((syslog for level, syslog in _PRIORITIES if record.levelno >= level), 7)
                prefix = f"<{priority}>"
            else:  # the journal adds its own times
                prefix = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z', time.localtime(record.created))} "
            text = "\n".join(prefix + line for line in text.splitlines())
            print(text, file=sys.stderr, flush=True)
        except Exception:  # a closed stderr must not stop listening
            return


def _is_journal(stream: TextIO) -> bool:
    """Return True if a stream leads to the journal: the variable alone is also set in desktop sessions."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class RateLimit(logging.Filter):
    """Passes ``BURST`` warnings of one kind in a period, and reports the number of dropped ones.

    Messages below a warning pass: they report wanted information, such as each change of genre.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}  # kind: (start of the period, messages in it)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True to let it through; kinds are known by their unformatted text."""
        if record.levelno < logging.WARNING:
            return True
        kind, now = (record.name, str(record.msg), ROOM.get()), time.monotonic()
        start, count = self._seen.get(kind, (now, 0))
        if now - start >= PERIOD_S:
            if count > BURST:
                record.msg = f"{record.getMessage()} (and {count - BURST} like it before)"
                record.args = ()
            start, count = now, 0
        self._seen[kind] = (start, count + 1)
        return count < BURST
