"""Splits into tracks that train and tracks that are scored, each with a name that every figure carries.

GTZAN repeats artists and recordings, so the same features score 66 to 75 % on random folds and 49 to 57 % on the
fault-filtered split. A figure without its split's name is meaningless; a random split is used only if artists are
unknown, with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from build.errors import DatasetError
from build.tables.feature_table import FeatureTable, Track, read_list

N_FOLDS = 5
FAULT_FILTERED = "GTZAN, fault-filtered (Kereliuk, Sturm and Larsen 2015)"

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


class LeakySplitWarning(UserWarning):
    """It is not known which tracks belong together, so figures of this split are too optimistic."""


@dataclass(frozen=True, slots=True)
class Split:
    """Keys of the tracks to train on and of those to choose and score on; no key is in both."""

    name: str
    train: tuple[str, ...]
    valid: tuple[str, ...]

    def __post_init__(self) -> None:
        if shared := sorted(set(self.train) & set(self.valid)):
            raise DatasetError(f"{shared[0]} is in both lists, to train on and to score on; take it out of one")


def from_lists(train: Path, valid: Path) -> Split:
    """Return the split of two list files; it is named after them, or GTZAN's split if they equal its lists."""
    published = train.parent == valid.parent and train.resolve().parent.parent.name == "gtzan"
    name = FAULT_FILTERED if published else f"lists {train.name} and {valid.name}"
    return Split(name, read_list(train), read_list(valid))


def held_out_fold(table: FeatureTable, tracks: Mapping[str, Track], seed: int = 0) -> Split:
    """Return a split that holds out one fold of ``folds``: a fifth of the tracks, whole artists if they are known."""
    require_tracks(table)
    train, valid = next(folds(table, tracks, seed))
    kind = "by artist" if tracks else "random, artists unknown"
    keys = table.keys
    name = f"one fold of {N_FOLDS}, {kind}, seed {seed}"
    return Split(name, tuple(keys[row] for row in train), tuple(keys[row] for row in valid))


def folds(table: FeatureTable, tracks: Mapping[str, Track], seed: int = 0) -> Iterator[Fold]:
    """Yield ``N_FOLDS`` pairs of row indices (train, held out), stratified by genre.

    With ``tracks`` no artist is on both sides; a track whose artist is not known counts as an artist of its own.
    Without, folds are random and a ``LeakySplitWarning`` is issued. Tracks with equal rows are one recording and always
    stay together. There are fewer folds where there are fewer tracks or artists.
    """
    targets, groups = np.array(table.genres), inseparable(table, tracks)
    if not tracks:
        warnings.warn(
            "no tracks.csv names the artists: folds are random, the same artist or recording may be on both sides, "
            "and every figure from them is too good (GTZAN: by 10 to 20 points)",
            LeakySplitWarning,
            stacklevel=2,
        )
    counts = [table.genres.count(genre) for genre in table.labels]
    if tracks or len(set(groups)) < len(table):
        n_folds = max(2, min(N_FOLDS, len(set(groups)), max(counts)))
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        yield from splitter.split(table.values, targets, groups)
    else:
        n_folds = max(2, min(N_FOLDS, *counts))
        yield from StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(table.values, targets)


def require_tracks(table: FeatureTable) -> None:
    """Raise ``DatasetError`` unless every genre has enough tracks to hold out a fold."""
    smallest = min(table.labels, key=table.genres.count)
    n_tracks = table.genres.count(smallest)
    if n_tracks < N_FOLDS:
        raise DatasetError(
            f"{N_FOLDS} folds need at least {N_FOLDS} tracks a genre, the smallest genre has {n_tracks}: {smallest}"
        )


def inseparable(table: FeatureTable, tracks: Mapping[str, Track]) -> list[str]:
    """Return a group name for each row: its artist, or its key; that of an equal row before it, if there is one."""
    groups = artist_of_rows(table, tracks)
    merged = {name: name for name in groups}
    first: dict[bytes, str] = {}
    for name, row in zip(groups, table.values, strict=True):
        kept, dropped = merged[first.setdefault(row.tobytes(), name)], merged[name]
        if kept != dropped:
            merged = {key: kept if value == dropped else value for key, value in merged.items()}
    return [merged[name] for name in groups]


def fold_of(table: FeatureTable, tracks: Mapping[str, Track], seed: int = 0) -> NDArray[np.int64]:
    """Return the fold, 0 to ``N_FOLDS`` - 1, in which each track is held out; each collection is folded by itself."""
    held_out_in = np.zeros(len(table), dtype=np.int64)
    collections = np.array([tracks[key].collection if key in tracks else "" for key in table.keys])
    for collection in np.unique(collections):
        rows = np.flatnonzero(collections == collection)
        for number, (_, held_out) in enumerate(folds(table.rows(rows), tracks, seed)):
            held_out_in[rows[held_out]] = number
    return held_out_in


def artist_of_rows(table: FeatureTable, tracks: Mapping[str, Track]) -> list[str]:
    """Return a group name for each row: its artist, or its own key where that is not known."""
    return artist_of_keys(table.keys, tracks)


def artist_of_keys(keys: Iterable[str], tracks: Mapping[str, Track]) -> list[str]:
    """Return a group name for each track: its artist, or its own key where that is not known."""
    return [(tracks[key].artist if key in tracks else "") or key for key in keys]
