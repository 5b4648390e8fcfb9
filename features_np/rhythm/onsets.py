"""Onset strength: where the sound rises."""

from __future__ import annotations

import numpy as np

from features_np.pcm import require_count
from features_np.spectra.mel import melspectrogram
from features_np.spectra.spectrum import Array, power_to_db


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
) -> Array:
    """Spectral flux: mean over mel bands of the rise in dB over ``lag`` frames; shape (frames,), 0 or above.

    ``S`` is a log-power mel spectrogram in dB (bands, frames); by default that of ``y``, clipped 80 dB below its
    maximum. Centred, the values are shifted by ``n_fft // (2 * hop_length)`` frames, so that an onset stands where it
    is heard. Equals ``librosa.onset.onset_strength`` 0.11 (Böck and Widmer, 2013). Raises ``SignalError``.
    """
    require_count("lag", lag)
    require_count("hop_length", hop_length)
    if S is None:
        S = power_to_db(
            melspectrogram(y=y, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin, fmax=fmax)
        )
    shift = n_fft // (2 * hop_length) if center else 0
    envelope = onset_envelope(np.atleast_2d(S).T, lag=lag, shift=shift)
    return envelope if center else envelope[: S.shape[-1]]


def onset_envelope(log_mel: Array, *, lag: int = 1, shift: int) -> Array:
    """Return the spectral flux of ``log_mel`` (frames, bands) in dB, ``shift`` frames late, as long as ``log_mel``."""
    return delayed(mean_rise(log_mel, lag=lag), lag=lag, shift=shift)[: len(log_mel)]


def mean_rise(log_mel: Array, *, lag: int = 1) -> Array:
    """Return by how much the bands of ``log_mel`` (frames, bands) rise over ``lag`` frames: (frames - lag,)."""
    rise = log_mel[lag:] - log_mel[:-lag]
    bands = log_mel.shape[1]
    return np.asarray(np.maximum(rise, 0, out=rise) @ np.full(bands, 1 / bands, dtype=rise.dtype))


def delayed(rise: Array, *, lag: int = 1, shift: int) -> Array:
    """Return the onset strength of as many frames as the ``rise`` over ``lag`` of them comes from."""
    before = np.zeros(lag + shift, dtype=rise.dtype)
    strength: Array = np.concatenate((before, rise))[: len(rise) + lag]
    return strength
