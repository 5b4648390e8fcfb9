"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count
from features_np.spectra.fft import dct
from features_np.spectra.mel import melspectrogram
from features_np.spectra.spectrum import Array, power_to_db


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
    """Cepstral coefficients of ``y``, or of a log-power mel spectrogram ``S`` in dB: shape (n_mfcc, frames).

    The DCT along mel bands of ``power_to_db(melspectrogram(...))``, so values below the loudest mel bin of the whole
    signal by more than 80 dB are clipped. Equals ``librosa.feature.mfcc`` 0.11. Raises ``SignalError``.
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
def dct_matrix(n_mels: int, n_mfcc: int) -> NDArray[np.float32]:
    """Return the first ``n_mfcc`` columns of the orthonormal DCT-II, float32 of shape (n_mels, n_mfcc).

    ``sqrt(2 / n_mels) cos(pi (m + 1/2) k / n_mels)``, the 0th column divided by sqrt(2).
    """
    bands = np.arange(n_mels)[:, np.newaxis] + 0.5
    matrix = np.sqrt(2.0 / n_mels) * np.cos(np.pi * bands * np.arange(n_mfcc) / n_mels)
    matrix[:, 0] /= np.sqrt(2.0)
    single = np.asarray(matrix, dtype=np.float32)
    single.flags.writeable = False
    return single
