"""Duplicate recordings under other names and in other formats, found by their features."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform

from build.tables.feature_table import FeatureTable

#: Root mean square of the differences of all columns, in their standard deviations, below which two tracks are one:
#: encodings of one excerpt are 0.02 to 0.08 apart, other excerpts of one piece 0.19, other pieces 0.46 and more.
SAME = 0.15


def duplicates(table: FeatureTable) -> dict[str, str]:
    """Return the key of each track that duplicates an earlier one of the table, with the key of that one."""
    deviation = table.values.std(axis=0)
    varying = deviation > 0
    if not varying.any():
        return {}
    rows = (table.values[:, varying] - table.values[:, varying].mean(axis=0)) / deviation[varying]
    are_near = squareform(pdist(rows)) < SAME * np.sqrt(rows.shape[1])
    found: dict[str, str] = {}
    for row, key in enumerate(table.keys):
        if len(earlier := np.flatnonzero(are_near[row, :row])):
            first = table.keys[earlier[0]]
            found[key] = found.get(first, first)
    return found
