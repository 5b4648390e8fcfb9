"""How spectra stand out: flat as noise or peaked as tones, as a whole and octave by octave."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count
from features_np.spectra.decibels import power_to_db
from features_np.spectra.shape import frequencies_of
from features_np.spectra.spectrum import Array, spectrogram


def spectral_flatness(
    *,
    y: Array | None = None,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    amin: float = 1e-10,
    power: float = 2.0,
) -> Array:
    """How much a frame's spectrum is like noise.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
    amin : float
        What is less counts as this much.
    power : float
        Exponent of the magnitudes.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        0 for a tone to 1 for a flat spectrum.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
        raise SignalError(f"amin is {amin}, must be above 0")
    magnitude, _ = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    raised = np.maximum(magnitude.T**power, magnitude.dtype.type(amin))
    geometric = np.exp(np.mean(np.log(raised), axis=1, dtype=np.float64))
    flatness = geometric / np.mean(raised, axis=1, dtype=np.float64)
    return np.asarray(flatness.astype(magnitude.dtype)[np.newaxis])


def spectral_contrast(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    freq: Array | None = None,
    fmin: float = 200.0,
    n_bands: int = 6,
    quantile: float = 0.02,
    linear: bool = False,
) -> NDArray[np.float64]:
    """How far peaks stand above valleys in each octave.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
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
    numpy.ndarray, shape (n_bands + 1, frames)
        dB unless ``linear``, float64.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
        raise SignalError(f"quantile is {quantile}, must be between 0 and 1")
    edges = np.append(0.0, fmin * 2.0 ** np.arange(n_bands + 1))
    if not fmin > 0 or edges[-2] >= sr / 2:
        raise SignalError(f"{n_bands} octaves from fmin, {fmin} Hz, reach beyond {sr / 2:g} Hz; lower fmin or n_bands")
    magnitude, n_fft = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    frequencies = frequencies_of(freq, len(magnitude), sr, n_fft)
    valleys, peaks = (np.zeros((n_bands + 1, magnitude.shape[1])) for _ in range(2))
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        if not inside.size:
            raise SignalError(f"no bin lies between {low:g} and {high:g} Hz; take a longer n_fft or a higher fmin")
        first = inside[0] - (band > 0)  # neighbours share a bin, but for the last of each that is not the highest
        last = len(frequencies) if band == n_bands else inside[-1] + 1
        n_extreme = max(int(np.rint(quantile * (last - first))), 1)
        ordered = np.sort(magnitude[first : last - (band < n_bands)], axis=0)
        valleys[band], peaks[band] = ordered[:n_extreme].mean(axis=0), ordered[-n_extreme:].mean(axis=0)
    return np.asarray(peaks - valleys if linear else power_to_db(peaks) - power_to_db(valleys))
