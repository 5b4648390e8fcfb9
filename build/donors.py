"""What a microphone does to a track's features, measured on the tracks that have audio, done to those that have not.

The difference between a track's row through a simulated microphone and its row as recorded is added to other tracks'
rows. To a linear discriminant this says along which directions rows move without becoming another genre (compare
within-class covariance normalization, Hatch, Kajarekar and Stolcke 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build import listening
from build.augment import Part, surroundings
from build.datasets import FeatureTable
from build.errors import DatasetError
from features_np.spec import FeatureSpec

#: Tracks of each genre that are heard; five of GTZAN's genres have no more in full.
DONORS_A_GENRE = 10
#: Seconds of audio that a donor needs: its row as recorded describes the whole track.
WHOLE_TRACK_S = 28.0

Rows = NDArray[np.float32]


def microphone_differences(table: FeatureTable, audio: Path, spec: FeatureSpec) -> Rows:
    """Return rows of simulated microphone minus row in ``table``, one for each donor found under ``audio``."""
    found = listening.find_recordings(audio, table.keys, WHOLE_TRACK_S)
    donors: dict[str, Path] = {}
    for genre in table.labels:
        keys = [key for key in found if key.startswith(f"{genre}/")]
        donors |= {key: found[key] for key in keys[:: max(1, len(keys) // DONORS_A_GENRE)][:DONORS_A_GENRE]}
    heard = listening.features_of(donors, spec, listening.through_microphone(surroundings(Part.TRAINING), draw=0))
    return np.asarray(heard.values - table.select(donors).matrix(spec.vector_names))


def transplant(tables: Sequence[FeatureTable], differences: Rows, spec: FeatureSpec, seed: int) -> FeatureTable:
    """Return a copy of all rows of ``tables``, each with a difference drawn from ``differences`` added."""
    if not len(differences):
        raise DatasetError("no differences to draw from")
    rows = np.vstack([table.matrix(spec.vector_names) for table in tables])
    drawn = np.random.default_rng(seed).integers(0, len(differences), len(rows))
    return FeatureTable(
        track_ids=tuple(track for table in tables for track in table.track_ids),
        genres=tuple(genre for table in tables for genre in table.genres),
        columns=spec.vector_names,
        values=rows + differences[drawn],
    )
