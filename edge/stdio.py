"""The three standard streams, which may be closed, full or of another encoding at the start."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import TextIO

from edge.words import safe


def make_usable() -> None:
    """Open closed standard streams, and make printing any character safe.

    A closed standard descriptor would be reused for the next opened file, such as a history, and output would be
    written into it.
    """
    for descriptor, mode in enumerate(("r", "w", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
            os.set_inheritable(descriptor, True)
        name = ("stdin", "stdout", "stderr")[descriptor]
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a stand-in without an encoding
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def can_be_drawn_on(stream: TextIO) -> bool:
    """Return True if ``stream`` is a terminal that can move its cursor and show the characters of a display."""
    moves = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return moves and stream.isatty() and stream.encoding.lower().replace("-", "") == "utf8"


def tell(message: object) -> None:
    """Print one line on standard error, or nothing where that cannot be written."""
    try:
        print(f"livegenre: {safe(message)}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        send_nowhere(sys.stderr)


def discard_unwritable_stderr() -> None:
    """Discard unwritable output of standard error: Python would write it again at exit, and change the status."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        send_nowhere(sys.stderr)


def send_nowhere(stream: TextIO) -> None:
    """Discard unwritable output of ``stream``: otherwise Python would try again at exit, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


def reader_is_gone() -> bool:
    """Return True if the reader of standard output has closed it; other pipes and sockets can break as well."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):  # no file at all
        return False
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in poll.poll(0))
