"""Descriptors of a waveform's and a spectrum's shape: zero crossings, roll-off, centroid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_signal
from features_np.spectra.spectrum import Array, fft_frequencies, normalize, spectrogram

#: What counts as zero when signs are compared; librosa.zero_crossings' default.
ZERO = 1e-10


def zero_crossing_rate(
    y: Array, *, frame_length: int = 2048, hop_length: int = 512, center: bool = True
) -> NDArray[np.float64]:
    """Share of samples in a frame at which ``y``, shape (n,), changes sign: float64 (1, frames), 0 to 1.

    Centred frames continue the first and the last sample. Equals ``librosa.feature.zero_crossing_rate`` 0.11.
    Raises ``SignalError`` for what is not a signal, or shorter than a frame when not centred.
    """
    signal = require_signal(y)
    frame_length, hop_length = require_count("frame_length", frame_length), require_count("hop_length", hop_length)
    if center:
        signal = np.pad(signal, frame_length // 2, mode="edge")
    elif len(signal) < frame_length:
        raise SignalError(f"{len(signal)} samples are less than one frame of {frame_length}; centre it or give more")
    return crossing_rates(signal, frame_length, hop_length)[np.newaxis]


def crossing_rates(signal: Array, frame_length: int, hop_length: int) -> NDArray[np.float64]:
    """Return the zero-crossing rate of each whole frame of ``signal``: float64 (frames,)."""
    negative = signal < -ZERO
    total = np.zeros(len(signal), dtype=np.int64)  # crossings up to and including each sample
    np.cumsum(negative[1:] != negative[:-1], out=total[1:])
    first = np.arange(0, len(signal) - frame_length + 1, hop_length)
    return np.asarray((total[first + frame_length - 1] - total[first]) / frame_length)


def spectral_rolloff(
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
    roll_percent: float = 0.85,
) -> NDArray[np.float64]:
    """Frequency in Hz below which ``roll_percent`` of a frame's magnitude lies: float64 (1, frames), 0 if silent.

    Equals ``librosa.feature.spectral_rolloff`` 0.11, from ``y`` or a magnitude spectrogram ``S``. Raises
    ``SignalError`` as ``stft`` does, and for a share that is not between 0 and 1.
    """
    if not 0 < roll_percent < 1:
        raise SignalError(f"roll_percent is {roll_percent}, must be between 0 and 1")
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
    frequencies = fft_frequencies(sr=sr, n_fft=n_fft)
    return rolloff_frequencies(magnitude.T, frequencies, roll_percent)[np.newaxis]


def rolloff_frequencies(frames: Array, frequencies: Array, roll_percent: float) -> NDArray[np.float64]:
    """Return the roll-off frequency of each of ``frames`` (frames, bins): float64 (frames,)."""
    total = np.cumsum(frames, axis=1)
    reached = total >= total.dtype.type(roll_percent) * total[:, -1:]
    return np.asarray(frequencies[np.argmax(reached, axis=1)])


def spectral_centroid(
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
) -> NDArray[np.float64]:
    """Mean frequency in Hz of a frame, weighted by magnitude: float64 (1, frames), 0 if silent.

    Equals ``librosa.feature.spectral_centroid`` 0.11, from ``y`` or a magnitude spectrogram ``S``. Raises
    ``SignalError`` as ``stft`` does.
    """
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
    return centroid_frequencies(magnitude.T, fft_frequencies(sr=sr, n_fft=n_fft))[np.newaxis]


def centroid_frequencies(frames: Array, frequencies: Array) -> NDArray[np.float64]:
    """Return the centroid in Hz of each of ``frames`` (frames, bins): float64 (frames,)."""
    return np.asarray(normalize(frames, 1, axis=1) @ frequencies)
