"""Onset strength: where the sound rises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features_np.pcm import require_count
from features_np.spectra.decibels import power_to_db
from features_np.spectra.mel import melspectrogram
from features_np.spectra.spectrum import Array


def onset_strength(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    lag: int = 1,
    center: bool = True,
    n_fft: int = 2048,
    hop_length: int = 512,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    aggregate: Callable[..., Array] | None = None,
) -> Array:
    """Spectral flux: by how much the spectrum rises from frame to frame.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bands, frames), optional
        Mel spectrogram in dB; that of ``y`` by default, clipped 80 dB below its maximum.
    lag : int
        Frames over which the rise is taken.
    center : bool
        Whether values are ``n_fft // (2 * hop_length)`` frames later, so that an onset stands where it is
        heard.
    n_fft : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, Hz.
    fmax : float, optional
        Upper corner of the highest band, Hz; ``sr / 2`` by default.
    aggregate : callable, optional
        What joins the bands, taking ``axis``, such as ``numpy.median``; their mean by default.

    Returns
    -------
    numpy.ndarray, shape (frames,)
        dB, 0 or above.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Böck and Widmer, "Maximum filter vibrato suppression for onset detection" (2013), without the filter. Equals
    ``librosa.onset.onset_strength`` 0.11 with its default ``max_size`` and ``detrend``.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> clicks = np.zeros(22_050, dtype=np.float32)
    >>> clicks[11_025] = 1.0
    >>> round(float(librosa.frames_to_time(librosa.onset.onset_strength(y=clicks).argmax())), 2)
    0.51
    """
    require_count("lag", lag)
    require_count("hop_length", hop_length)
    if S is None:
        S = power_to_db(
            melspectrogram(y=y, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin, fmax=fmax)
        )
    shift = n_fft // (2 * hop_length) if center else 0
    log_mel = np.atleast_2d(S).T
    rise = mean_rise(log_mel, lag=lag) if aggregate is None else aggregate(rises(log_mel, lag=lag), axis=1)
    envelope = delayed(rise, lag=lag, shift=shift)[: len(log_mel)]
    return envelope if center else envelope[: S.shape[-1]]


def mean_rise(log_mel: Array, *, lag: int = 1) -> Array:
    """Return by how much the bands of ``log_mel`` (frames, bands) rise over ``lag`` frames: (frames - lag,)."""
    rise = rises(log_mel, lag=lag)
    bands = log_mel.shape[1]
    return np.asarray(rise @ np.full(bands, 1 / bands, dtype=rise.dtype))


def rises(log_mel: Array, *, lag: int = 1) -> Array:
    """Return by how much each band of ``log_mel`` (frames, bands) rises over ``lag`` frames, 0 where it falls."""
    rise = log_mel[lag:] - log_mel[:-lag]
    return np.asarray(np.maximum(rise, 0, out=rise))


def delayed(rise: Array, *, lag: int = 1, shift: int) -> Array:
    """Return the onset strength of as many frames as the ``rise`` over ``lag`` of them comes from."""
    before = np.zeros(lag + shift, dtype=rise.dtype)
    strength: Array = np.concatenate((before, rise))[: len(rise) + lag]
    return strength
