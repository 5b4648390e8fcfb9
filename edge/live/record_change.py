"""Where the present record began: change-point detection on the sound of the last half minute.

A window that lies half in one record and half in the next sounds like neither, so what follows a change should be
judged by itself. The last seconds are partitioned into records, each with one mean sound, such that the squared
distances from these means and a penalty for each record are least together: optimal partitioning (Jackson et al.,
"An algorithm for optimal partitioning of data on an interval", 2005). As it is done anew with each second, what was
taken for a change is taken back when the seconds after it say otherwise.

Sound is described by a second's spectral shape (its cepstrum, but for the level, which anybody may turn) and by how
much its bands move, in usual standard deviations within a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.spectra.cepstrum import dct_matrix
from features_np.spectra.decibels import clip_below_peak

#: Seconds that are looked at, and seconds in a record at least: fewer are a fill-in, or a break.
MOST, SHORTEST = 30, 3
#: Mel bands are joined to so many: finer ones follow the melody. Levels further below a second's loudest are noise.
N_BANDS, RANGE_DB = 16, 40.0
#: What another record costs. Chosen, as the deviations below, on the 260 full tracks of GTZAN's train list.
PENALTY = 21.3

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RecordMemory:
    """Descriptions of the last seconds, oldest first, and where in the stream they are."""

    n_frames: int  # in a description, which should be of about a second
    sounds: tuple[Sound, ...] = ()
    next_frame: int = 0  # the first frame of the stream that is not described yet
    began: int = 0  # frame at which the present record began; 0 for the first


def hear_frames(memory: RecordMemory, first: int, log_mel: NDArray[np.float32]) -> RecordMemory:
    """Take in a log-mel spectrogram (frames, n_mels) in dB, whose first frame is frame ``first`` of a stream.

    Frames that were heard before are passed over.
    """
    if log_mel.shape[1] < N_BANDS:
        return memory  # the model hears no mel bands: there is nothing to go by
    if first > memory.next_frame:
        memory = RecordMemory(memory.n_frames, next_frame=first)
    new, n_frames = log_mel[memory.next_frame - first :], memory.n_frames
    n_new = len(new) // n_frames
    if not n_new:
        return memory
    sounds = (*memory.sounds, *(sound(part) for part in np.split(new[: n_new * n_frames], n_new)))[-MOST:]
    next_frame = memory.next_frame + n_new * n_frames
    oldest, change = next_frame - len(sounds) * n_frames, last_change(np.array(sounds))
    # No record can begin in the first seconds looked at, nor before them: what was found there is no longer doubted.
    undoubted = memory.began if memory.began < oldest + SHORTEST * n_frames else 0
    return RecordMemory(n_frames, sounds, next_frame, oldest + change * n_frames if change else undoubted)


def is_another(before: RecordMemory, now: RecordMemory) -> bool:
    """Say whether a record began between two memories; where one begins may also be corrected by a little."""
    return now.began > before.began + (SHORTEST - 1) * now.n_frames


def sound(log_mel: NDArray[np.float32]) -> Sound:
    """Describe frames (frames, n_mels) in dB by 2 ``N_BANDS`` - 1 numbers, in usual deviations within a record."""
    edges = np.linspace(0, log_mel.shape[1], N_BANDS + 1).astype(int)
    bands = np.add.reduceat(log_mel, edges[:-1], axis=1, dtype=np.float64) / np.diff(edges)
    bands = clip_below_peak(bands, RANGE_DB)
    movement = np.abs(np.diff(bands, axis=0)).mean(axis=0)
    shape, movement = np.stack((bands.mean(axis=0), movement)) @ dct_matrix(N_BANDS, N_BANDS)
    return np.asarray(np.concatenate((shape[1:], movement)) / usual_deviations())


@lru_cache(maxsize=1)
def usual_deviations() -> Sound:
    """Return how far means over four seconds usually are from those of their record, as measured, in dB.

    Of the coefficients of the spectral shape (all but the 0th), then of those of the movement.
    """
    index = np.arange(1, N_BANDS + 1)
    return np.asarray(np.concatenate((2.6 / np.sqrt(index[:-1]), 0.65 * index**-0.8)))


def last_change(sounds: Sound) -> int:
    """Return the index at which the last record of the best partition of ``sounds`` (seconds, numbers) begins."""
    n = len(sounds)
    total = np.concatenate((np.zeros((1, sounds.shape[1])), np.cumsum(sounds, axis=0)))
    power = np.append(0.0, np.cumsum(np.sum(sounds**2, axis=1)))
    length = np.arange(n + 1) - np.arange(n + 1)[:, np.newaxis]  # of the record from one second (row) to another
    products = total @ total.T
    squares = np.diag(products)
    of_means = (squares + squares[:, np.newaxis] - 2 * products) / np.maximum(length, 1)
    scatter = power - power[:, np.newaxis] - of_means
    cost = np.where(length >= SHORTEST, scatter / sounds.shape[1] + PENALTY, np.inf)
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=int)
    best[0] = 0.0
    for stop in range(SHORTEST, n + 1):
        costs = best[:stop] + cost[:stop, stop]
        last[stop] = costs.argmin()
        best[stop] = costs[last[stop]]
    return int(last[n])
