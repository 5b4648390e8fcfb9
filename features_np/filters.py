"""The counterpart of ``librosa.filters``: the filters under which spectra are summed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from features_np.errors import only_in_librosa
from features_np.spectra.chroma import chroma_filterbank
from features_np.spectra.mel import mel_filterbank, warn_of_empty_filters
from features_np.spectra.windows import get_window

__all__ = ["chroma", "get_window", "mel"]


def mel(
    *,
    sr: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
    dtype: DTypeLike = np.float32,
) -> NDArray[Any]:
    """Triangular mel filters.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples in a frame.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, Hz.
    fmax : float, optional
        Upper corner of the highest band, Hz; ``sr / 2`` by default.
    htk : bool
        HTK's mel scale instead of Slaney's.
    norm : str, float or None
        "slaney" gives every filter the same area, a number is a p-norm, None leaves peaks of 1.
    dtype : dtype
        Floating type of the weights.

    Returns
    -------
    numpy.ndarray, shape (n_mels, 1 + n_fft // 2)
        Weights of the bins.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.melspectrogram : The spectrogram that they weight.

    Notes
    -----
    Equals ``librosa.filters.mel`` 0.11; warns as it does where a filter lies between two bins.

    Examples
    --------
    >>> from features_np.filters import mel
    >>> mel(sr=22_050, n_fft=2048).shape
    (128, 1025)
    """
    weights = mel_filterbank(
        sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm, dtype=np.dtype(dtype)
    )
    warn_of_empty_filters(weights, fmin)
    return weights.copy()


def chroma(
    *,
    sr: float,
    n_fft: int,
    n_chroma: int = 12,
    tuning: float = 0.0,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    norm: float | None = 2,
    base_c: bool = True,
    dtype: DTypeLike = np.float32,
) -> NDArray[Any]:
    """Pitch-class filters.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples in a frame.
    n_chroma : int
        Bins in an octave, 12 for semitones.
    tuning : float
        Deviation from A = 440 Hz in fractions of a bin.
    ctroct : float
        Centre of the octaves that count, in octaves above A0 (27.5 Hz).
    octwidth : float or None
        Width in octaves of the Gaussian around ``ctroct``; None counts all alike.
    norm : float or None
        Norm of the weights of a bin.
    base_c : bool
        Whether row 0 is C, or A.
    dtype : dtype
        Floating type of the weights.

    Returns
    -------
    numpy.ndarray, shape (n_chroma, 1 + n_fft // 2)
        Weights of the bins.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.chroma_stft : The spectrogram that they weight.

    Notes
    -----
    Equals ``librosa.filters.chroma`` 0.11.

    Examples
    --------
    >>> from features_np.filters import chroma
    >>> chroma(sr=22_050, n_fft=2048).shape
    (12, 1025)
    """
    return chroma_filterbank(
        sr=sr,
        n_fft=n_fft,
        n_chroma=n_chroma,
        tuning=tuning,
        ctroct=ctroct,
        octwidth=octwidth,
        norm=norm,
        base_c=base_c,
        dtype=np.dtype(dtype),
    ).copy()


if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
