"""All that a model with a listener is trained from and judged by, heard once.

Pieces are described in every way of ``build.corpora.hearing_ways``: as recorded and in windows, through microphones of
training, and, for the pieces that judge, through rooms, noises and voices that nothing in training heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.way import AS_RECORDED, Way
from build.corpora import hearing_ways, no_music
from build.corpora.no_music import NoMusic
from build.extract.description import Description, Rows
from build.extract.rows import rows_of, styles_of
from build.tables.pieces import GTZAN_VALID, Piece, fold_of


@dataclass(frozen=True)
class Heard:
    """Rows of pieces by the way in which they are heard, shape (pieces, numbers) each."""

    pieces: tuple[Piece, ...]
    rows: dict[str, Rows]

    def __getitem__(self, way: Way) -> Rows:
        return self.rows[way.name]

    def of(self, chosen: NDArray[np.bool_]) -> Heard:
        """Return the pieces for which ``chosen``, shape (pieces,), is true."""
        kept = tuple(piece for piece, wanted in zip(self.pieces, chosen, strict=True) if wanted)
        return Heard(kept, {name: rows[chosen] for name, rows in self.rows.items()})

    def targets(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Return each piece's index into ``labels``."""
        return np.array([labels.index(piece.genre) for piece in self.pieces])

    def are(self, *collections: str) -> NDArray[np.bool_]:
        """Return which pieces are of these collections."""
        return np.array([piece.collection in collections for piece in self.pieces])

    @property
    def groups(self) -> list[str]:
        """The artist, or what stands for one, of each piece."""
        return [piece.group for piece in self.pieces]


@dataclass(frozen=True)
class ListeningTask:
    """Pieces that train (``train``) and pieces that judge (``valid``); others of no genre here; no music."""

    labels: tuple[str, ...]
    train: Heard
    valid: Heard
    strange: Heard  # electronic music: of none of the genres
    no_music: NoMusic
    styles: Rows  # scores of the listener's styles on the pieces that train, then on those that judge
    seed: int

    @property
    def everything(self) -> Heard:
        """The pieces that train, then those that judge, in the ways that both are heard in."""
        ways = self.train.rows.keys() & self.valid.rows.keys()
        pieces = self.train.pieces + self.valid.pieces
        return Heard(pieces, {way: np.vstack([self.train.rows[way], self.valid.rows[way]]) for way in ways})

    def folds(self, heard: Heard) -> NDArray[np.int64]:
        """Return the fold in which each piece is held out."""
        return fold_of(heard.pieces, self.seed)


def hear_task(
    pieces: Sequence[Piece], labels: tuple[str, ...], data: Path, by: Description, seed: int
) -> ListeningTask:
    """Hear all pieces in all ways; minutes."""
    strange = [piece for piece in pieces if piece.genre not in labels]
    valid = [piece for piece in pieces if piece.collection == GTZAN_VALID]
    train = [piece for piece in pieces if piece.genre in labels and piece.collection != GTZAN_VALID]
    ways = hearing_ways
    judging = (*ways.TRAINING, *ways.MICROPHONES, *ways.TALKERS)  # those of training serve folds over all artists
    return ListeningTask(
        labels=labels,
        train=_heard(train, (*ways.TRAINING, ways.MICROPHONES[0]), by),
        valid=_heard(valid, judging, by),
        strange=_heard(strange, (AS_RECORDED,), by),
        no_music=no_music.hear(data, by, seed),
        styles=styles_of({piece.name: piece.path for piece in (*train, *valid)}, by),
        seed=seed,
    )


def _heard(pieces: Sequence[Piece], ways: Sequence[Way], by: Description) -> Heard:
    rows = rows_of({piece.name: piece.path for piece in pieces}, ways, by)
    return Heard(tuple(pieces), {way.name: rows[:, number] for number, way in enumerate(ways)})
