"""Log-mel frames of whole tracks, and the rows of the timbre groups that come from them.

``logmel40.npz`` beside the project holds coarse frames of every GTZAN track, also of those without audio, so they cover
all ten genres evenly, which the audio does not. Frames can be augmented like audio (``build.corpora.frame_variants``),
and give the same statistics as ``features_np.summarize``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.corpora.frame_variants import FrameAugmentation, change_frames
from build.errors import DatasetError
from build.tables.feature_sets import MOVEMENT_GROUPS
from build.tables.feature_table import FeatureTable
from features_np.spec import FeatureSpec
from features_np.vector.groups import COARSE_CEPSTRA, COARSE_LEVELS, GROUPS, Series
from features_np.vector.timbre import below_peak, chroma_profile, coarse_cepstra

#: Coarse frames of a track, shape (frames, n_mels), in dB relative to its loudest mel bin.
Frames = NDArray[np.float64]

FRAMES_FILE = "logmel40.npz"

RANGE_DB = FeatureSpec().coarse_range_db
_SPEC = FeatureSpec()
_CHROMA_COLUMNS = (*_SPEC.group_names("chroma_mean"), *_SPEC.group_names("chroma_std"))
_OF_FRAMES = MOVEMENT_GROUPS[1:]  # all but the profile of chroma

#: The columns that ``timbre_rows`` gives, in order.
TIMBRE_COLUMNS = tuple(name for group in MOVEMENT_GROUPS for name in _SPEC.group_names(group))


def read_frames(path: Path) -> dict[str, Frames]:
    """Read ``logmel40.npz``: uint8 frames by track id, where value v means 40 (v / 255 - 1) dB."""
    try:
        with np.load(path) as archive:
            return {name: RANGE_DB * (archive[name] / 255.0 - 1.0) for name in archive}
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: is not an archive of log-mel frames ({error})") from error


def with_timbre(table: FeatureTable, frames: Mapping[str, Frames]) -> FeatureTable:
    """Return the rows of a table whose tracks have frames, with the timbre columns added to its own."""
    known = table.rows(row for row, track in enumerate(table.track_ids) if track in frames)
    timbre = timbre_rows(known, [frames[track] for track in known.track_ids])
    return FeatureTable(
        known.track_ids, known.genres, (*known.columns, *TIMBRE_COLUMNS), np.hstack([known.values, timbre])
    )


def variants(
    table: FeatureTable, frames: Mapping[str, Frames], changes: Sequence[FrameAugmentation], seed: int
) -> FeatureTable:
    """Return one more row for each track and change: its changed timbre columns, and its unchanged tempo."""
    copies = [_changed(table, frames, change, (seed, number)) for number, change in enumerate(changes)]
    tempo = np.tile(table.matrix(["tempo_bpm"]), (len(copies), 1))
    return FeatureTable(
        table.track_ids * len(copies),
        table.genres * len(copies),
        (*TIMBRE_COLUMNS, "tempo_bpm"),
        np.hstack([np.vstack(copies), tempo]),
    )


def _changed(
    table: FeatureTable, frames: Mapping[str, Frames], change: FrameAugmentation, seed: tuple[int, int]
) -> NDArray[np.float32]:
    rngs = (np.random.default_rng((*seed, row)) for row in range(len(table)))
    changed = [change_frames(frames[track], change, rng) for track, rng in zip(table.track_ids, rngs, strict=True)]
    return timbre_rows(table, changed)


def timbre_rows(table: FeatureTable, frames: list[Frames]) -> NDArray[np.float32]:
    """Return the timbre columns for a table's rows, chroma taken from its own, the rest from the frames beside it."""
    means, deviations = np.hsplit(table.matrix(_CHROMA_COLUMNS).astype(np.float64), 2)
    rows = [
        np.concatenate([chroma_profile(mean, deviation), *_statistics(below_peak(levels, RANGE_DB))])
        for mean, deviation, levels in zip(means, deviations, frames, strict=True)
    ]
    return np.array(rows, dtype=np.float32)


def _statistics(levels: Frames) -> list[Frames]:
    """Return the groups that follow the chroma profile, of the levels of one track."""
    series = {COARSE_LEVELS: Series(levels, _SPEC), COARSE_CEPSTRA: Series(coarse_cepstra(levels), _SPEC)}
    return [group.statistic(series[group.quantity]) for group in map(GROUPS.__getitem__, _OF_FRAMES)]
