"""The segments that somebody looks for, newest first, a page at a time; or all of them in order, for a download."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.errors import HistoryError
from edge.history.connection import reading
from edge.history.database import require_ours
from edge.history.reader import COLUMNS, FROM, WITHIN
from edge.history.segments import FIRST_MS, LAST_MS, Row, Segment, from_ms, to_ms
from edge.installation import as_root

#: Segments that a download reads at once: a recorder of this process waits for no more than these.
AT_ONCE = 2000

_MATCHING = r"""(:label IS NULL OR coalesce(label, genre, state) = :label)
    AND (:text = '' OR instr(replace(lower(coalesce(genre, state)), '_', ' '), :text)
        OR (label IS NOT NULL AND instr(replace(lower(label), '_', ' '), :text)))
    AND (:corrected IS NULL OR (label IS NOT NULL) = :corrected)
"""
_CURSOR = re.compile(r"(-?\d{1,15})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of segments."""

    since: datetime | None = None
    until: datetime | None = None
    label: str | None = None  # what they were, as far as is known
    text: str = ""  # in what the model said, or people did
    corrected: bool | None = None  # whether somebody said what they were


@dataclass(frozen=True, slots=True)
class Page:
    """Some segments, newest first, and where the next page begins; None after the last."""

    segments: list[Segment]
    cursor: str | None


def parse_cursor(text: str) -> tuple[int, int]:
    """Return the time and the id that ``Page.cursor`` holds; ``ValueError`` for another text."""
    found = _CURSOR.fullmatch(text)
    if not found:
        raise ValueError("is no place in the list")
    return int(found[1]), int(found[2])


def page_of(path: Path, wanted: Wanted, before: tuple[int, int] | None, n_segments: int) -> Page:
    """Return a page of what lies ``before`` the end of another; raises ``HistoryError``."""
    rows = _select(path, wanted, ("<", "DESC"), before or (LAST_MS + 1, 0), n_segments + 1)
    segments = [Segment(from_ms(row[0]), row[1] / 1000, *row[2:]) for row in rows[:n_segments]]
    last = rows[n_segments - 1] if len(rows) > n_segments else None
    return Page(segments, None if last is None else f"{last[0]}.{last[7]}")


def each_matching(path: Path, wanted: Wanted) -> Iterator[Row]:
    """Yield all that match in the order of their start, for ``json_line``; raises ``HistoryError``."""
    after = (FIRST_MS - 1, 0)
    while True:
        rows = _select(path, wanted, (">", "ASC"), after, AT_ONCE)
        yield from (row[:7] for row in rows)
        if len(rows) < AT_ONCE:
            return
        after = (rows[-1][0], rows[-1][7])


def _select(path: Path, wanted: Wanted, way: tuple[str, str], place: tuple[int, int], limit: int) -> list[Any]:
    beyond, order = way
    values = {
        "since": FIRST_MS if wanted.since is None else to_ms(wanted.since),
        "until": LAST_MS if wanted.until is None else to_ms(wanted.until),
        "label": wanted.label,
        "text": wanted.text.lower().replace("_", " "),
        "corrected": wanted.corrected,
        "start": place[0],
        "id": place[1],
        "limit": limit,
    }
    try:
        with reading(path) as connection:
            layout = require_ours(connection, path)
            query = f"""SELECT {COLUMNS}, segments.id {FROM[layout]} {WITHIN} AND {_MATCHING}
                AND (start_ms, segments.id) {beyond} (:start, :id)
                ORDER BY start_ms {order}, segments.id {order} LIMIT :limit"""
            return connection.execute(query, values).fetchall()
    except PermissionError as error:
        raise HistoryError(f"{path}: is not yours to read; try {as_root('history')}") from error
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: cannot be read as a history: {error}") from error
