"""Rows that train own models: inputs of the shipped head for music, and for windows that are no music.

A file of them lies beside the shipped bundle. They are statistics over half a minute, quantized to a fraction of their
deviation: no sound can be recovered from them. An own model learns "no music" from them, and on request the shipped
genres. They fit one listener; for another ``python -m build.listener.make_training_rows`` makes them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.corpora.no_music import EVALUATION_FOLD, NoMusic
from build.corpora.task import Task
from build.errors import DatasetError
from build.files import written_whole
from build.tables.feature_sets import FEATURE_SETS
from build.tables.feature_table import FeatureTable, Track
from edge.live.decision import NO_MUSIC
from edge.model.archive import DAMAGED
from features_np.spec import FeatureSpec

TRAINING_ROWS_FILE = Path(__file__).resolve().parents[3] / "models" / "training_rows.npz"
#: All readable features, which contain those of every recipe.
SPEC = FeatureSpec(groups=FEATURE_SETS["all"])
#: Collection of the tracks, and beginning of their names.
COLLECTION = "shipped"
#: Quantization steps in a column's standard deviation: an eighth is far below the differences between genres.
STEPS = 8

#: Kind of a person's own windows.
OWN_KIND = "own"

_REMEDY = "make it again: python -m build.listener.make_training_rows"


@dataclass(frozen=True)
class TrainingRows:
    """Rows of music, in each condition, and of no music.

    ``conditions`` holds the same tracks by the name of each condition, the first as recorded; ``artists`` has a name
    for what a split must not separate. ``definition`` defines the columns and must equal that of the recipe.
    """

    definition: dict[str, Any]
    conditions: dict[str, FeatureTable]
    artists: tuple[str, ...]
    no_music: NoMusic

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the numbers."""
        return self.music.columns

    @property
    def music(self) -> FeatureTable:
        """The tracks as recorded."""
        return next(iter(self.conditions.values()))

    @property
    def tracks(self) -> dict[str, Track]:
        """The tracks by key."""
        known = zip(self.music.keys, self.music.track_ids, self.music.genres, self.artists, strict=True)
        return {
            key: Track(track_id, genre, "", "full", None, artist, None, COLLECTION)
            for key, track_id, genre, artist in known
        }


def definition_of(listeners: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the definition of the columns that these listeners, as recipes define them, give."""
    return {"feature_spec_digest": SPEC.digest(), "listeners": list(listeners)}


def read_training_rows(listeners: Sequence[dict[str, Any]], path: Path = TRAINING_ROWS_FILE) -> TrainingRows:
    """Read the rows of recipes with these listeners; those without any take the readable columns alone.

    ``DatasetError`` if there is no such file, or it is of another listener or revision of the features.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        document = json.loads(bytes(held["document"]))
    except DAMAGED as error:
        raise DatasetError(f"{path}: cannot be read ({error}); {_REMEDY}") from error
    expected = definition_of(listeners or document["definition"]["listeners"])
    if document["definition"] != expected:
        raise DatasetError(f"{path}: is of another listener or other features than the model's; {_REMEDY}")
    columns, genres = tuple(document["columns"]), tuple(document["genres"])
    names = tuple(f"{COLLECTION}.{number:04d}" for number in range(len(genres)))
    values = held["mean"] + held["scale"] / STEPS * held["music"].astype(np.float32)
    return TrainingRows(
        definition=expected,
        conditions={
            condition: FeatureTable(names, genres, columns, rows)
            for condition, rows in zip(document["conditions"], values, strict=True)
        },
        artists=tuple(document["artists"]),
        no_music=NoMusic(
            held["mean"] + held["scale"] / STEPS * held["no_music"].astype(np.float32),
            tuple(document["kinds"]),
            np.array(document["folds"], dtype=np.int64),
            columns,
        ),
    )


def write_training_rows(shipped: TrainingRows, path: Path = TRAINING_ROWS_FILE) -> None:
    """Write the rows, each column quantized by its own mean and deviation."""
    music = np.stack([table.matrix(shipped.columns) for table in shipped.conditions.values()])
    everything = np.vstack([*music, shipped.no_music.rows])
    mean, scale = np.nanmean(everything, axis=0), np.maximum(np.nanstd(everything, axis=0), 1e-6)
    document = {
        "definition": shipped.definition,
        "columns": shipped.columns,
        "genres": shipped.music.genres,
        "artists": shipped.artists,
        "conditions": list(shipped.conditions),
        "kinds": shipped.no_music.kinds,
        "folds": shipped.no_music.folds.tolist(),
    }

    def stepped(rows: NDArray[np.float32]) -> NDArray[np.int8]:
        steps = np.nan_to_num((rows - mean) / scale * STEPS)  # of a clip without a whole patch: the mean
        return np.asarray(np.clip(np.round(steps), -127, 127), dtype=np.int8)

    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            document=np.frombuffer(json.dumps(document).encode(), dtype=np.uint8),
            mean=mean.astype(np.float32),
            scale=scale.astype(np.float32),
            music=stepped(music),
            no_music=stepped(shipped.no_music.rows),
        )


def with_no_music(task: Task, shipped: TrainingRows) -> Task:
    """Return a task with windows of no music: those of the shipped rows, and its own tracks of ``no_music``.

    These are no genre: those of the train list train, in folds, and those of the other lists evaluate. The shipped rows
    of music are music of other genres.
    """
    columns = tuple(name for name in task.train.columns if name in set(shipped.columns))
    lists = {"train": task.train, "valid": task.valid, **({"test": task.test} if task.test else {})}
    learned = [task.train, *task.train_conditions.values()]
    judging = [task.valid, *task.valid_conditions.values(), *([task.test] if task.test else [])]
    no_music = shipped.no_music.of_columns(columns)
    for tables, judges in ((learned, False), (judging, True)):
        for table in map(_no_music_of, tables):
            folds = np.full(len(table), EVALUATION_FOLD) if judges else np.arange(len(table)) % EVALUATION_FOLD
            no_music = no_music.joined(NoMusic(table.matrix(columns), (OWN_KIND,) * len(table), folds, columns))
    other_music = [table.of_columns(columns) for table in shipped.conditions.values()]
    for table in other_music[1:]:
        other_music[0] = other_music[0].stacked(table)
    return replace(
        task,
        train=task.train.without([NO_MUSIC]),
        valid=task.valid.without([NO_MUSIC]),
        train_conditions={name: table.without([NO_MUSIC]) for name, table in task.train_conditions.items()},
        valid_conditions={name: table.without([NO_MUSIC]) for name, table in task.valid_conditions.items()},
        test=task.test and task.test.without([NO_MUSIC]),
        no_music=no_music,
        other_music=other_music[0],
        no_music_tracks={name: _no_music_of(table) for name, table in lists.items()},
    )


def _no_music_of(table: FeatureTable) -> FeatureTable:
    return table.rows(row for row, genre in enumerate(table.genres) if genre == NO_MUSIC)
