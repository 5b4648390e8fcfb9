"""A small data set of made-up feature rows: three genres that differ, with artists, so that all code runs anywhere."""

from __future__ import annotations

import numpy as np

from build.corpora.task import Task
from build.tables import splits
from build.tables.feature_table import FeatureTable, Track
from features_np.spec import FeatureSpec

GENRES = ("folk", "house", "polka")


def made_up_table(n_tracks: int = 90, seed: int = 0, spec: FeatureSpec | None = None) -> FeatureTable:
    """Return rows in plausible units: each genre has a mean of its own, tracks vary around it."""
    spec = spec or FeatureSpec()
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(0, 10, (len(GENRES), len(spec.vector_names)))
    genres = tuple(GENRES[row % len(GENRES)] for row in range(n_tracks))
    targets = np.array([GENRES.index(genre) for genre in genres])
    values = 100 + centres[targets] + rng.normal(0, 3, (n_tracks, len(spec.vector_names)))
    ids = tuple(f"{genre}.{row:05d}" for row, genre in enumerate(genres))
    return FeatureTable(ids, genres, spec.vector_names, values.astype(np.float32))


def made_up_tracks(table: FeatureTable) -> dict[str, Track]:
    """Return tracks of artists with two recordings each."""
    return {
        key: Track(track_id, genre, "", "", None, f"{genre} artist {row // 6}", 120.0)
        for row, (key, track_id, genre) in enumerate(zip(table.keys, table.track_ids, table.genres, strict=True))
    }


def made_up_task(n_tracks: int = 90) -> Task:
    """Return the made-up rows with a fold of artists held out."""
    table = made_up_table(n_tracks)
    tracks = made_up_tracks(table)
    split = splits.held_out_fold(table, tracks)
    return Task(split.name, table.select(split.train), table.select(split.valid), tracks)
