"""Provenance of a model: digests of the tracks that trained it, so that an evaluation can separate them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.tables.feature_table import FeatureTable

#: Hexadecimal digits of a digest that a sidecar keeps.
N_DIGITS = 12


def trained_on(table: FeatureTable, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return what a sidecar keeps of the tracks of a table: digests of their keys, and of their rows."""
    return {
        "tracks": [_digest(key.encode()) for key in table.keys],
        "rows": [_digest(row.tobytes()) for row in table.matrix(columns)],
    }


def have_trained(
    training: Mapping[str, Any], keys: Sequence[str], rows: NDArray[np.float32] | None = None
) -> NDArray[np.bool_]:
    """Return a mask of the tracks that trained the model with this training record, by their keys and, if given, rows.

    For older bundles without such records it is false everywhere.
    """
    record = training.get("trained_on", {})
    tracks, of_rows = set(record.get("tracks", ())), set(record.get("rows", ()))
    found = np.array([_digest(key.encode()) in tracks for key in keys], dtype=np.bool_)
    if rows is not None:
        found |= np.array([_digest(row.tobytes()) in of_rows for row in rows], dtype=np.bool_)
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:N_DIGITS]
