"""Timbre and its movement: statistics of a coarse log-mel spectrogram, and of chroma whatever the key.

A genre is heard in what a spectrum is on average, but more in how it moves: how much and how fast each band
fluctuates, which move together. Frames about 90 ms apart are enough for movements up to 5 Hz, and make the statistics
a matter of microseconds. Levels are relative to the window's loudest mel bin and clipped 40 dB below it: what lies
deeper is the recording's or the room's noise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features_np.spec import (
    N_COVARIED,
    N_MODULATED_BANDS,
    N_ROUGHNESS_BANDS,
    N_TIMBRE,
    TIMBRE_GROUPS,
    FeatureSpec,
)
from features_np.spectra.fft import dct, rfft

Array = NDArray[np.float64]

#: Coarse frames in one block of the modulation spectrum (5.7 s at the defaults), half overlapping.
MODULATION_FRAMES = 64
#: Bins of a block's spectrum that are joined: from each edge up to the next, 0.17 Hz a bin at the defaults.
MODULATION_EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 33)


def coarse_frames(levels: list[NDArray[np.float32]], spec: FeatureSpec) -> Array:
    """Take frames, ``spec.coarse_interval`` apart, from a log-mel spectrogram in dB: pieces (frames, n_mels) in order.

    Returns float64 of shape (n, n_mels), n >= 1: dB between ``-spec.coarse_range_db`` and 0, relative to the loudest
    bin of the frames taken. A spectrogram too short for the first of them gives its middle frame.
    """
    ends = np.cumsum([len(piece) for piece in levels])
    last = int(ends[-1]) - 1
    n_coarse = int((last - spec.coarse_offset) / spec.coarse_interval) + 1
    if last < spec.coarse_offset:
        chosen = np.array([(last + 1) // 2])
    else:
        chosen = (spec.coarse_interval * np.arange(n_coarse) + spec.coarse_offset).astype(np.int64)
    parts = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    begins = (0, *ends[:-1])
    taken = [piece[part - begin] for piece, part, begin in zip(levels, parts, begins, strict=True)]
    return below_peak(np.concatenate(taken), spec.coarse_range_db)


def below_peak(frames: NDArray[np.float32] | Array, range_db: float) -> Array:
    """Return levels in dB relative to the loudest, none less than ``-range_db``."""
    levels: Array = frames.astype(np.float64)
    levels -= levels.max()
    return np.maximum(levels, -range_db, out=levels)


def timbre_statistics(frames: Array, groups: Collection[str] = TIMBRE_GROUPS) -> dict[str, Array]:
    """Describe coarse frames (n, n_mels) in dB, n >= 1; returns one array for each of the ``groups`` that are here.

    * ``timbre_mean``, ``timbre_std``: of the first cepstral coefficients (orthonormal DCT-II over the mel bands);
    * ``timbre_step``: their mean absolute change from frame to frame;
      ``timbre_slope``: standard deviation of their change over three frames;
    * ``timbre_covariance``: the upper triangle of their covariance matrix, as signed square roots;
    * ``modulation``: log energy of the fluctuation of bands, by modulation frequency (rows) and band (columns);
    * ``roughness``: mean absolute difference between neighbouring mel bins, in groups of bands;
    * ``flux``: mean absolute change of mel bins from frame to frame, in the same groups.

    A statistic that needs more frames than there are is zero: nothing was seen to move.
    """
    cepstra = np.empty((0, 0))
    if any(group.startswith("timbre") for group in groups):
        cepstra = dct(frames, type=2, norm="ortho", axis=1)[:, :N_TIMBRE].copy()  # lest the others be kept
    statistics: dict[str, Callable[[], Array]] = {
        "timbre_mean": lambda: cepstra.mean(axis=0),
        "timbre_std": lambda: cepstra.std(axis=0),
        "timbre_step": lambda: _mean_change(cepstra),
        "timbre_slope": lambda: _slope_deviation(cepstra),
        "timbre_covariance": lambda: _covariance_roots(cepstra[:, :N_COVARIED]),
        "modulation": lambda: modulation_energy(_bands(frames, N_MODULATED_BANDS)).ravel(),
        "roughness": lambda: _roughness(frames),
        "flux": lambda: _bands(_mean_change(frames)[np.newaxis], N_ROUGHNESS_BANDS)[0],
    }
    return {group: statistic() for group, statistic in statistics.items() if group in groups}


def modulation_energy(levels: Array) -> Array:
    """Return how strongly levels (n, bands) in dB fluctuate, as log(1 + energy), shape (modulation bands, bands).

    The energy is the mean power spectrum of half-overlapping Hann-windowed blocks of ``MODULATION_FRAMES`` with
    their mean removed; fewer frames are one shorter block, scaled to the energy that it would have in full length.
    """
    length = min(MODULATION_FRAMES, len(levels))
    window = np.hanning(length)[:, np.newaxis] if length > 2 else np.ones((length, 1))
    blocks = sliding_window_view(levels, length, axis=0)[:: MODULATION_FRAMES // 2].transpose(0, 2, 1)
    spectra = rfft((blocks - blocks.mean(axis=1, keepdims=True)) * window, MODULATION_FRAMES, axis=1)
    power = np.mean(np.abs(spectra) ** 2, axis=0) * (MODULATION_FRAMES / length)
    edges = np.array(MODULATION_EDGES)
    joined: Array = np.add.reduceat(power[: edges[-1]], edges[:-1], axis=0) / np.diff(edges)[:, np.newaxis]
    return np.log1p(joined)


def chroma_profile(mean: Array, deviation: Array) -> Array:
    """Describe chroma means and standard deviations (12,) each in a way that no transposition changes, shape (38,).

    Both sorted by size, then the magnitudes of both discrete Fourier transforms over the pitch classes: a rotation
    changes only their phases. (The DFT of pitch-class profiles: Quinn 2006, General equal-tempered harmony.)
    """
    spectra = (np.abs(rfft(values)) for values in (mean, deviation))
    return np.concatenate([np.sort(mean), np.sort(deviation), *spectra])


def _roughness(frames: Array) -> Array:
    between_bins = _mean_size(np.diff(frames, axis=1))
    return np.asarray(_bands(np.append(between_bins, between_bins[-1])[np.newaxis], N_ROUGHNESS_BANDS)[0])


def _bands(values: Array, n_bands: int) -> Array:
    """Average equal groups of columns."""
    n_rows, n_columns = values.shape
    groups = values.reshape(n_rows, n_bands, n_columns // n_bands)
    return np.asarray(np.einsum("ijk->ij", groups) / groups.shape[2])  # a mean of short rows takes four times as long


def _mean_change(values: Array) -> Array:
    return _mean_size(np.diff(values, axis=0)) if len(values) > 1 else np.zeros(values.shape[1])


def _mean_size(values: Array) -> Array:
    """Return the mean absolute value of each column, in the memory of ``values``."""
    return np.asarray(np.abs(values, out=values).mean(axis=0))


def _slope_deviation(values: Array, n_frames: int = 3) -> Array:
    slopes = values[n_frames:] - values[:-n_frames]
    return slopes.std(axis=0) if len(slopes) else np.zeros(values.shape[1])


def _covariance_roots(values: Array) -> Array:
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred / max(len(values) - 1, 1)
    upper = covariance[_upper_triangle(values.shape[1])]
    return np.asarray(np.sign(upper) * np.sqrt(np.abs(upper)))


@lru_cache(maxsize=2)
def _upper_triangle(n: int) -> tuple[NDArray[np.intp], ...]:
    return np.triu_indices(n)
