"""Tasks: the rows that a model is trained on and evaluated with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED, Condition
from build.corpora.corrections import PREFIX
from build.corpora.listening_conditions import MICROPHONES
from build.corpora.no_music import NoMusic
from build.errors import DatasetError
from build.tables import splits
from build.tables.feature_table import (
    FeatureTable,
    Track,
    conditions_beside,
    load_features,
    read_list,
    read_tracks,
    tracks_beside,
)

Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """Rows of two disjoint lists of tracks, as recorded and in other conditions, with metadata of the tracks.

    Attributes
    ----------
    split : str
        Name of the split, which every figure carries.
    train, valid : FeatureTable
        The tracks that train and those that judge, as recorded.
    tracks : mapping of str to Track
        The tracks by key, as far as they are known.
    variants : FeatureTable or None
        Further rows of train tracks: in part, in another version or through a microphone, any number of each.
    train_conditions, valid_conditions : mapping of str to FeatureTable
        The same tracks in another condition, by its name; of ``valid`` perhaps only some.
    clips : frozenset of str
        Keys of the tracks of which there is only a clip; they are judged apart.
    no_music : NoMusic or None
        Windows of what is no music.
    other_music : FeatureTable or None
        Music of any genres, which must not be taken for none, and teaches nothing else.
    no_music_tracks : mapping of str to FeatureTable
        Own tracks of no music, as recorded, by the name of the list that they are on.
    outside_genres : FeatureTable or None
        Music of none of the genres.
    styles : FeatureTable or None
        Scores of the listener's styles for the tracks of both lists.
    phone : FeatureTable or None
        Recordings that a phone made of valid tracks.
    judged_in_folds : bool
        True if all tracks train in the end, and figures are of models fitted without the tracks that they are of.
    test : FeatureTable or None
        Tracks that neither train nor choose: the published model is scored on them, once.
    """

    split: str
    train: FeatureTable
    valid: FeatureTable
    tracks: Mapping[str, Track]
    variants: FeatureTable | None = None
    train_conditions: Mapping[str, FeatureTable] = field(default_factory=dict)
    valid_conditions: Mapping[str, FeatureTable] = field(default_factory=dict)
    clips: frozenset[str] = frozenset()
    no_music: NoMusic | None = None
    other_music: FeatureTable | None = None
    no_music_tracks: Mapping[str, FeatureTable] = field(default_factory=dict)
    outside_genres: FeatureTable | None = None
    styles: FeatureTable | None = None
    phone: FeatureTable | None = None
    judged_in_folds: bool = False
    test: FeatureTable | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The genres in output order."""
        return self.train.labels

    def of_columns(self, columns: Sequence[str]) -> Task:
        """Return the task whose windows of no music have these columns; without any if they lack one."""
        if self.no_music is None:
            return self
        held = self.no_music.columns
        if not set(held).issuperset(columns) if held else self.no_music.rows.shape[1] != len(columns):
            return replace(self, no_music=None, other_music=None)
        other_music = self.other_music and self.other_music.of_columns(columns)
        return replace(self, no_music=self.no_music.of_columns(columns), other_music=other_music)

    def has(self, condition: Condition) -> bool:
        """Return whether there are rows of the train tracks in a condition."""
        return condition == AS_RECORDED or condition.name in self.train_conditions

    def train_table(self, condition: Condition) -> FeatureTable:
        """Return the train tracks in a condition."""
        return self.train if condition == AS_RECORDED else self.train_conditions[condition.name]

    def sample(
        self, columns: Sequence[str], chosen: Chosen | None, *, with_variants: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return rows (n, columns) and targets (n,) of the chosen train tracks, with their variants or without."""
        keys = {key for row, key in enumerate(self.train.keys) if chosen is None or chosen[row]}
        tables = [self.train, self.variants] if with_variants and self.variants else [self.train]
        tables = [table.rows(row for row, key in enumerate(table.keys) if key in keys) for table in tables]
        rows = np.vstack([table.matrix(columns) for table in tables])
        return rows, np.concatenate([table.targets(self.labels) for table in tables])

    def folds(self, table: FeatureTable, seed: int) -> NDArray[np.int64]:
        """Return the fold in which each of a table's tracks is held out."""
        return splits.fold_of(table, self.tracks, seed)

    def artists(self, table: FeatureTable) -> list[str]:
        """Return the artist, or a substitute for one, of each of a table's tracks."""
        return splits.artist_of_rows(table, self.tracks)

    def collections_of(self, table: FeatureTable) -> list[str]:
        """Return the collection of each of a table's tracks, empty where it is not known."""
        return [self.tracks[key].collection if key in self.tracks else "" for key in table.keys]

    def are_whole(self, table: FeatureTable) -> Chosen:
        """Return a mask of the table's tracks that are more than a clip."""
        return np.array([key not in self.clips for key in table.keys], dtype=np.bool_)


def read_task(
    features: Path,
    train_list: Path | None,
    valid_list: Path | None,
    tracks: Path | None,
    test_list: Path | None = None,
) -> Task:
    """Read a task from a features CSV; without lists a fold is held out, by artist where ``tracks`` names them.

    ``tracks`` is by default what ``build.preprocess`` wrote beside the CSV, as are the rows in other conditions. The
    tracks of ``test_list`` neither train nor choose.
    """
    everything = load_features(features)
    tracks = tracks or (beside if (beside := tracks_beside(features)).exists() else None)
    known = read_tracks(tracks) if tracks else {}
    test = everything.select(read_list(test_list)) if test_list else None
    apart = set(test.keys) if test else set()
    table = everything.rows(row for row, key in enumerate(everything.keys) if key not in apart)
    if (train_list is None) != (valid_list is None):
        raise DatasetError("--train-list and --valid-list go together: tracks to train on, tracks to choose on")
    if train_list is not None and valid_list is not None:
        split = splits.from_lists(train_list, valid_list)
        if shared := sorted(apart & {*split.train, *split.valid}):
            raise DatasetError(f"{test_list}: {shared[0]} is also trained or chosen on; take it out of one list")
    else:
        split = splits.held_out_fold(table, known)
    by_condition = {path.stem: load_features(path) for path in sorted(conditions_beside(features).glob("*.csv"))}
    return Task(
        split=split.name,
        train=table.select(split.train),
        valid=table.select(split.valid),
        tracks=known,
        train_conditions={
            name: of.select(split.train) for name, of in by_condition.items() if name != MICROPHONES[0].name
        },
        valid_conditions={
            name: of.select(split.valid) for name, of in by_condition.items() if name == MICROPHONES[0].name
        },
        test=test,
    )


def write_lists(task: Task, folder: Path) -> None:
    """Write the train, valid and test lists into a folder, as ``--train-list`` reads them.

    Corrections are not tracks of the features and are left out.
    """
    tables = {"train": task.train, "valid": task.valid, "test": task.test}
    for name, table in tables.items():
        if table is not None:
            others = task.no_music_tracks[name].keys if name in task.no_music_tracks else ()
            known = zip(table.keys, table.track_ids, strict=True)
            keys = [*(key for key, track_id in known if not track_id.startswith(PREFIX)), *others]
            write_list(keys, folder / f"{name}.txt")


def write_list(keys: Iterable[str], path: Path) -> None:
    """Write a list of tracks, a line each."""
    path.write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
