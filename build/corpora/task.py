"""What a model is trained from: rows of two disjoint lists, read from tables and lists of any origin."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.corpora.no_music import NoMusic
from build.errors import DatasetError
from build.tables import splits
from build.tables.feature_table import FeatureTable, Track, load_features, read_list, read_tracks


@dataclass(frozen=True)
class Task:
    """What a model is trained from: rows of two disjoint lists, and the artists where they are known.

    ``variants`` holds further rows of the train tracks, as they sound in part, in another version or through a
    microphone; ``no_music`` rows, of the timbre recipe's groups, of what is none. ``heard_valid`` are the valid tracks
    that have a whole recording, as microphones hear them in rooms and noises of evaluation, a table a draw.
    ``test`` neither trains nor chooses: the published model is scored on it, once.
    """

    split: str
    train: FeatureTable
    valid: FeatureTable
    tracks: Mapping[str, Track]
    variants: FeatureTable | None = None
    no_music: NoMusic | None = None
    heard_valid: tuple[FeatureTable, ...] = ()
    test: FeatureTable | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The genres in output order."""
        return self.train.labels

    def sample(
        self, columns: Sequence[str], keys: Collection[str], *, with_variants: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return rows (n, columns) and targets (n,) of the given train tracks, with their variants or without."""
        tables = [self.train, self.variants] if with_variants and self.variants else [self.train]
        chosen = [table.rows(row for row, key in enumerate(table.keys) if key in keys) for table in tables]
        rows = np.vstack([table.matrix(columns) for table in chosen])
        return rows, np.concatenate([table.targets(self.labels) for table in chosen])


def read_task(features: Path, train_list: Path | None, valid_list: Path | None, tracks: Path | None) -> Task:
    """Read what a model is trained from; without lists a fold is held out, by artist where ``tracks`` names them."""
    table = load_features(features)
    known = read_tracks(tracks) if tracks else {}
    if (train_list is None) != (valid_list is None):
        raise DatasetError("--train-list and --valid-list go together: tracks to train on, tracks to choose on")
    if train_list is not None and valid_list is not None:
        split = splits.from_lists(train_list, valid_list)
    else:
        split = splits.held_out_fold(table, known)
    return Task(split.name, table.select(split.train), table.select(split.valid), known)


def with_test(task: Task, features: Path | None, test_list: Path) -> Task:
    """Return the task with the tracks of a list to be scored on at the end; none of them may train or choose."""
    if features is None:
        raise DatasetError("--test-list needs --features: GTZAN's own test list is kept apart")
    keys = read_list(test_list)
    if shared := sorted(set(keys) & {*task.train.keys, *task.valid.keys}):
        raise DatasetError(f"{test_list}: {shared[0]} is also trained or chosen on; take it out of one list")
    return replace(task, test=load_features(features).select(keys))
