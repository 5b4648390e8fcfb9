"""Recordings that are there twice are found by what is heard of them, others are not."""

from __future__ import annotations

import numpy as np

from build.tables.duplicates import duplicates
from build.tables.feature_table import FeatureTable


def test_another_encoding_is_the_same_and_another_song_is_not() -> None:
    """Encodings are 0.08 deviations apart at most, another excerpt of a piece 0.19 (160 pieces of Emotify)."""
    rng = np.random.default_rng(0)
    songs = rng.standard_normal((20, 500))
    rows = np.vstack([songs, songs[3] + 0.08 * rng.standard_normal(500), songs[4] + 0.25 * rng.standard_normal(500)])
    rows = np.vstack([rows, rows[20] + 0.08 * rng.standard_normal(500)]).astype(np.float32)
    rows = np.hstack([rows, np.full((len(rows), 1), 7.0, dtype=np.float32)])
    names, columns = tuple(f"{row:02d}" for row in range(len(rows))), tuple(map(str, range(rows.shape[1])))
    found = duplicates(FeatureTable(names, ("rock",) * len(rows), columns, rows))
    assert found == {"rock/20": "rock/03", "rock/22": "rock/03"}


def test_nothing_that_varies_says_nothing() -> None:
    table = FeatureTable(("1", "2"), ("rock", "rock"), ("x",), np.ones((2, 1), dtype=np.float32))
    assert duplicates(table) == {}
