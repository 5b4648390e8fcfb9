"""Corrections as rows to train on: the head inputs of corrected segments, with the right labels.

The rows come from a history file (``livegenre correct``). They come from a real microphone in a real room, unlike all
other rows, and from the records that a model got wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from build.errors import DatasetError
from build.tables.feature_table import FeatureTable
from edge.errors import EdgeError
from edge.history.corrections import lessons

#: Beginning of the track id of a correction.
PREFIX = "correction."


def read_corrections(history: Path, inputs: str, columns: Sequence[str]) -> FeatureTable:
    """Return a row for each corrected segment whose numbers are ``columns``, in order, under the digest ``inputs``.

    See ``edge.model.inputs``; rows of models with other inputs are skipped. ``DatasetError`` if the
    file is no history, or a row does not fit what its digest says.
    """
    try:
        found = list(lessons(history, inputs))
    except EdgeError as error:
        raise DatasetError(str(error)) from error
    values = np.zeros((len(found), len(columns)), dtype=np.float32)
    for row, lesson in enumerate(found):
        if len(lesson.vector) != len(columns) or not np.isfinite(lesson.vector).all():
            raise DatasetError(
                f"{history}: holds numbers that are not the {len(columns)} of their digest; it is damaged"
            )
        values[row] = lesson.vector
    return FeatureTable(
        track_ids=tuple(f"{PREFIX}{lesson.segment_id}" for lesson in found),
        genres=tuple(lesson.label for lesson in found),
        columns=tuple(columns),
        values=values,
    )
