"""Styles in feature tables: columns with a listener's scores of AudioSet's styles, and the styles of each genre."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from build.tables.feature_table import FeatureTable

#: Beginning of the columns' names.
PREFIX = "style "
#: A style belongs to a genre if it leads in at least this share of its tracks; the most frequent leader always does.
LEAST_SHARE = 0.1


def style_columns(styles: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns with the scores of these styles."""
    return tuple(f"{PREFIX}{style}" for style in styles)


def learned_styles(table: FeatureTable) -> dict[str, tuple[str, ...]]:
    """Return the styles of each genre by its tracks' scores, whatever its name; only of genres with scores."""
    columns = [name for name in table.columns if name.startswith(PREFIX)]
    if not columns:
        return {}
    scores = table.matrix(columns)
    known = np.isfinite(scores).all(axis=1)
    leaders, genres = scores[known].argmax(axis=1), np.array(table.genres)[known]
    found = {}
    for genre in np.unique(genres).tolist():
        counts = np.bincount(leaders[genres == genre], minlength=len(columns))
        chosen = np.flatnonzero(counts >= min(LEAST_SHARE * counts.sum(), counts.max()))
        found[genre] = tuple(columns[index].removeprefix(PREFIX) for index in chosen)
    return found
