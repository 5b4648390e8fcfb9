"""Samples: the one scale between integers and floats, the one mix to mono, the one check of a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SampleRateError, SignalError

#: Integer value that stands for 1.0. The same number both ways, so that int16 -> float32 -> int16 is the identity.
INT16_SCALE = 32_768.0

#: Sum of squares up to which no spectrum overflows float32 (full scale is 1.0, so 30 s of it have 661,500).
MAX_ENERGY = 1e30


def int16_to_float32(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Scale 16-bit samples of any shape to float32 in [-1, 1); exact.

    Raises ``SignalError`` if ``samples`` are not int16.
    """
    if samples.dtype.kind != "i" or samples.dtype.itemsize != 2:
        raise SignalError(f"samples are {samples.dtype}, must be int16")
    return np.asarray(samples * np.float32(1.0 / INT16_SCALE))


def float32_to_int16(samples: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Scale floats of any shape to int16: rounded to nearest, clipped to [-32768, 32767].

    The inverse of ``int16_to_float32``. Raises ``SignalError`` if ``samples`` are not floating or not finite.
    """
    if samples.dtype.kind != "f":
        raise SignalError(f"samples are {samples.dtype}, must be floating")
    if not np.all(np.isfinite(samples)):
        raise SignalError("samples hold NaN or infinity, which no integer stands for; drop or repair them first")
    scaled = np.rint(samples * np.float64(INT16_SCALE))
    return np.asarray(np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1), dtype=np.int16)


def to_mono(frames: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Average the channels of ``frames``, shape (n,) or (n, channels), to float32 of shape (n,).

    The same mix as ``librosa.to_mono`` 0.11, which has channels first. Raises ``SignalError`` for another rank,
    for integers and for no channels.
    """
    if frames.dtype.kind != "f":
        raise SignalError(f"frames are {frames.dtype}, must be floating; see int16_to_float32")
    if frames.ndim == 1:
        return frames.astype(np.float32, copy=False)
    if frames.ndim != 2 or frames.shape[1] == 0:
        raise SignalError(f"frames have shape {frames.shape}, must be (n,) or (n, channels)")
    mono = frames[:, 0].astype(np.float32)
    for channel in range(1, frames.shape[1]):  # many times faster than a mean along short rows
        mono += frames[:, channel]
    mono /= np.float32(frames.shape[1])
    return mono


def require_signal(y: NDArray[Any]) -> NDArray[Any]:
    """Return ``y`` as a contiguous float32 or float64 array of shape (n,), n >= 1, if it is a signal.

    float64 stays float64, other floating types become float32. Raises ``SignalError`` that says what is wrong and
    what to do: not an array, integers, several channels, no samples, NaN or infinity, a scale that overflows.
    """
    signal = require_block(y)
    if signal.size == 0:
        raise SignalError("the signal is empty; features need at least one sample")
    return signal


def require_block(y: NDArray[Any]) -> NDArray[Any]:
    """Do what ``require_signal`` does, for a piece of a signal, which may be empty."""
    if not isinstance(y, np.ndarray):
        raise SignalError(f"audio is {type(y).__name__}, must be a numpy array")
    if y.dtype.kind != "f":
        raise SignalError(f"audio is {y.dtype}, must be float32 in [-1, 1]; see features_np.int16_to_float32")
    if y.ndim != 1:
        raise SignalError(f"audio has shape {y.shape}, must be mono, (n,); see features_np.to_mono")
    signal = np.ascontiguousarray(y, dtype=np.float64 if y.dtype.itemsize == 8 else np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        energy = float(np.dot(signal, signal))  # one fast pass that NaN, infinity and overflow all reach
    if not energy <= MAX_ENERGY:
        if not np.all(np.isfinite(signal)):
            bad = int(np.flatnonzero(~np.isfinite(signal))[0])
            raise SignalError(f"audio holds {signal[bad]} at sample {bad}; drop or repair it before computing features")
        raise SignalError(f"audio reaches {np.max(np.abs(signal)):.3g}, full scale is 1; divide it by its full scale")
    return signal


def require_rate(sr: float, expected: float) -> None:
    """Raise ``SampleRateError`` unless ``sr`` (Hz) is the ``expected`` one."""
    if sr != expected:
        remedy = f"use features_np.resample(y, orig_sr={sr:g}, target_sr={expected:g})"
        raise SampleRateError(f"audio is at {sr:g} Hz, {expected:g} Hz is needed; {remedy}")


def require_count(name: str, value: Any, least: int = 1) -> int:
    """Return ``value`` if it is a whole number, ``least`` or more, else raise ``SignalError`` that says ``name``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SignalError(f"{name} is {value!r}, must be a whole number, {least} or more")
    return int(value)


def require_positive_rate(sr: float) -> float:
    """Return ``sr`` (Hz) if it is above zero and finite, else raise ``SampleRateError``."""
    if not (np.isfinite(sr) and sr > 0):
        raise SampleRateError(f"sample rate is {sr!r}, must be above 0 Hz")
    return float(sr)
