"""Mel-frequency cepstral coefficients, and their derivatives."""

from __future__ import annotations

from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from features_np.errors import ParameterError
from features_np.pcm import require_count
from features_np.spectra.fft import dct
from features_np.spectra.mel import MelSpectra
from features_np.spectra.spectrum import Array, PadMode, spectrogram
from features_np.spectra.windows import Window

#: numpy.pad's names of ways to pad data.
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
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    dtype: DTypeLike = np.float32,
) -> Array:
    """Mel-frequency cepstral coefficients.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., n_mels, frames), optional
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
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
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
    dtype : dtype
        Type of the mel filters.

    Returns
    -------
    numpy.ndarray, shape (..., n_mfcc, frames)
        Coefficients, in the precision of the input.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.melspectrogram : The spectrogram of the cepstrum.
    delta : How it changes.

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
    if not lifter >= 0:
        raise ParameterError(f"lifter is {lifter}, must be 0 or above")
    if S is not None:
        levels = np.asarray(S) if np.asarray(S).dtype.kind == "f" else np.asarray(S, dtype=np.float64)
        cepstrum = np.swapaxes(dct(np.swapaxes(levels, -1, -2), type=dct_type, norm=norm), -1, -2)[..., :n_mfcc, :]
        return _liftered(cepstrum, lifter)
    spectra = spectrogram(
        y=y,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    mel = MelSpectra(
        spectra, sr=sr, power=power, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=mel_norm, dtype=dtype
    )
    rows = np.empty((spectra.shape[0], min(n_mfcc, n_mels)), dtype=mel.dtype)
    for place, decibels in mel.levels():
        rows[place] = dct(decibels, type=dct_type, norm=norm)[:, :n_mfcc]
    return _liftered(spectra.arranged(rows), lifter)


def _liftered(cepstrum: Array, lifter: float) -> Array:
    if lifter:
        order = np.arange(1, 1 + cepstrum.shape[-2], dtype=cepstrum.dtype)
        cepstrum = cepstrum * (1 + (lifter / 2) * np.sin(np.pi * order / lifter))[:, np.newaxis]
    return cepstrum


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


def delta(
    data: ArrayLike,
    *,
    width: int = 9,
    order: int = 1,
    axis: int = -1,
    mode: str = "interp",
    polyorder: int | None = None,
    delta: float = 1.0,
    cval: float = 0.0,
) -> Array:
    """Local estimate of a derivative along time.

    Parameters
    ----------
    data : array_like
        Features, of any shape.
    width : int
        Frames of the local polynomial, odd, 3 or more.
    order : int
        Order of the derivative, 1 or more.
    axis : int
        Axis of time.
    mode : str
        Beyond the ends: "interp" goes on with the polynomial there; "nearest", "mirror", "constant" and "wrap"
        continue the data.
    polyorder : int, optional
        Order of the polynomial, less than ``width``; that of the derivative by default.
    delta : float
        Time between frames.
    cval : float
        Value for "constant".

    Returns
    -------
    numpy.ndarray
        The derivative per frame, in the shape of ``data``: float32 of float32, else float64.

    Raises
    ------
    ParameterError
        For a width that is even, too short for the polynomial or, with "interp", longer than the data.

    See Also
    --------
    mfcc : The features whose changes are used most.

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
    degree = order if polyorder is None else require_count("polyorder", polyorder, 0)
    values = np.moveaxis(np.atleast_1d(data), axis, -1)
    n_frames, half = values.shape[-1], width // 2
    if width % 2 == 0 or degree >= width:
        raise ParameterError(f"width is {width}, must be odd and above the order of the polynomial ({degree})")
    if mode != "interp" and mode not in _PADDING:
        raise ParameterError(f"mode is {mode!r}, must be interp, {', '.join(_PADDING)}")
    if mode == "interp" and width > n_frames:
        raise ParameterError(f"width is {width}, the data has {n_frames} frames; take less or another mode")
    slopes = _slopes(width, degree, order) / delta**order
    padding = [(0, 0)] * (values.ndim - 1) + [(half, half)]
    continued = {"constant_values": cval} if mode == "constant" else {}
    longer = np.pad(values.astype(np.float64), padding, mode=_PADDING.get(mode, "edge"), **continued)  # type: ignore[call-overload]
    joined = np.correlate(np.append(longer, np.zeros(width - 1)), slopes[half])  # what crosses from row to row is cut
    result = joined.reshape(longer.shape)[..., :n_frames].copy()
    if mode == "interp":
        result[..., :half] = values[..., :width] @ slopes[:half].T
        result[..., -half:] = values[..., -width:] @ slopes[half + 1 :].T
    return np.moveaxis(result, -1, axis).astype(np.float32 if values.dtype == np.float32 else np.float64, copy=False)


@lru_cache(maxsize=8)
def _slopes(width: int, degree: int, order: int) -> NDArray[np.float64]:
    """Return the weights of ``width`` frames in a derivative of their polynomial at each of them: (width, width)."""
    place = np.arange(width) - width // 2
    fits = np.linalg.pinv(np.vander(place, degree + 1, increasing=True))
    derived = np.zeros((width, degree + 1))
    for power in range(order, degree + 1):
        derived[:, power] = factorial(power) / factorial(power - order) * place.astype(np.float64) ** (power - order)
    return np.asarray(derived @ fits)
