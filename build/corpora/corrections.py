"""What people put right, as rows to train on: the numbers that a model heard of their records, and what these were.

The rows come from a history file (``livegenre correct``). They were heard by a real microphone in a real room, which no
other row here was, and they are of the very records that a model got wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from build.errors import DatasetError
from build.models.frozen_listener import columns_of, inputs_of
from build.tables.feature_table import FeatureTable
from edge.errors import EdgeError
from edge.history.corrections import lessons
from edge.live.decision import NO_MUSIC

if TYPE_CHECKING:
    from build.train import Recipe, Task

#: How often a correction stands among the changed copies, of which each track has about thirty: a record that somebody
#: cared to put right is one of those that will be played again.
COPIES = 30


def taught(task: Task, recipes: Sequence[Recipe], history: Path) -> tuple[Task, tuple[Recipe, ...]]:
    """Return the task with what people put right, and the recipes that hear the numbers that are kept of it.

    Where a history holds numbers of several models, those count of which there are most. Corrections to "no music" are
    passed over: what is none is learned from recordings of it. ``DatasetError`` if there is nothing to learn from.
    """
    known = set(task.train.columns)
    ways = {inputs_of(recipe): columns_of(recipe) for recipe in recipes if known.issuperset(columns_of(recipe))}
    tables = {inputs: read_corrections(history, inputs, columns) for inputs, columns in ways.items()}
    inputs, table = max(tables.items(), key=lambda item: len(item[1]), default=("", task.train.rows([])))
    table = table.without([NO_MUSIC])
    if not len(table):
        raise DatasetError(
            f"{history}: holds no corrected genre with numbers like those of the other rows; extract those as the "
            "recording model hears them (build.preprocess --features listener for the shipped one)"
        )
    table.targets(task.labels)  # refuses a genre that the other rows do not have
    copies = table.rows(row for row in range(len(table)) for _ in range(COPIES))
    changed = task.variants and _of(task.variants, table.columns).stacked(copies)
    train = _of(task.train, table.columns).stacked(table)
    learning = tuple(recipe for recipe in recipes if inputs_of(recipe) == inputs)
    return replace(task, train=train, variants=changed or copies), learning


def read_corrections(history: Path, inputs: str, columns: Sequence[str]) -> FeatureTable:
    """Return a row for each corrected segment whose numbers are ``columns``, in order, under the digest ``inputs``.

    See ``edge.model.inputs``; numbers that a model with other inputs heard are passed over. ``DatasetError`` if the
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
        track_ids=tuple(f"correction.{lesson.segment_id}" for lesson in found),
        genres=tuple(lesson.label for lesson in found),
        columns=tuple(columns),
        values=values,
    )


def _of(table: FeatureTable, columns: tuple[str, ...]) -> FeatureTable:
    """Return a table's rows with these columns alone."""
    return FeatureTable(table.track_ids, table.genres, columns, table.matrix(columns))
