"""Timbre and its movement: statistics of a coarse log-mel spectrogram, and of chroma independent of the key.

A genre depends on the average spectrum, but more on its movement: how much and how fast each band fluctuates, and which
move together. Frames about 90 ms apart are enough for movements up to 5 Hz, and make the statistics cheap. Levels are
relative to the window's loudest mel bin and clipped 40 dB below it, where there is only noise.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features_np.spectra.fft import dct, rfft

Array = NDArray[np.float64]

#: Cepstral coefficients of coarse frames, and those of them in their covariance.
N_TIMBRE, N_COVARIED = 20, 16
#: Equal groups of mel bands whose modulation is measured, and whose roughness and flux.
N_MODULATED_BANDS, N_ROUGHNESS_BANDS = 8, 16

#: Coarse frames in one block of the modulation spectrum (5.7 s at the defaults), half overlapping.
MODULATION_FRAMES = 64
#: Bins of a block's spectrum that are joined: from each edge up to the next, 0.17 Hz a bin at the defaults.
MODULATION_EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 33)


def coarse_frames(levels: list[NDArray[np.float32]], *, interval: float, offset: float, range_db: float) -> Array:
    """Take frames, ``interval`` apart, from a log-mel spectrogram in dB: pieces (frames, n_mels) in order.

    Returns float64 of shape (n, n_mels), n >= 1: dB between ``-range_db`` and 0, relative to the loudest bin of the
    frames taken, of which the first is ``offset`` from the beginning. A shorter spectrogram gives its middle frame.
    """
    ends = np.cumsum([len(piece) for piece in levels])
    last = int(ends[-1]) - 1
    n_coarse = int((last - offset) / interval) + 1
    if last < offset:
        chosen = np.array([(last + 1) // 2])
    else:
        chosen = (interval * np.arange(n_coarse) + offset).astype(np.int64)
    parts = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    begins = (0, *ends[:-1])
    taken = [piece[part - begin] for piece, part, begin in zip(levels, parts, begins, strict=True)]
    return below_peak(np.concatenate(taken), range_db)


def below_peak(frames: NDArray[np.float32] | Array, range_db: float) -> Array:
    """Return levels in dB relative to the loudest, none less than ``-range_db``."""
    levels: Array = frames.astype(np.float64)
    levels -= levels.max()
    return np.maximum(levels, -range_db, out=levels)


def coarse_cepstra(levels: Array) -> Array:
    """Return the first ``N_TIMBRE`` cepstral coefficients of each of ``levels`` (n, n_mels), by orthonormal DCT-II."""
    return np.asarray(dct(levels, type=2, norm="ortho", axis=1)[:, :N_TIMBRE].copy())  # so that the others are not kept


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
    """Return a transposition-invariant description (38,) of chroma means and standard deviations, (12,) each.

    Both sorted by size, then the magnitudes of both discrete Fourier transforms over the pitch classes: a rotation
    changes only their phases. (The DFT of pitch-class profiles: Quinn 2006, General equal-tempered harmony.)
    """
    spectra = (np.abs(rfft(values)) for values in (mean, deviation))
    return np.concatenate([np.sort(mean), np.sort(deviation), *spectra])


def band_modulation(levels: Array) -> Array:
    """Return ``modulation_energy`` of ``N_MODULATED_BANDS`` bands of levels (n, n_mels), row by row."""
    return modulation_energy(_bands(levels, N_MODULATED_BANDS)).ravel()


def band_roughness(levels: Array) -> Array:
    """Return the mean absolute difference between neighbouring mel bins, in ``N_ROUGHNESS_BANDS`` bands."""
    between_bins = _mean_size(np.diff(levels, axis=1))
    return np.asarray(_bands(np.append(between_bins, between_bins[-1])[np.newaxis], N_ROUGHNESS_BANDS)[0])


def band_flux(levels: Array) -> Array:
    """Return the mean absolute change of mel bins from frame to frame, in ``N_ROUGHNESS_BANDS`` bands."""
    return np.asarray(_bands(mean_change(levels)[np.newaxis], N_ROUGHNESS_BANDS)[0])


def mean_change(values: Array) -> Array:
    """Return the mean absolute change of each column from row to row; 0 with a single row, which does not move."""
    return _mean_size(np.diff(values, axis=0)) if len(values) > 1 else np.zeros(values.shape[1])


def slope_deviation(values: Array, n_frames: int = 3) -> Array:
    """Return the standard deviation of the change over ``n_frames`` rows of each column; 0 with fewer rows."""
    slopes = values[n_frames:] - values[:-n_frames]
    return slopes.std(axis=0) if len(slopes) else np.zeros(values.shape[1])


def covariance_roots(cepstra: Array) -> Array:
    """Return the upper triangle of the first ``N_COVARIED`` columns' covariance matrix, as signed square roots."""
    values = cepstra[:, :N_COVARIED]
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred / max(len(values) - 1, 1)
    upper = covariance[_upper_triangle(values.shape[1])]
    return np.asarray(np.sign(upper) * np.sqrt(np.abs(upper)))


def _bands(values: Array, n_bands: int) -> Array:
    """Average equal groups of columns."""
    n_rows, n_columns = values.shape
    groups = values.reshape(n_rows, n_bands, n_columns // n_bands)
    return np.asarray(np.einsum("ijk->ij", groups) / groups.shape[2])  # a mean of short rows takes four times as long


def _mean_size(values: Array) -> Array:
    """Return the mean absolute value of each column, in the memory of ``values``."""
    return np.asarray(np.abs(values, out=values).mean(axis=0))


@lru_cache(maxsize=2)
def _upper_triangle(n: int) -> tuple[NDArray[np.intp], ...]:
    return np.triu_indices(n)
