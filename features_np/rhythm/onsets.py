"""Onset strength: increases of energy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from features_np.arrays.products import frame_product
from features_np.errors import ParameterError
from features_np.pcm import require_count
from features_np.spectra.mel import MelSpectra, melspectrogram
from features_np.spectra.spectrum import Array, PadMode, spectrogram
from features_np.spectra.windows import Window
from features_np.units.decibels import power_to_db

#: Pole of the high-pass filter that removes trends.
TREND = 0.99


def onset_strength(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    lag: int = 1,
    max_size: int = 1,
    ref: Array | None = None,
    detrend: bool = False,
    center: bool = True,
    feature: Callable[..., Array] | None = None,
    aggregate: Callable[..., Array] | bool | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    **kwargs: Any,
) -> Array:
    """Spectral flux: the increase of the spectrum from frame to frame.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bands, frames), optional
        Mel spectrogram in dB; that of ``y`` by default, clipped 80 dB below its maximum.
    lag : int
        Frames over which the rise is taken.
    max_size : int
        Bands whose loudest the rise is taken from, against vibrato; 1 for each band itself.
    ref : numpy.ndarray, optional
        Spectrogram that the rise is taken from, in the shape of ``S``.
    detrend : bool
        Whether slow changes are removed.
    center : bool
        Whether values are ``n_fft // (2 * hop_length)`` frames later, so that an onset stands where it is
        heard.
    feature : callable, optional
        Function that computes the spectrogram, taking ``y, sr, n_fft, hop_length``; ``melspectrogram`` by default.
    aggregate : callable, optional
        Function that aggregates the bands, taking ``axis``, such as ``numpy.median``; their mean by default.
    n_fft : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    **kwargs : Any
        Other arguments of ``melspectrogram``, or of ``feature``.

    Returns
    -------
    numpy.ndarray, shape (..., frames)
        dB, 0 or above unless a trend is taken out.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    onset_detect : Where onsets are.

    Notes
    -----
    Böck and Widmer, "Maximum filter vibrato suppression for onset detection" (2013). Equals
    ``librosa.onset.onset_strength`` 0.11.

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
    require_count("max_size", max_size)
    require_count("hop_length", hop_length)
    if aggregate is False:
        raise ParameterError("aggregate is False, which leaves the bands apart; pass what joins them, or None")
    join = aggregate if callable(aggregate) else None
    if S is None and feature is None and ref is None:
        mel = _mel_spectra(y, sr=sr, n_fft=n_fft, hop_length=hop_length, **kwargs)
        envelope = _mel_flux(mel, lag, max_size, join)
    else:
        if S is None:
            make = melspectrogram if feature is None else feature
            S = power_to_db(np.abs(make(y=y, sr=sr, n_fft=n_fft, hop_length=hop_length, **kwargs)))
        envelope = _flux(np.atleast_2d(S), ref, lag, max_size, join)
    shift = n_fft // (2 * hop_length) if center else 0
    strength = np.zeros_like(envelope)
    strength[..., shift:] = envelope[..., : max(envelope.shape[-1] - shift, 0)]
    return _detrended(strength) if detrend else strength


def _mel_flux(mel: MelSpectra, lag: int, max_size: int, join: Callable[..., Array] | None) -> Array:
    """Return the flux (..., frames) of a mel spectrogram, a block of frames at a time."""
    envelope = np.zeros(mel.spectra.shape[0], dtype=mel.dtype)
    shape = mel.spectra.frames.shape  # type: ignore[union-attr]  # that of a signal
    before = np.empty((0, mel.n_mels), dtype=mel.dtype)
    for place, levels in mel.levels():
        known = levels if place.start % shape[-1] == 0 else np.concatenate((before, levels))
        if len(known) > lag:
            rise = rises(known, lag=lag, ref=widest(known, max_size))
            envelope[place.stop - len(rise) : place.stop] = joined(rise, join)
        before = known[-lag:].copy()
    return envelope.reshape(shape)


def _mel_spectra(
    y: Array | None,
    *,
    sr: float,
    n_fft: int,
    hop_length: int,
    win_length: int | None = None,
    window: Window = "hann",
    pad_mode: PadMode = "constant",
    **options: Any,
) -> MelSpectra:
    spectra = spectrogram(
        y=y, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=window, pad_mode=pad_mode
    )
    return MelSpectra(spectra, sr=sr, **options)


def _flux(S: Array, ref: Array | None, lag: int, max_size: int, join: Callable[..., Array] | None) -> Array:
    """Return the flux (..., frames) of a spectrogram in dB, from ``ref`` if there is one."""
    if ref is not None and ref.shape != S.shape:
        raise ParameterError(f"ref has shape {ref.shape}, must have that of the spectrogram, {S.shape}")
    levels = np.swapaxes(S if S.dtype.kind == "f" else S.astype(np.float64), -1, -2)
    below = widest(levels, max_size) if ref is None else np.swapaxes(ref, -1, -2)
    envelope = np.zeros(levels.shape[:-1], dtype=levels.dtype)
    if levels.shape[-2] > lag:
        envelope[..., lag:] = joined(rises(levels, lag=lag, ref=below), join)
    return envelope


def joined(rise: Array, join: Callable[..., Array] | None) -> Array:
    """Return the mean over the bands of ``rise`` (..., frames, bands), or what ``join`` makes of them."""
    if join is not None:
        return np.asarray(join(rise, axis=-1))
    bands = rise.shape[-1]
    return frame_product(rise, np.full((bands, 1), 1 / bands, dtype=rise.dtype))[..., 0]


def widest(levels: Array, size: int) -> Array:
    """Return the loudest of ``size`` bands around each of ``levels`` (..., frames, bands), mirrored at the edges."""
    if size == 1:
        return levels
    around = [(0, 0)] * (levels.ndim - 1) + [(size // 2, (size - 1) // 2)]
    longer, bands = np.pad(levels, around, mode="symmetric"), levels.shape[-1]
    loudest = longer[..., :bands].copy()
    for shift in range(1, size):
        np.maximum(loudest, longer[..., shift : shift + bands], out=loudest)
    return loudest


def _detrended(strength: Array) -> Array:
    """Apply a first-order high-pass filter along time."""
    change, left = np.diff(strength, axis=-1, prepend=0), np.empty(strength.shape)
    state = np.zeros(strength.shape[:-1])
    for frame in range(strength.shape[-1]):
        state = change[..., frame] + TREND * state
        left[..., frame] = state
    return left


def mean_rise(log_mel: Array, *, lag: int = 1) -> Array:
    """Return by how much the bands of ``log_mel`` (frames, bands) rise over ``lag`` frames: (frames - lag,)."""
    return joined(rises(log_mel, lag=lag), None)


def rises(log_mel: Array, *, lag: int = 1, ref: Array | None = None) -> Array:
    """Return by how much each band of ``log_mel`` (..., frames, bands) rises over ``lag`` frames, 0 where it falls."""
    rise = log_mel[..., lag:, :] - (log_mel if ref is None else ref)[..., :-lag, :]
    return np.asarray(np.maximum(rise, 0, out=rise))


def delayed(rise: Array, *, lag: int = 1, shift: int) -> Array:
    """Return the onset strength of as many frames as the ``rise`` over ``lag`` of them comes from."""
    before = np.zeros(lag + shift, dtype=rise.dtype)
    strength: Array = np.concatenate((before, rise))[: len(rise) + lag]
    return strength
