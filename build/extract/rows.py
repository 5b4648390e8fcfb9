"""Rows of recordings in several conditions, from the cache where they have been computed before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from build.audio.condition import AS_RECORDED, Condition
from build.audio.dataset import find_tracks
from build.audio.read import duration_s, read_recording
from build.errors import DatasetError
from build.extract.extractor import Extractor, Rows
from build.extract.one_file import CACHE_FOLDER, VectorCache
from build.extract.parallel import in_order
from build.files import content_digest
from build.tables.feature_table import FeatureTable
from features_np.spec import FeatureSpec


def find_recordings(folder: Path, keys: Iterable[str], at_least_s: float) -> dict[str, Path]:
    """Return the files of those tracks that have one under ``folder`` which lasts ``at_least_s`` seconds."""
    tracks, keys = find_tracks(folder), list(keys)
    if keys and not tracks.keys() & set(keys):
        raise DatasetError(f"{folder}: has none of the {len(keys)} wanted tracks, the first is {keys[0]}")
    found = {key: tracks[key] for key in keys if key in tracks and duration_s(tracks[key]) >= at_least_s}
    if not found:
        raise DatasetError(f"{folder}: has no recording of at least {at_least_s:g} s of any of the wanted tracks")
    return found


def rows_of(recordings: Mapping[str, Path], conditions: Sequence[Condition], by: Extractor) -> Rows:
    """Return a row for each recording, by name, in each condition: shape (recordings, conditions, numbers)."""
    items = [(name, number) for name in recordings for number in range(len(conditions))]
    cache = VectorCache(CACHE_FOLDER.absolute())
    work = partial(_row, recordings=recordings, conditions=tuple(conditions), by=by, cache=cache)
    rows = in_order(work, items, "hearing")
    return np.array(rows).reshape(len(recordings), len(conditions), -1)


def tables_of(recordings: Mapping[str, Path], conditions: Sequence[Condition], by: Extractor) -> list[FeatureTable]:
    """Return the rows of tracks, by key, as a table for each condition."""
    genres, track_ids = zip(*(key.split("/", maxsplit=1) for key in recordings), strict=True)
    rows = rows_of(recordings, conditions, by)
    return [FeatureTable(track_ids, genres, by.vector_names, rows[:, number]) for number in range(len(conditions))]


def features_of(recordings: Mapping[str, Path], spec: FeatureSpec) -> FeatureTable:
    """Return the features of tracks as recorded."""
    (table,) = tables_of(recordings, [AS_RECORDED], Extractor(spec))
    return table


def styles_of(recordings: Mapping[str, Path], by: Extractor) -> Rows:
    """Return the mean scores of the listener's styles over each recording, shape (recordings, styles)."""
    return np.array(in_order(partial(_styles, by=by), list(recordings.values()), "styles"))


def _styles(path: Path, by: Extractor) -> Rows:
    return np.asarray(by.patches(read_recording(path, by.spec))[1].mean(axis=0))


def _row(
    item: tuple[str, int],
    recordings: Mapping[str, Path],
    conditions: tuple[Condition, ...],
    by: Extractor,
    cache: VectorCache,
) -> Rows:
    name, condition = item[0], conditions[item[1]]
    path = recordings[name]
    content = condition.digest(name, content_digest(path))
    return cache.found_or_made(content, by, lambda: by(condition(name, read_recording(path, by.spec, condition.place))))
