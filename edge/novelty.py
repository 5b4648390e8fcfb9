"""Notices that another record has begun: the sound of the last seconds is not that of the seconds before.

A window that lies half in one record and half in the next sounds like neither, so what follows a change should be
judged by itself. The measure is the mean distance between the spectral shapes (log-mel bands without their common
level) of the newest ``NEW_S`` seconds and of up to ``OLD_S`` before them, in standard deviations of either. A wrong
alarm costs little: the window is short for a while.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features_np import melspectrogram, power_to_db

#: Seconds compared on both sides of a change, which is noticed about ``NEW_S`` after it; the old ones are at least
#: ``LEAST_OLD_S``.
NEW_S, OLD_S, LEAST_OLD_S = 4, 8, 4
#: Mel bands; coarse, because fine ones follow the melody.
N_BANDS = 24
N_FFT, HOP_LENGTH = 2048, 1024
#: Distance that counts as a change. Measured on 122 tracks of 30 s played one after the other (``tests/edge``).
CHANGE = 1.5
#: Usual standard deviation of a band from second to second within a record, in dB, and its share in the measure: a
#: steady record must not make every fill-in look like a change.
USUAL_DB, USUAL_SHARE = 3.0, 0.1
#: One band counts at most this many standard deviations.
MOST = 6.0

Shapes = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """Spectral shapes of the last seconds, oldest first."""

    shapes: Shapes = ()


def step(memory: Memory, second: NDArray[np.float32], sample_rate: int) -> tuple[Memory, int]:
    """Take in about one second of audio, shape (n,).

    Returns how many seconds ago a new record began, ``NEW_S`` or one less, or 0 if none did.
    """
    shapes = (*memory.shapes, shape(second, sample_rate))[-(NEW_S + OLD_S) :]
    if len(shapes) < NEW_S + LEAST_OLD_S or distance(shapes[:-NEW_S], shapes[-NEW_S:]) <= CHANGE:
        return Memory(shapes), 0
    # A great change is noticed early, when the oldest of the new seconds still belongs to the record before.
    began = max((NEW_S, NEW_S - 1), key=lambda n: distance(shapes[:-n], shapes[-n:]))
    return Memory(shapes[-began:]), began


def shape(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return the spectral shape of ``samples``: ``N_BANDS`` levels in dB around zero."""
    power = melspectrogram(y=samples, sr=sample_rate, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_BANDS)
    decibels = power_to_db(power, top_db=None).mean(axis=1)
    return np.asarray(decibels - decibels.mean(), dtype=np.float32)


def distance(old: Shapes, new: Shapes) -> float:
    """Return the mean over bands of the difference between two groups' means, in standard deviations."""
    before, after = np.asarray(old), np.asarray(new)
    variance = (before.var(axis=0) + after.var(axis=0)) / 2
    scale = np.sqrt(USUAL_SHARE * USUAL_DB**2 + (1 - USUAL_SHARE) * variance)
    deviations = np.abs(after.mean(axis=0) - before.mean(axis=0)) / scale
    return float(np.mean(np.minimum(deviations, MOST)))
