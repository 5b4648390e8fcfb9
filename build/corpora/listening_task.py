"""The task of a model with a listener: all music with audio beside the project, in every condition.

Rows are computed in every condition of ``build.corpora.listening_conditions``: as recorded, in windows and through the
microphones of training; of the tracks that evaluate also with rooms, noises and voices that training does not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from build.audio.condition import AS_RECORDED, Condition
from build.corpora import no_music
from build.corpora.listening_conditions import MICROPHONES, RECORDED_ROOM, TALKERS, TRAINING
from build.corpora.task import Task
from build.extract.extractor import Extractor, Rows
from build.extract.rows import rows_of, styles_of
from build.tables.feature_table import FeatureTable, Track
from build.tables.pieces import GTZAN_VALID, Piece, read_phone
from build.tables.splits import FAULT_FILTERED


def hear_task(pieces: Sequence[Piece], labels: Sequence[str], data: Path, by: Extractor, seed: int) -> Task:
    """Compute the rows of all pieces in all conditions; takes minutes."""
    train, valid = learning(pieces, labels), [piece for piece in pieces if piece.collection == GTZAN_VALID]
    train_tables = _tables(train, (*TRAINING, MICROPHONES[0]), by)
    # The training conditions of these serve the folds over the artists of both lists.
    valid_tables = _tables(valid, (*TRAINING, *MICROPHONES, *TALKERS, RECORDED_ROOM), by)
    judged, phone = [*train, *valid], read_phone(data)
    return Task(
        split=FAULT_FILTERED,
        train=train_tables.pop(AS_RECORDED.name),
        valid=valid_tables.pop(AS_RECORDED.name),
        tracks={_key(piece): _track(piece) for piece in (*pieces, *phone)},
        train_conditions=train_tables,
        valid_conditions=valid_tables,
        clips=frozenset(_key(piece) for piece in pieces if not piece.whole),
        no_music=no_music.hear_windows(no_music.windows_everywhere(data, seed), by),
        outside_genres=_recorded([piece for piece in pieces if piece.genre not in labels], by),
        styles=_table(judged, by.styles, styles_of(_paths(judged), by)),
        phone=_recorded(phone, by),
    )


def learning(pieces: Sequence[Piece], labels: Sequence[str]) -> list[Piece]:
    """Return the pieces that train."""
    return [piece for piece in pieces if piece.genre in labels and piece.collection != GTZAN_VALID]


def _tables(pieces: Sequence[Piece], conditions: Sequence[Condition], by: Extractor) -> dict[str, FeatureTable]:
    rows = rows_of(_paths(pieces), conditions, by)
    return {
        condition.name: _table(pieces, by.vector_names, rows[:, number]) for number, condition in enumerate(conditions)
    }


def _recorded(pieces: Sequence[Piece], by: Extractor) -> FeatureTable:
    return _tables(pieces, (AS_RECORDED,), by)[AS_RECORDED.name]


def _paths(pieces: Sequence[Piece]) -> dict[str, Path]:
    return {piece.name: piece.path for piece in pieces}


def _table(pieces: Sequence[Piece], columns: Sequence[str], rows: Rows) -> FeatureTable:
    genres = tuple(piece.genre for piece in pieces)
    return FeatureTable(tuple(_track_id(piece) for piece in pieces), genres, tuple(columns), rows)


def _track_id(piece: Piece) -> str:
    return piece.name.removeprefix(f"{piece.genre}/")


def _key(piece: Piece) -> str:
    return f"{piece.genre}/{_track_id(piece)}"


def _track(piece: Piece) -> Track:
    collection, _, split = piece.collection.partition(" ")
    audio = "full" if piece.whole else "clip"
    return Track(_track_id(piece), piece.genre, split, audio, None, piece.group, None, collection)
