"""Pitch: the tuning of a recording and its energy per pitch class."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.spectra.spectrum import Array, normalize, spectrogram

#: Where spectral peaks are looked for, Hz, and how far below a frame's loudest bin; librosa.piptrack's defaults.
PEAK_FMIN = 150.0
PEAK_FMAX = 4000.0
PEAK_THRESHOLD = 0.1


def chroma_stft(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    norm: float | None = np.inf,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    tuning: float | None = None,
    n_chroma: int = 12,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
) -> Array:
    """Chromagram of ``y`` or of a power spectrogram ``S`` (bins, frames): shape (n_chroma, frames), 0 to 1.

    Row 0 is C. ``tuning`` is in fractions of a chroma bin; None estimates it from the same power spectrogram (whose
    squared peaks weigh otherwise than those of ``estimate_tuning(y=y)``, as in librosa). ``norm`` is taken per frame.
    Equals ``librosa.feature.chroma_stft`` 0.11. Raises ``SignalError`` as ``stft`` does.
    """
    require_count("n_chroma", n_chroma)
    power, n_fft = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        power=2,
    )
    if tuning is None:
        tuning = estimate_tuning(S=power, sr=sr, bins_per_octave=n_chroma)
    filters = chroma_filterbank(
        sr=sr, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning, ctroct=ctroct, octwidth=octwidth, base_c=base_c
    )
    return normalize(power.T @ filters.T.astype(power.dtype), norm, axis=-1).T


@lru_cache(maxsize=8)
def chroma_filterbank(
    *,
    sr: float,
    n_fft: int,
    n_chroma: int = 12,
    tuning: float = 0.0,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
) -> NDArray[np.float32]:
    """Return Gaussian pitch-class filters, float32 of shape (n_chroma, 1 + n_fft // 2).

    Each bin spreads over the chroma by a Gaussian whose width is the bin's own in semitones (at least one), is
    normalized to length 1, and weighted by a Gaussian over octaves around ``ctroct`` (Ellis, "Chroma feature
    analysis and synthesis", 2007). Equals ``librosa.filters.chroma`` 0.11.
    """
    n_bins = 1 + n_fft // 2
    hertz = np.arange(1, n_bins + 1) * (require_positive_rate(sr) / n_fft)  # one more, for the last bin's width
    pitch = n_chroma * _octaves(hertz, tuning, n_chroma)
    pitch = np.concatenate(([pitch[0] - 1.5 * n_chroma], pitch))  # 0 Hz has none: far away and wide
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = np.round(n_chroma / 2)
    distance = np.remainder(pitch - np.arange(n_chroma)[:, np.newaxis] + half, n_chroma) - half
    weights = normalize(np.exp(-0.5 * (2 * distance / width) ** 2), 2, axis=0)
    if octwidth is not None:
        weights *= np.exp(-0.5 * ((pitch / n_chroma - ctroct) / octwidth) ** 2)
    if base_c:  # pitch counts from A
        weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)
    filters = np.ascontiguousarray(weights, dtype=np.float32)
    filters.flags.writeable = False
    return filters


def estimate_tuning(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    resolution: float = 0.01,
    bins_per_octave: int = 12,
    hop_length: int | None = None,
    fmin: float = PEAK_FMIN,
    fmax: float = PEAK_FMAX,
    threshold: float = PEAK_THRESHOLD,
) -> float:
    """Estimate how far ``y``, or a magnitude spectrogram ``S``, is from A = 440 Hz.

    Returns fractions of a bin of ``bins_per_octave``, in [-0.5, 0.5) in steps of ``resolution``: the most frequent
    deviation among the louder half of all spectral peaks between ``fmin`` and ``fmax`` Hz that reach ``threshold``
    times their frame's maximum. 0.0 where there are no peaks. Equals ``librosa.estimate_tuning`` 0.11 (which warns
    about an empty set; this does not).
    """
    require_count("bins_per_octave", bins_per_octave)
    magnitude, n_fft = spectrogram(y=y, S=S, n_fft=n_fft, hop_length=hop_length)
    pitches, heights, _ = spectral_peaks(magnitude.T, sr=sr, n_fft=n_fft, fmin=fmin, fmax=fmax, threshold=threshold)
    return tuning_from_deviations(
        pitch_deviations(pitches, resolution=resolution, bins_per_octave=bins_per_octave), heights, resolution
    )


def spectral_peaks(
    frames: Array,
    *,
    sr: float,
    n_fft: int,
    fmin: float = PEAK_FMIN,
    fmax: float = PEAK_FMAX,
    threshold: float = PEAK_THRESHOLD,
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Find the local maxima of ``frames`` (frames, bins) by parabolic interpolation (J. O. Smith, QIFFT).

    Returns frequencies in Hz and interpolated heights, both (peaks,) in frame order, and the number of peaks in each
    frame. The definition is ``librosa.piptrack`` 0.11's: above ``threshold`` times the frame's maximum, above the
    bin below, not less than the bin above; a peak whose parabola tops out beyond its neighbours stays at its bin.
    """
    n_bins = frames.shape[1]
    first, last = _peak_bins(n_bins, sr=sr, n_fft=n_fft, fmin=fmin, fmax=fmax)
    floor = frames.max(axis=1, keepdims=True) * frames.dtype.type(threshold)
    row, column = np.divmod(np.flatnonzero(frames[:, first:last] > floor), max(last - first, 1))
    column += first
    flat, at = np.ravel(frames), row * n_bins + column  # few bins are that loud: the rest works on those alone
    here, below, above = flat[at], flat[at - 1], flat[at + 1]
    peak = (here > below) & (here >= above)
    row, column, here, below, above = row[peak], column[peak], here[peak], below[peak], above[peak]
    slope = (above - below) / 2
    curvature = above.astype(np.float64) + below - 2.0 * here
    wide = np.abs(slope) >= np.abs(curvature)
    shift = np.where(wide, 0.0, -slope / np.where(wide, 1.0, curvature)).astype(frames.dtype)
    pitches = ((column + shift) * float(sr) / n_fft).astype(frames.dtype)
    heights = here + frames.dtype.type(0.5) * slope * shift
    return pitches, heights, np.bincount(row, minlength=len(frames))


def most_peaks(*, sr: float, n_fft: int) -> int:
    """Return how many peaks a frame can have at most: each is higher than the bin before it."""
    first, last = _peak_bins(1 + n_fft // 2, sr=sr, n_fft=n_fft, fmin=PEAK_FMIN, fmax=PEAK_FMAX)
    return max(last - first + 1, 0) // 2


def _peak_bins(n_bins: int, *, sr: float, n_fft: int, fmin: float, fmax: float) -> tuple[int, int]:
    """Return the first bin that can be a peak, and the one after the last."""
    hertz = np.arange(n_bins) * (require_positive_rate(sr) / n_fft)
    inside = np.flatnonzero((hertz >= max(fmin, 0.0)) & (hertz < min(fmax, sr / 2)))
    first = max(int(inside[0]), 1) if inside.size else 1
    return first, min(int(inside[-1]) + 1, n_bins - 1) if inside.size else 1


def pitch_deviations(pitches: Array, *, resolution: float = 0.01, bins_per_octave: int = 12) -> NDArray[np.intp]:
    """Return for each frequency in Hz which step of ``deviation_edges`` its distance from the nearest pitch is in.

    The residual and histogram of ``librosa.pitch_tuning`` 0.11.
    """
    steps = bins_per_octave * _octaves(pitches)
    residual = steps - np.floor(steps)
    residual -= residual >= 0.5
    return np.asarray(np.searchsorted(deviation_edges(resolution), residual, side="right") - 1)


def tuning_from_deviations(deviations: NDArray[Any], heights: Array, resolution: float = 0.01) -> float:
    """Return the most frequent deviation among peaks whose height is at least the median; 0.0 without peaks."""
    if not len(heights):
        return 0.0
    edges = deviation_edges(resolution)
    counts = np.bincount(deviations[heights >= np.median(heights)], minlength=len(edges) - 1)
    return float(edges[np.argmax(counts)])


@lru_cache(maxsize=4)
def deviation_edges(resolution: float) -> NDArray[np.float64]:
    """Return the edges of the tuning histogram, from -0.5 to 0.5 of a bin in steps of about ``resolution``."""
    if not 0 < resolution <= 1:
        raise SignalError(f"resolution is {resolution}, must be above 0 and at most 1")
    return np.linspace(-0.5, 0.5, int(np.ceil(1.0 / resolution)) + 1)


def _octaves(hertz: Array, tuning: float = 0.0, bins_per_octave: int = 12) -> Array:
    """Octaves above A0 (27.5 Hz when in tune), as ``librosa.hz_to_octs``."""
    return np.asarray(np.log2(hertz / (440.0 * 2.0 ** (tuning / bins_per_octave) / 16)))
