"""Studies of a listener: what it says of styles by itself."""

from __future__ import annotations

import numpy as np

from build.corpora.task import Task
from build.score.listening_studies import zero_shot
from build.tables.feature_table import FeatureTable, Track
from edge.live.styles import GENRE_OF_STYLE

STYLES = tuple(GENRE_OF_STYLE)


def test_a_clip_that_is_shorter_than_a_patch_counts_for_no_style() -> None:
    """Its scores are NaN, whose place among the genres would be the first."""
    names, genres = ("jazz.0", "jazz.1", "rock.0", "blues.0"), ("jazz", "jazz", "rock", "blues")
    scores = np.zeros((4, len(STYLES)), dtype=np.float32)
    scores[0, STYLES.index("Jazz")] = scores[1, STYLES.index("Opera")] = scores[2, STYLES.index("Grunge")] = 0.5
    scores[3] = np.nan
    table = FeatureTable(names, genres, STYLES, scores)
    tracks = {
        key: Track(name, genre, "train", "full", None, "", None, "gtzan")
        for key, name, genre in zip(table.keys, names, genres, strict=True)
    }
    assert zero_shot(Task("made up", table, table.rows([0]), tracks, styles=table)) == [
        ["GTZAN train", 2 / 3, 3],
        ["GTZAN valid", 1.0, 1],
    ]
