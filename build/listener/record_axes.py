"""Axes of the listener's embeddings along which records differ, by which a device notices a change of record.

A linear discriminant analysis (Fisher 1936) whose classes are recordings, not genres: what varies from one second of a
recording to the next counts little, what tells it from others counts much.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import scipy.linalg
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED, Condition
from build.audio.read import read_recording
from build.corpora.listening_conditions import TRAINING
from build.extract.extractor import Extractor, Rows
from build.extract.parallel import in_order
from build.tables.pieces import Piece
from features_np.front_end import PatchSpec

N_AXES = 16
#: Share of the identity in the covariance within a record; with less, axes fit the artists that they are learnt from.
SHRINKAGE = 0.9
#: Each piece is heard as it was recorded, and through a microphone of training.
CONDITIONS = (AS_RECORDED, next(condition for condition in TRAINING if condition.part))


def hear_records(pieces: Sequence[Piece], by: Extractor) -> list[Rows]:
    """Return the listener's outputs for the patches of each piece in each of ``CONDITIONS``: (patches, numbers)."""
    items = [(index, condition) for index in range(len(pieces)) for condition in CONDITIONS]
    return in_order(partial(_patches, pieces=tuple(pieces), by=by), items, "records")


def _patches(item: tuple[int, Condition], pieces: tuple[Piece, ...], by: Extractor) -> Rows:
    piece, condition = pieces[item[0]], item[1]
    audio = condition(piece.name, read_recording(piece.path, by.spec))
    return by.patches(audio)[0]


def patches_in_a_second(spec: PatchSpec) -> int:
    """Return how many patches end in a second, at least 1."""
    return max(1, round(1 / spec.hop_s))


def record_axes(records: Sequence[Rows], per_second: int) -> NDArray[np.float32]:
    """Return a kernel (numbers, ``N_AXES``): on its axes seconds of one recording have deviation 1.

    ``records`` are rows of patches, (patches, numbers) for each recording, of which ``per_second`` end in a second;
    recordings of less than two seconds are skipped.
    """
    records = [rows.astype(np.float64) for rows in records if len(rows) >= 2 * per_second]
    deviation = np.vstack(records).std(axis=0) + 1e-3
    size = len(deviation)
    within, centres = np.zeros((size, size)), []
    for rows in records:
        seconds = sliding_window_view(rows, per_second, axis=0).sum(axis=-1) / per_second / deviation
        centres.append(seconds.mean(axis=0))
        rest = seconds - centres[-1]
        within += rest.T @ rest / len(rest) / len(records)
    shrunken = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / size * np.eye(size)
    _, axes = scipy.linalg.eigh(np.cov(np.array(centres).T), shrunken, subset_by_index=[size - N_AXES, size - 1])
    axes /= np.sqrt(np.einsum("ia,ij,ja->a", axes, within, axes))
    return np.asarray(axes / deviation[:, np.newaxis], dtype=np.float32)
