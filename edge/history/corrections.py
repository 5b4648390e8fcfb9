"""Corrections of the model's answers: by command, page, key or message, in any process.

A correction is stored in the history, where the recording process stores the model's answers and inputs; SQLite
synchronizes both. It takes effect wherever the history is read, and when a model is trained with ``python -m
build.train --corrections``.
"""

from __future__ import annotations

import json
import re
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edge.errors import CorrectionError, HistoryError
from edge.events import State
from edge.history.connection import change, reading
from edge.history.database import require_ours
from edge.history.segments import Segment, from_ms, to_ms
from edge.installation import as_root

#: Maximum age of the end of a segment that is corrected without naming its time.
RECENT = timedelta(minutes=10)
#: States of segments that a model has classified.
JUDGED = (State.MUSIC, State.UNSURE, State.NO_MUSIC)

#: Pattern of a person's own genres, like the model's labels.
OWN_LABEL = re.compile(r"[^\W_](?:[\w&'+.]{0,38}[^\W_])?")

_IS_JUDGED = "state IN ({})".format(", ".join(f"'{state}'" for state in JUDGED))

_COLUMNS = """
SELECT segments.id, start_ms, duration_ms, state, genre, confidence, tempo_bpm, label, heard.segment_id
FROM segments LEFT JOIN corrected ON corrected.segment_id = segments.id
LEFT JOIN heard ON heard.segment_id = segments.id
"""


#: The segment to correct: by id, by time, or without either the current one.
Target = int | datetime | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A segment after a correction, or after one was taken back."""

    segment_id: int
    segment: Segment
    #: Whether the head's input is kept, so that a model can learn from it.
    teaches: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in a message from elsewhere: to correct to a genre, to confirm, or without both to take back."""

    target: int | datetime
    genre: str | None = None
    own: bool = False  # whether the genre may be one's own
    right: bool = False

    def carry_out(self, path: Path) -> Corrected:
        """Do it in a history; returns the segment. Errors are those of ``correct``."""
        if self.genre is not None:
            return correct(path, self.genre, self.target, own=self.own)
        return (confirm if self.right else undo)(path, self.target)


