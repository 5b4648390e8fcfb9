"""Reading a history, possibly while another process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from edge.errors import HistoryError
from edge.history.connection import is_recorders, reading
from edge.history.database import LONGEST, require_ours
from edge.history.segments import FIRST_MS, LAST_MS, Row, Segment, Span, from_ms, to_ms
from edge.installation import as_root

#: What is read of a segment, where from, and which: those that overlap ``:since``..``:until``.
COLUMNS = "start_ms, duration_ms, state, genre, confidence, tempo_bpm, label"
_IN_ORDER = "ORDER BY start_ms, segments.id"
WITHIN = f"""WHERE start_ms >= max({FIRST_MS}, :since - {LONGEST}) AND start_ms < :until
    AND start_ms + duration_ms > :since"""
#: Segments beside what they were corrected to, by the file's layout.
FROM = {
    1: "FROM segments LEFT JOIN (SELECT NULL AS segment_id, NULL AS label) AS corrected ON segment_id = segments.id",
    2: "FROM segments LEFT JOIN corrected ON segment_id = segments.id",
}


def read_segments(path: Path, since: datetime | None = None, until: datetime | None = None) -> list[Segment]:
    """Return the segments that overlap ``since``..``until``, in the order of their start.

    Raises ``HistoryError`` for a file that cannot be read as a history.
    """
    return list(each_segment(path, since, until))


def each_segment(path: Path, since: datetime | None = None, until: datetime | None = None) -> Iterator[Segment]:
    """Yield what ``read_segments`` returns, one after the other: there may be hundreds of thousands."""
    for row in _rows(path, f"{COLUMNS}, segments.id", since, until, _IN_ORDER):
        yield Segment(from_ms(row[0]), row[1] / 1000, *row[2:])


def each_row(path: Path, since: datetime | None = None, until: datetime | None = None) -> Iterator[Row]:
    """Yield the same segments for ``json_line``."""
    return _rows(path, COLUMNS, since, until, _IN_ORDER)


def each_span(path: Path, since: datetime | None = None, until: datetime | None = None) -> Iterator[Span]:
    """Yield the same segments for ``daily_totals``, in any order."""
    return _rows(path, "start_ms, duration_ms, coalesce(label, genre, state)", since, until)


def label_totals(path: Path, since: datetime, until: datetime) -> dict[str, int]:
    """Return the milliseconds of each label within ``since``..``until``."""
    within = f"min(start_ms + duration_ms, {to_ms(until)}) - max(start_ms, {to_ms(since)})"
    columns = f"coalesce(label, genre, state) AS what, sum({within})"
    return dict(_rows(path, columns, since, until, "GROUP BY what"))


def daily_agreement(
    path: Path, since: datetime | None = None, until: datetime | None = None
) -> dict[date, tuple[int, int]]:
    """Return (judged by people, of these right) by the local day on which segments began, where any was judged."""
    days: dict[date, tuple[int, int]] = {}
    columns = "start_ms, label = coalesce(genre, state)"
    for start_ms, is_right in _rows(path, columns, since, until, "AND label NOT NULL"):
        day = from_ms(start_ms).astimezone().date()
        judged, right = days.get(day, (0, 0))
        days[day] = (judged + 1, right + is_right)
    return days


def _rows(path: Path, columns: str, since: datetime | None, until: datetime | None, rest: str = "") -> Iterator[Any]:
    since_ms = FIRST_MS if since is None else to_ms(since)
    until_ms = LAST_MS if until is None else to_ms(until)
    try:
        with reading(path) as connection:
            layout = require_ours(connection, path)
            query = f"SELECT {columns} {FROM[layout]} {WITHIN} {rest}"
            rows = connection.execute(query, {"since": since_ms, "until": until_ms})
            if not is_recorders(connection):
                yield from rows
                return
            found = rows.fetchall()
    except PermissionError as error:
        raise HistoryError(f"{path}: is not yours to read; try {as_root('history')}") from error
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: cannot be read as a history: {error}") from error
    yield from found
