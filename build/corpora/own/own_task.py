"""The task of a model of one's own records: each is evaluated by a model without it, then all of them train."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.corpora.listening_conditions import MICROPHONES, OWN
from build.corpora.own.training_rows import TrainingRows, with_no_music
from build.corpora.task import Task
from build.tables import splits
from build.tables.feature_table import FeatureTable, conditions_beside, load_features, read_tracks, tracks_beside
from edge.live.decision import NO_MUSIC


def own_task(features: Path, shipped: TrainingRows, left_out: Collection[str], *, with_shipped: bool) -> Task:
    """Read what ``build.preprocess`` wrote, except for some tracks; ``with_shipped`` adds the shipped rows' genres."""
    table = _without(load_features(features), left_out)
    known = read_tracks(tracks_beside(features)) if tracks_beside(features).exists() else {}
    kind = "by artist" if known else "random, artists unknown"
    conditions = {
        path.stem: _without(load_features(path), left_out) for path in sorted(conditions_beside(features).glob("*.csv"))
    }
    if with_shipped:
        known = known | shipped.tracks
        table = _stacked(table, shipped.music)
        conditions = {name: _stacked(table, _shipped_music(shipped, name)) for name, table in conditions.items()}
    microphone = conditions.pop(MICROPHONES[0].name)
    task = Task(
        split=f"{splits.N_FOLDS} folds, {kind}, each judged by a model fitted to the others",
        train=table,
        valid=table.without([NO_MUSIC]),
        tracks=known,
        train_conditions=conditions,
        valid_conditions={MICROPHONES[0].name: microphone.without([NO_MUSIC])},
        judged_in_folds=True,
    )
    splits.require_tracks(task.valid)
    return with_no_music(task, shipped)


def folds_of(task: Task, seed: int) -> NDArray[np.int64]:
    """Return the fold in which each track is held out, without the warning that artists are not known."""
    with warnings.catch_warnings(action="ignore", category=splits.LeakySplitWarning):
        return task.folds(task.train, seed)


def _without(table: FeatureTable, keys: Collection[str]) -> FeatureTable:
    return table.rows(row for row, key in enumerate(table.keys) if key not in keys)


def _shipped_music(shipped: TrainingRows, name: str) -> FeatureTable:
    """Return the shipped rows' music in the condition of that name, or in the most similar one that there is."""
    if name in shipped.conditions:
        return shipped.conditions[name]
    if any(condition.name == name and condition.part is None for condition in OWN):
        return shipped.music
    return list(shipped.conditions.values())[-1]


def _stacked(table: FeatureTable, other: FeatureTable) -> FeatureTable:
    """Return the rows of both, NaN in columns that the other table lacks."""
    values = np.full((len(other), len(table.columns)), np.nan, dtype=np.float32)
    places = {name: place for place, name in enumerate(other.columns)}
    shared = [name for name in table.columns if name in places]
    values[:, [table.columns.index(name) for name in shared]] = other.matrix(shared)
    return table.stacked(FeatureTable(other.track_ids, other.genres, table.columns, values))