EXAMPLES = (
    '{"genre": "jazz", "segment": "123"}, {"right": true, "segment": "123"} or {"undo": true, "segment": "123"}, with '
    'the "segment" that is shown; {"genre": "tango", "own": true, ...} for a genre of your own'
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A corrected segment to learn from."""

    segment_id: int
    label: str
    vector: tuple[float, ...]
    start_ms: int  # of the segment, UTC, since 1970
    end_ms: int


def correct(path: Path, label: str, target: Target = None, *, own: bool = False) -> Corrected:
    """Correct a segment to a label; returns the segment.

    ``own``: the label may be a genre of one's own, which is known from then on. Raises ``CorrectionError`` for an
    unknown label or if there is no segment to correct, ``HistoryError`` for a history that cannot be changed.
    """

    def insert(connection: sqlite3.Connection) -> Corrected | None:
        segment_id = _meant(connection, target)[0]
        labels = (*_labels(connection, segment_id), *_own_labels(connection))
        return _say(connection, segment_id, _known(label, labels, may_be_new=own))

    return _changed(path, insert, f"correct {label}")


def confirm(path: Path, target: Target = None) -> Corrected:
    """Confirm the model's answer for a segment; returns it. Errors are those of ``correct``."""

    def insert(connection: sqlite3.Connection) -> Corrected | None:
        segment_id, start_ms, _, state, genre, *_ = _meant(connection, target)
        if state == State.UNSURE:
            raise CorrectionError(f"there is no answer to confirm for what was heard {_since(start_ms)}")
        return _say(connection, segment_id, genre or state)

    return _changed(path, insert, "correct --right")


def _say(connection: sqlite3.Connection, segment_id: int, label: str) -> Corrected | None:
    values = (segment_id, label, to_ms(datetime.now(UTC)))
    connection.execute("INSERT INTO corrections (segment_id, label, made_ms) VALUES (?, ?, ?)", values)
    return after_corrections(connection, segment_id)


def undo(path: Path, target: Target = None) -> Corrected:
    """Undo the last correction of a segment; returns the segment. Errors are those of ``correct``."""

    def delete(connection: sqlite3.Connection) -> Corrected | None:
        segment_id, start_ms = _meant(connection, target)[:2]
        query = "SELECT max(id) FROM corrections WHERE segment_id = ?"
        (last,) = connection.execute(query, (segment_id,)).fetchone()
        if last is None:
            raise CorrectionError(f"there is no correction to undo of what was heard {_since(start_ms)}")
        connection.execute("DELETE FROM corrections WHERE id = ?", (last,))
        return after_corrections(connection, segment_id)

    return _changed(path, delete, "correct --undo")


def asked_for(values: Mapping[str, object]) -> Asked:
    """Return the request in an external message; ``CorrectionError`` if it is not one."""
    genre = values.get("genre")
    is_right, is_undo = values.get("right") is True, values.get("undo") is True
    if [isinstance(genre, str), is_right, is_undo].count(True) != 1:
        raise CorrectionError(f"write {EXAMPLES}")
    named = genre if isinstance(genre, str) else None
    return Asked(target_of(values), named, own=values.get("own") is True, right=is_right)


def target_of(values: Mapping[str, object]) -> int | datetime:
    """Return the target of an external message; ``CorrectionError`` if it names none."""
    segment, at = values.get("segment"), values.get("at")
    if at is None and re.fullmatch(r"\d{1,18}", str(segment)):
        return int(str(segment))
    if segment is None and isinstance(at, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is not None:
                return moment
    raise CorrectionError(
        'say what is meant: {"segment": "123"} as livegenre gives it, or {"at": "2026-11-21T20:15:00Z"}'
    )


def lessons(path: Path, inputs: str) -> Iterator[Lesson]:
    """Yield the newest correction of each segment whose inputs have the digest ``inputs``, in order.

    See ``edge.model.inputs``: segments of models with other inputs are skipped.
    """
    query = """
SELECT corrected.segment_id, label, vector, start_ms, start_ms + duration_ms FROM corrected
JOIN heard USING (segment_id) JOIN models ON models.id = heard.model_id
JOIN segments ON segments.id = corrected.segment_id WHERE inputs = ? ORDER BY corrected.segment_id
"""
    try:
        with reading(path) as connection:
            if require_ours(connection, path) < 2:
                return
            for segment_id, label, vector, start_ms, end_ms in connection.execute(query, (inputs,)):
                numbers = struct.unpack(f"<{len(vector) // 4}f", vector[: len(vector) // 4 * 4])
                yield Lesson(segment_id, label, numbers, start_ms, end_ms)
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: cannot be read as a history: {error}") from error


def newest_correction(path: Path) -> tuple[int, int]:
    """Return the number of corrections and the id of the newest; the pair changes with every correction."""
    with reading(path) as connection:
        if require_ours(connection, path) < 2:
            return 0, 0
        count, newest = connection.execute("SELECT count(*), coalesce(max(id), 0) FROM corrections").fetchone()
        return int(count), int(newest)


def _changed(path: Path, work: Callable[[sqlite3.Connection], Corrected | None], command: str) -> Corrected:
    try:
        done = change(path, work)
    except PermissionError as error:
        raise HistoryError(f"{path}: is not yours to change; try {as_root(command)}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise HistoryError(f"{path}: is not yours to change; try {as_root(command)}") from error
        raise HistoryError(f"{path}: cannot be changed: {error}") from error
    assert done is not None  # it was found within the same transaction
    return done


def _meant(connection: sqlite3.Connection, target: Target) -> Sequence[Any]:
    """Return the row of the segment that is meant."""
    if isinstance(target, int):
        query = f"{_COLUMNS} WHERE segments.id = ? AND {_IS_JUDGED}"
        row: Sequence[Any] | None = connection.execute(query, (target,)).fetchone()
        if row is None:
            told = f"the history has no segment {target} that can be corrected"
            raise CorrectionError(f"{told}; what has just begun is there in a second")
        return row
    return _segment_at(connection, target)


def _segment_at(connection: sqlite3.Connection, at: datetime | None) -> Sequence[Any]:
    """Return the row of the segment at a time. The newest may have grown since it was written."""
    moment_ms = to_ms(at or datetime.now(UTC))
    earliest_ms = moment_ms - RECENT // timedelta(milliseconds=1)
    end = "start_ms + duration_ms"
    is_newest = "segments.id = (SELECT max(id) FROM segments)"
    goes_on = f"{end} > ?" if at is None else f"({end} > ? OR ({end} > ? AND {is_newest}))"
    query = f"""{_COLUMNS} WHERE {_IS_JUDGED} AND start_ms <= ? AND {goes_on}
ORDER BY start_ms DESC, segments.id DESC LIMIT 1"""
    values = (moment_ms, earliest_ms) if at is None else (moment_ms, moment_ms, earliest_ms)
    row: Sequence[Any] | None = connection.execute(query, values).fetchone()
    if row is None and at is None:
        raise CorrectionError(
            f"nothing was heard in the last {RECENT // timedelta(minutes=1)} minutes; say when it was"
        )
    if row is None:
        raise CorrectionError(f"nothing was heard at {at:%H:%M:%S on %d %b %Y}; see `livegenre history --json`")
    return row


def _since(start_ms: int) -> str:
    return f"{from_ms(start_ms).astimezone():from %H:%M:%S on %d %b %Y}"


def _labels(connection: sqlite3.Connection, segment_id: object) -> tuple[str, ...]:
    """Return the labels of the model that recorded a segment, as far as that is kept; else of the newest."""
    query = """
SELECT labels FROM models ORDER BY id = (SELECT model_id FROM heard WHERE segment_id = ?) DESC, id DESC LIMIT 1
"""
    found = connection.execute(query, (segment_id,)).fetchone()
    return () if found is None else tuple(json.loads(found[0]))


def _own_labels(connection: sqlite3.Connection) -> list[str]:
    """Return all labels of corrections, in order; those that are not the model's are a person's own genres."""
    return [label for (label,) in connection.execute("SELECT DISTINCT label FROM corrections ORDER BY label")]


def _known(label: str, labels: Sequence[str], *, may_be_new: bool) -> str:
    """Return the label for a spelling of it: ``No music`` is ``no_music``."""
    by_spelling = {_plain(known): known for known in labels}
    if _plain(label) in by_spelling:
        return by_spelling[_plain(label)]
    if not labels:
        raise CorrectionError("no model has recorded here yet, so there is no label to choose")
    if may_be_new:
        return _new_label(label)
    close = get_close_matches(_plain(label), list(by_spelling), 1)
    known = f"did you mean {by_spelling[close[0]]}?" if close else f"it knows {', '.join(dict.fromkeys(labels))}"
    raise CorrectionError(f"the model does not know {label!r}; {known} (as a genre of your own: --own)")


def _new_label(label: str) -> str:
    """Return a genre of one's own as it is kept; ``CorrectionError`` for what would be no name of one."""
    plain = _plain(label)
    if not OWN_LABEL.fullmatch(plain) or plain in set(State):
        raise CorrectionError(f"{label!r} cannot be the name of a genre: write up to 40 letters, digits and spaces")
    return plain


def _plain(label: str) -> str:
    return label.strip().casefold().replace(" ", "_").replace("-", "_")


def after_corrections(connection: sqlite3.Connection, segment_id: int) -> Corrected | None:
    """Return a segment as it is now; None for one that is no longer kept."""
    row = connection.execute(f"{_COLUMNS} WHERE segments.id = ?", (segment_id,)).fetchone()
    if row is None:
        return None
    _, start_ms, duration_ms, state, genre, confidence, tempo_bpm, label, heard_id = row
    segment = Segment(from_ms(start_ms), duration_ms / 1000, state, genre, confidence, tempo_bpm, label, segment_id)
    return Corrected(segment_id, segment, teaches=heard_id is not None)
