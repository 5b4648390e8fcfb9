"""Spectral peaks, and tuning estimated from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.arrays.order import median
from features_np.errors import ParameterError, warn
from features_np.pcm import require_count, require_positive_rate
from features_np.spectra.spectrum import Array, PadMode, spectrogram
from features_np.spectra.windows import Window
from features_np.units.pitches import hz_to_octs

#: Range of spectral peaks in Hz, and their threshold relative to a frame's loudest bin; librosa.piptrack's defaults.
PEAK_FMIN = 150.0
PEAK_FMAX = 4000.0
PEAK_THRESHOLD = 0.1


def estimate_tuning(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int | None = 2048,
    resolution: float = 0.01,
    bins_per_octave: int = 12,
    hop_length: int | None = None,
    fmin: float = PEAK_FMIN,
    fmax: float = PEAK_FMAX,
    threshold: float = PEAK_THRESHOLD,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    ref: float | Callable[..., Any] | None = None,
) -> float:
    """Estimate how far a signal is from A = 440 Hz.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int or None
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins; None asks ``S``.
    resolution : float
        Step of the answer in bins, above 0 and at most 1.
    bins_per_octave : int
        Bins in an octave, 12 for semitones.
    hop_length : int, optional
        Samples between frames; ``n_fft // 4`` by default.
    fmin : float
        Lowest frequency of a peak, Hz.
    fmax : float
        Highest frequency of a peak, Hz.
    threshold : float
        Share of its frame's maximum that a peak must reach.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    ref : float or callable, optional
        Height that a peak must reach, or what takes the place of each frame's maximum, taking ``axis``.

    Returns
    -------
    float
        Fractions of a bin, at least -0.5 and less than 0.5, in steps of ``resolution``; 0.0 where there are no
        peaks.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.chroma_stft : What is tuned by it.

    Notes
    -----
    The most frequent deviation among the louder half of all spectral peaks. Equals ``librosa.estimate_tuning``
    0.11; warns as it does where there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 442.5 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> round(librosa.estimate_tuning(y=y), 2)  # about a tenth of a semitone sharp
    0.08
    """
    require_count("bins_per_octave", bins_per_octave)
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    limits = {"fmin": fmin, "fmax": fmax, "threshold": threshold, "ref": ref}
    return tuning_of(
        spectra.blocks(1),
        sr=sr,
        n_fft=spectra.n_fft,
        resolution=resolution,
        bins_per_octave=bins_per_octave,
        **limits,  # type: ignore[arg-type]
    )


def tuning_of(
    blocks: Iterable[tuple[slice, Array]],
    *,
    sr: float,
    n_fft: int,
    resolution: float = 0.01,
    bins_per_octave: int = 12,
    fmin: float = PEAK_FMIN,
    fmax: float = PEAK_FMAX,
    threshold: float = PEAK_THRESHOLD,
    ref: float | Callable[..., Any] | None = None,
) -> float:
    """Return the tuning of blocks of spectra (frames, bins), and warn if they have no peaks."""
    found = []
    for _, frames in blocks:
        pitches, heights, _ = spectral_peaks(
            frames, sr=sr, n_fft=n_fft, fmin=fmin, fmax=fmax, threshold=threshold, ref=ref
        )
        deviations = pitch_deviations(pitches, resolution=resolution, bins_per_octave=bins_per_octave)
        found.append((deviations.astype(np.int32), heights))
    heights = np.concatenate([part for _, part in found])
    if not heights.size:
        warn("Trying to estimate tuning from a signal without spectral peaks; it is taken to be 0.0")
    return tuning_from_deviations(np.concatenate([part for part, _ in found]), heights, resolution)


def spectral_peaks(
    frames: Array,
    *,
    sr: float,
    n_fft: int,
    fmin: float = PEAK_FMIN,
    fmax: float = PEAK_FMAX,
    threshold: float = PEAK_THRESHOLD,
    ref: float | Callable[..., Any] | None = None,
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Find the local maxima of ``frames`` (frames, bins) by parabolic interpolation (J. O. Smith, QIFFT).

    Returns frequencies in Hz and interpolated heights, both (peaks,) in frame order, and the number of peaks in each
    frame. The definition is ``librosa.piptrack`` 0.11's: above ``threshold`` times the frame's maximum, above the
    bin below, not less than the bin above; a peak whose parabola tops out beyond its neighbours stays at its bin.
    """
    n_bins = frames.shape[1]
    first, last = _peak_bins(n_bins, sr=sr, n_fft=n_fft, fmin=fmin, fmax=fmax)
    if ref is None or callable(ref):
        peak = frames.max(axis=1) if ref is None else np.asarray(ref(frames, axis=1))
        floor = peak[:, np.newaxis] * frames.dtype.type(threshold)
    else:
        floor = np.full((1, 1), abs(ref), dtype=frames.dtype)
    width, flat = max(last - first, 1), frames.ravel()
    loud = np.flatnonzero(frames[:, first:last] > floor)  # few bins: the rest works on those alone
    row = loud // width
    at = loud + (row * (n_bins - width) + first)
    here = flat.take(at)
    top = ((here > flat.take(at - 1)) & (here >= flat.take(at + 1))).nonzero()[0]
    row, at, here = row.take(top), at.take(top), here.take(top)
    below, above = flat.take(at - 1), flat.take(at + 1)
    slope = (above - below) / 2
    curvature = above.astype(np.float64) + below - 2.0 * here
    wide = np.abs(slope) >= np.abs(curvature)
    shift = np.where(wide, 0.0, -slope / np.where(wide, 1.0, curvature)).astype(frames.dtype)
    pitches = ((at - row * n_bins + shift) * float(sr) / n_fft).astype(frames.dtype)
    heights = here + frames.dtype.type(0.5) * slope * shift
    return pitches, heights, np.bincount(row, minlength=len(frames))


def most_peaks(*, sr: float, n_fft: int) -> int:
    """Return how many peaks a frame can have at most: each is higher than the bin before it."""
    first, last = _peak_bins(1 + n_fft // 2, sr=sr, n_fft=n_fft, fmin=PEAK_FMIN, fmax=PEAK_FMAX)
    return max(last - first + 1, 0) // 2


@lru_cache(maxsize=8)
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
    steps = bins_per_octave * hz_to_octs(pitches)
    residual = steps - np.floor(steps)
    residual -= residual >= 0.5
    edges = deviation_edges(resolution)
    step = np.minimum(((residual + 0.5) * (len(edges) - 1)).astype(np.intp), len(edges) - 2)
    step -= residual < edges.take(step)  # to the last digit; much faster than searchsorted
    step += residual >= edges.take(step + 1)
    return np.asarray(step)


def tuning_from_deviations(deviations: NDArray[Any], heights: Array, resolution: float = 0.01) -> float:
    """Return the most frequent deviation among peaks whose height is at least the median; 0.0 without peaks."""
    if not len(heights):
        return 0.0
    edges = deviation_edges(resolution)
    counts = np.bincount(deviations.compress(heights >= median(heights)), minlength=len(edges) - 1)
    return float(edges[np.argmax(counts)])


@lru_cache(maxsize=4)
def deviation_edges(resolution: float) -> NDArray[np.float64]:
    """Return the edges of the tuning histogram, from -0.5 to 0.5 of a bin in steps of about ``resolution``."""
    if not 0 < resolution <= 1:
        raise ParameterError(f"resolution is {resolution}, must be above 0 and at most 1")
    return np.linspace(-0.5, 0.5, int(np.ceil(1.0 / resolution)) + 1)
