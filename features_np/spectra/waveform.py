"""What a waveform says frame by frame: zero crossings and level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_signal
from features_np.spectra.spectrum import PAD_MODES, Array, frame_signal, require_spectrogram

#: What counts as zero when signs are compared; librosa.zero_crossings' default.
ZERO = 1e-10


def zero_crossing_rate(
    y: Array, *, frame_length: int = 2048, hop_length: int = 512, center: bool = True
) -> NDArray[np.float64]:
    """Share of a frame's samples at which the signal changes sign.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Mono signal, floating, full scale 1.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    center : bool
        Whether frames are centred; the first and the last sample are then continued.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        0 to 1, float64.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Equals ``librosa.feature.zero_crossing_rate`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> float(librosa.feature.zero_crossing_rate(y)[0, 20].round(3))  # 880 / 22,050
    0.04
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


def rms(
    *,
    y: Array | None = None,
    S: Array | None = None,
    frame_length: int = 2048,
    hop_length: int = 512,
    center: bool = True,
    pad_mode: str = "constant",
) -> Array:
    """Root of the mean square of each frame: its level.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        Full scale is 1; in the precision of the input.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Of ``S``, by Parseval's theorem, whose windows lower the level. Equals ``librosa.feature.rms`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> round(float(librosa.feature.rms(y=y)[0, 20]), 3)  # a sine's is the root of 1/2
    0.707
    """
    require_count("frame_length", frame_length)
    require_count("hop_length", hop_length)
    if y is not None:
        return _rms_of_signal(require_signal(y), frame_length, hop_length, center, pad_mode)
    if S is None:
        raise SignalError("neither y nor S is given; pass a signal or its spectrogram")
    power = require_spectrogram(S) ** 2
    if len(power) != frame_length // 2 + 1:
        raise SignalError(f"S has {len(power)} bins, a frame_length of {frame_length} has {frame_length // 2 + 1}")
    power[0] /= 2
    if frame_length % 2 == 0:
        power[-1] /= 2
    return np.asarray(np.sqrt(2 * np.sum(power, axis=0, keepdims=True)) / frame_length)


def _rms_of_signal(signal: Array, frame_length: int, hop_length: int, center: bool, pad_mode: str) -> Array:
    if center:
        if pad_mode not in PAD_MODES:
            raise SignalError(f"pad_mode is {pad_mode!r}, must be one of {', '.join(PAD_MODES)}")
        signal = np.pad(signal, frame_length // 2, mode=pad_mode)  # type: ignore[call-overload]
    elif len(signal) < frame_length:
        raise SignalError(f"{len(signal)} samples are less than one frame of {frame_length}; centre it or give more")
    frames = frame_signal(signal, frame_length, hop_length)
    level = np.sqrt(np.einsum("ij,ij->i", frames, frames) / frame_length)
    return np.asarray(level.astype(signal.dtype)[np.newaxis])
