"""Styles in feature tables: columns with a listener's scores of AudioSet's styles, and which of them a genre has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from build.tables.feature_table import FeatureTable

#: Beginning of the columns' names.
PREFIX = "style "
#: A style is a genre's if it leads in this share of the genre's tracks at least; the commonest leader is in any case.
LEAST_SHARE = 0.1


def style_columns(styles: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns with the scores of these styles."""
    return tuple(f"{PREFIX}{style}" for style in styles)


def learned_styles(table: FeatureTable) -> dict[str, tuple[str, ...]]:
    """Return the styles of each genre, as its tracks sound, whatever its name is; of genres whose scores are there."""
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
