"""The shift that a microphone causes in features: measured on tracks with audio, applied to those without.

The difference between a row through a simulated microphone and the same track's row as recorded is added to other
tracks' rows: a shift along those directions does not change the genre.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import microphone
from build.audio.simulated_microphone import Part
from build.errors import DatasetError
from build.extract.extractor import Extractor
from build.extract.rows import tables_of
from build.tables.feature_table import FeatureTable
from features_np.spec import FeatureSpec

#: Seconds of the track for each simulated microphone: the whole track, and excerpts.
MICROPHONES_S = (np.inf, 15.0, 15.0, 10.0)

Rows = NDArray[np.float32]


def through_microphones(recordings: dict[str, Path], spec: FeatureSpec) -> FeatureTable:
    """Return rows of recordings in rooms and noises of training, one for each of ``MICROPHONES_S``, draw by draw."""
    microphones = [microphone(Part.TRAINING, draw, seconds) for draw, seconds in enumerate(MICROPHONES_S)]
    return functools.reduce(FeatureTable.stacked, tables_of(recordings, microphones, Extractor(spec)))


def differences(degraded: FeatureTable, recorded: FeatureTable) -> Rows:
    """Return the rows of ``degraded`` minus the same tracks' rows in ``recorded``."""
    rows: Rows = recorded.select(degraded.keys).matrix(degraded.columns)
    return degraded.values - rows


def transplant(tables: Sequence[FeatureTable], moves: Rows, spec: FeatureSpec, seed: int) -> FeatureTable:
    """Return a copy of all rows of ``tables``, each with a difference drawn from ``moves`` added."""
    if not len(moves):
        raise DatasetError("no differences to draw from")
    rows = np.vstack([table.matrix(spec.vector_names) for table in tables])
    drawn = np.random.default_rng(seed).integers(0, len(moves), len(rows))
    return FeatureTable(
        track_ids=tuple(track for table in tables for track in table.track_ids),
        genres=tuple(genre for table in tables for genre in table.genres),
        columns=spec.vector_names,
        values=rows + moves[drawn],
    )
