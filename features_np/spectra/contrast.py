"""Flatness and contrast of spectra: noise against tones, in total and by octave."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features_np.errors import ParameterError
from features_np.pcm import require_count
from features_np.spectra.spectrum import Array, PadMode, by_frames, fft_frequencies, spectrogram
from features_np.spectra.windows import Window
from features_np.units.decibels import power_to_db


def spectral_flatness(
    *,
    y: Array | None = None,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    amin: float = 1e-10,
    power: float = 2.0,
) -> Array:
    """Flatness of a frame's spectrum: near 1 for noise, near 0 for tones.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    amin : float
        Smaller values are raised to this.
    power : float
        Exponent of the magnitudes.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        0 for a tone to 1 for a flat spectrum.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    spectral_contrast : How peaks stand out in each octave.

    Notes
    -----
    The geometric mean of the powers over their arithmetic mean (Dubnov, 2004). Equals
    ``librosa.feature.spectral_flatness`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> noise = np.random.default_rng(0).standard_normal(22_050).astype(np.float32)
    >>> [bool(librosa.feature.spectral_flatness(y=signal)[0, 20] > 0.1) for signal in (y, noise)]
    [False, True]
    """
    if not amin > 0:
        raise ParameterError(f"amin is {amin}, must be above 0")
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        precise=True,
    )

    def flatness(frames: Array, _: slice) -> Array:
        raised = np.square(frames) if power == 2 else frames**power
        np.maximum(raised, raised.dtype.type(amin), out=raised)
        weights = np.full((raised.shape[1], 1), 1 / raised.shape[1], dtype=raised.dtype)
        mean = raised @ weights
        return np.asarray(np.exp(np.log(raised, out=raised) @ weights) / mean)

    return by_frames(spectra, 1, flatness, spectra.dtype)


def spectral_contrast(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    freq: Array | None = None,
    fmin: float = 200.0,
    n_bands: int = 6,
    quantile: float = 0.02,
    linear: bool = False,
) -> NDArray[np.float64]:
    """Height of peaks above valleys in each octave.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    freq : numpy.ndarray, shape (bins,), optional
        Frequencies of the bins in Hz; those of the transform by default.
    fmin : float
        Upper edge of the lowest band, Hz; each of the others is an octave.
    n_bands : int
        Octaves above ``fmin``.
    quantile : float
        Share of a band's bins that makes up its peak, and its valley.
    linear : bool
        Whether the answer is a difference of magnitudes, or of decibels.

    Returns
    -------
    numpy.ndarray, shape (..., n_bands + 1, frames)
        dB unless ``linear``, float64.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    spectral_flatness : The noisiness of the whole spectrum.

    Notes
    -----
    Jiang, Lu, Zhang, Tao and Cai, "Music type classification by spectral contrast feature" (2002). Equals
    ``librosa.feature.spectral_contrast`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> int(librosa.feature.spectral_contrast(y=y).mean(axis=1).argmax())  # the octave of 400 to 800 Hz
    2
    """
    require_count("n_bands", n_bands)
    if not 0 < quantile < 1:
        raise ParameterError(f"quantile is {quantile}, must be between 0 and 1")
    edges = np.append(0.0, fmin * 2.0 ** np.arange(n_bands + 1))
    if not fmin > 0 or edges[-2] >= sr / 2:
        raise ParameterError(
            f"{n_bands} octaves from fmin, {fmin} Hz, reach beyond {sr / 2:g} Hz; lower fmin or n_bands"
        )
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        precise=True,
    )
    frequencies = fft_frequencies(sr=sr, n_fft=spectra.n_fft) if freq is None else np.atleast_1d(freq)
    if frequencies.shape != (spectra.shape[1],):
        raise ParameterError(
            f"freq has shape {frequencies.shape}, must be {spectra.shape[1]} frequencies, one for each bin"
        )
    bands = [_band(frequencies, low, high, band, n_bands) for band, (low, high) in enumerate(pairwise(edges))]

    def extremes(frames: Array, _: slice) -> Array:
        found = np.empty((len(frames), 2 * len(bands)))
        for band, (inside, n_bins) in enumerate(bands):
            n_extreme, magnitudes = max(int(np.rint(quantile * n_bins)), 1), frames[:, inside]
            if n_extreme == 1:
                lowest, highest = magnitudes.min(axis=1), magnitudes.max(axis=1)
            else:
                ordered = np.array(magnitudes, order="C")  # contiguous bins are sorted faster
                ordered.sort(axis=1)
                lowest, highest = ordered[:, :n_extreme].mean(axis=1), ordered[:, -n_extreme:].mean(axis=1)
            found[:, band], found[:, len(bands) + band] = lowest, highest
        return found

    valleys, peaks = np.split(by_frames(spectra, 2 * len(bands), extremes), 2, axis=-2)
    return np.asarray(peaks - valleys if linear else power_to_db(peaks) - power_to_db(valleys))


def _band(frequencies: Array, low: float, high: float, band: int, n_bands: int) -> tuple[slice, int]:
    """Return the bins that are sorted, and how many bins the quantile is one of.

    Neighbours share a bin, but for the last of each that is not the highest.
    """
    inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
    if not inside.size:
        raise ParameterError(f"no bin lies between {low:g} and {high:g} Hz; take a longer n_fft or a higher fmin")
    first = inside[0] - (band > 0)
    last = len(frequencies) if band == n_bands else inside[-1] + 1
    return slice(first, last - (band < n_bands)), last - first
