"""The segments that somebody looks for, newest first, a page at a time; or all of them in order, for a download."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
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

#: Segments that a download reads at once, which bounds the wait of a recorder in this process.
AT_ONCE = 2000

#: Names are few and segments many: which of the names hold a text is found out once, and not of each segment.
_NAMES = {
    1: "SELECT DISTINCT coalesce(genre, state) FROM segments",
    2: "SELECT DISTINCT coalesce(genre, state) FROM segments UNION SELECT DISTINCT label FROM corrected",
}
_NAMED = "(SELECT value FROM json_each(:names))"
_MATCHING = rf"""(:label IS NULL OR coalesce(label, genre, state) = :label)
    AND (:names IS NULL OR coalesce(genre, state) IN {_NAMED} OR label IN {_NAMED})
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
    names, place = _names(path, wanted.text), before or (LAST_MS + 1, 0)
    rows = [] if names == [] else _select(path, wanted, names, ("<", "DESC"), place=place, limit=n_segments + 1)
    segments = [Segment(from_ms(row[0]), row[1] / 1000, *row[2:]) for row in rows[:n_segments]]
    last = rows[n_segments - 1] if len(rows) > n_segments else None
    return Page(segments, None if last is None else f"{last[0]}.{last[7]}")


def each_matching(path: Path, wanted: Wanted) -> Iterator[Row]:
    """Yield all that match in the order of their start, for ``json_line``; raises ``HistoryError``."""
    after, names = (FIRST_MS - 1, 0), _names(path, wanted.text)
    while names != []:
        rows = _select(path, wanted, names, (">", "ASC"), place=after, limit=AT_ONCE)
        yield from (row[:7] for row in rows)
        if len(rows) < AT_ONCE:
            return
        after = (rows[-1][0], rows[-1][7])


def _names(path: Path, text: str) -> list[str] | None:
    """Return the names in a history that hold a text; None for no text, which all do."""
    if not text:
        return None
    wanted = _plain(text)
    return [name for (name,) in _read(path, _NAMES, {}) if wanted in _plain(name)]


def _plain(text: str) -> str:
    return text.lower().replace("_", " ")


def _select(
    path: Path, wanted: Wanted, names: list[str] | None, way: tuple[str, str], *, place: tuple[int, int], limit: int
) -> list[Any]:
    beyond, order = way
    values = {
        "since": FIRST_MS if wanted.since is None else to_ms(wanted.since),
        "until": LAST_MS if wanted.until is None else to_ms(wanted.until),
        "label": wanted.label,
        "names": None if names is None else json.dumps(names),
        "corrected": wanted.corrected,
        "start": place[0],
        "id": place[1],
        "limit": limit,
    }
    query = f"""{WITHIN} AND {_MATCHING} AND (start_ms, segments.id) {beyond} (:start, :id)
        ORDER BY start_ms {order}, segments.id {order} LIMIT :limit"""
    queries = {layout: f"SELECT {COLUMNS}, segments.id {tables} {query}" for layout, tables in FROM.items()}
    return _read(path, queries, values)


def _read(path: Path, queries: Mapping[int, str], values: Mapping[str, Any]) -> list[Any]:
    """Return what a query, by the file's layout, finds."""
    try:
        with reading(path) as connection:
            return connection.execute(queries[require_ours(connection, path)], values).fetchall()
    except PermissionError as error:
        raise HistoryError(f"{path}: is not yours to read; try {as_root('history')}") from error
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: cannot be read as a history: {error}") from error
