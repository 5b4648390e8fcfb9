"""Mel-frequency cepstral coefficients, and how they change."""

from __future__ import annotations

from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count
from features_np.spectra.decibels import power_to_db
from features_np.spectra.fft import dct
from features_np.spectra.mel import melspectrogram
from features_np.spectra.spectrum import Array

#: What numpy.pad calls the ways to continue data beyond its ends.
_PADDING = {"nearest": "edge", "mirror": "reflect", "constant": "constant", "wrap": "wrap"}


def mfcc(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_mfcc: int = 20,
    dct_type: int = 2,
    norm: str | None = "ortho",
    lifter: float = 0,
    mel_norm: str | float | None = "slaney",
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
) -> Array:
    """Mel-frequency cepstral coefficients.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (n_mels, frames), optional
        Mel spectrogram in dB, taken instead of that of ``y``.
    n_mfcc : int
        Coefficients to return, the 0th included.
    dct_type : int
        Type of the discrete cosine transform along the bands: 1 to 4.
    norm : str or None
        "ortho" for an orthonormal transform.
    lifter : float
        0, or the length of the sine that weighs the coefficients.
    mel_norm : str, float or None
        ``norm`` of the mel filters.
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
    power : float
        Exponent of the magnitudes.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, Hz.
    fmax : float, optional
        Upper corner of the highest band, Hz; ``sr / 2`` by default.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray, shape (n_mfcc, frames)
        Coefficients, in the precision of the input.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    The cosine transform of ``power_to_db(melspectrogram(...))``, so that what is 80 dB below the loudest mel bin of
    the whole signal is clipped (Davis and Mermelstein, 1980). Equals ``librosa.feature.mfcc`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.feature.mfcc(y=y, n_mfcc=13).shape
    (13, 44)
    """
    require_count("n_mfcc", n_mfcc)
    if lifter < 0:
        raise SignalError(f"lifter is {lifter}, must be 0 or above")
    if S is None:
        S = power_to_db(
            melspectrogram(
                y=y,
                sr=sr,
                n_fft=n_fft,
                hop_length=hop_length,
                win_length=win_length,
                window=window,
                center=center,
                pad_mode=pad_mode,
                power=power,
                n_mels=n_mels,
                fmin=fmin,
                fmax=fmax,
                htk=htk,
                norm=mel_norm,
            )
        )
    cepstrum = dct(S, axis=-2, type=dct_type, norm=norm)[:n_mfcc]
    if lifter > 0:
        order = np.arange(1, 1 + len(cepstrum), dtype=cepstrum.dtype)
        cepstrum *= 1 + (lifter / 2) * np.sin(np.pi * order / lifter)[:, np.newaxis]
    return np.asarray(cepstrum)


@lru_cache(maxsize=4)
def dct_matrix(n_mels: int, n_mfcc: int, dtype: type[np.floating[Any]] = np.float32) -> NDArray[Any]:
    """Return the first ``n_mfcc`` columns of the orthonormal DCT-II, of shape (n_mels, n_mfcc).

    ``sqrt(2 / n_mels) cos(pi (m + 1/2) k / n_mels)``, the 0th column divided by sqrt(2).
    """
    bands = np.arange(n_mels)[:, np.newaxis] + 0.5
    matrix = np.sqrt(2.0 / n_mels) * np.cos(np.pi * bands * np.arange(n_mfcc) / n_mels)
    matrix[:, 0] /= np.sqrt(2.0)
    rounded: NDArray[Any] = matrix.astype(dtype)
    rounded.flags.writeable = False
    return rounded


def delta(data: Array, *, width: int = 9, order: int = 1, axis: int = -1, mode: str = "interp") -> Array:
    """Local estimate of a derivative along time.

    Parameters
    ----------
    data : numpy.ndarray
        Features, of any shape.
    width : int
        Frames of the local polynomial, odd, 3 or more.
    order : int
        Order of the derivative and of the polynomial, 1 or more.
    axis : int
        Axis of time.
    mode : str
        Beyond the ends: "interp" goes on with the polynomial there; "nearest", "mirror", "constant" and "wrap"
        continue the data.

    Returns
    -------
    numpy.ndarray
        The derivative per frame, in the shape of ``data``.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Savitzky and Golay, "Smoothing and differentiation of data by simplified least squares procedures" (1964).
    Equals ``librosa.feature.delta`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.feature import delta
    >>> delta(np.arange(10.0) ** 2, width=3).round(6)
    array([ 2.,  2.,  4.,  6.,  8., 10., 12., 14., 16., 16.])
    """
    require_count("width", width, 3)
    require_count("order", order)
    values = np.moveaxis(np.atleast_1d(data), axis, -1)
    if width % 2 == 0 or order >= width:
        raise SignalError(f"width is {width}, must be odd and above order ({order})")
    if mode != "interp" and mode not in _PADDING:
        raise SignalError(f"mode is {mode!r}, must be interp, {', '.join(_PADDING)}")
    if mode == "interp" and width > values.shape[-1]:
        raise SignalError(f"width is {width}, the data has {values.shape[-1]} frames; take less or another mode")
    half = width // 2
    fits = np.linalg.pinv(np.vander(np.arange(-half, half + 1), order + 1, increasing=True))
    dtype = np.float64 if values.dtype == np.float64 else np.float32
    if mode == "interp":
        inner = _windows(values, width) @ (factorial(order) * fits[order])
        # the polynomial of this order through the first and last frames has one derivative everywhere
        ends = [np.repeat(inner[..., at : at + 1], half, axis=-1) for at in (0, inner.shape[-1] - 1)]
        result = np.concatenate((ends[0], inner, ends[1]), axis=-1)
    else:
        padding = [(0, 0)] * (values.ndim - 1) + [(half, half)]
        longer = np.pad(values, padding, mode=_PADDING[mode])  # type: ignore[call-overload]
        result = _windows(longer, width) @ (factorial(order) * fits[order])
    return np.moveaxis(result, -1, axis).astype(dtype)


def _windows(values: Array, width: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(values.astype(np.float64), width, axis=-1)
