"""Samples: conversion between integers and floats, mixing to mono, and checks of signals."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import ParameterError, SampleRateError, SignalError

#: Integer value of 1.0, in both directions, so that int16 -> float32 -> int16 is the identity.
INT16_SCALE = 32_768.0

#: Sum of squares up to which no spectrum overflows float32 (full scale is 1.0, so 30 s of it have 661,500).
MAX_ENERGY = 1e30


def int16_to_float32(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Scale 16-bit samples to floats, exactly.

    Parameters
    ----------
    samples : numpy.ndarray
        int16, of any shape.

    Returns
    -------
    numpy.ndarray
        float32, at least -1 and less than 1, in the shape of ``samples``.

    Raises
    ------
    SignalError
        If ``samples`` are not int16.

    See Also
    --------
    float32_to_int16 : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import int16_to_float32
    >>> int16_to_float32(np.array([-32_768, 16_384], dtype=np.int16)).tolist()
    [-1.0, 0.5]
    """
    if samples.dtype.kind != "i" or samples.dtype.itemsize != 2:
        raise SignalError(f"samples are {samples.dtype}, must be int16")
    return np.asarray(samples * np.float32(1.0 / INT16_SCALE))


def float32_to_int16(samples: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Scale floats to 16-bit samples, the inverse of ``int16_to_float32``.

    Parameters
    ----------
    samples : numpy.ndarray
        Floating, full scale 1, of any shape.

    Returns
    -------
    numpy.ndarray
        int16: rounded to nearest and clipped, in the shape of ``samples``.

    Raises
    ------
    SignalError
        If ``samples`` are not floating or not finite.

    See Also
    --------
    int16_to_float32 : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import float32_to_int16
    >>> float32_to_int16(np.array([-1.0, 0.5, 2.0])).tolist()
    [-32768, 16384, 32767]
    """
    if samples.dtype.kind != "f":
        raise SignalError(f"samples are {samples.dtype}, must be floating")
    if not np.all(np.isfinite(samples)):
        raise SignalError("samples hold NaN or infinity, which no integer stands for; drop or repair them first")
    scaled = np.rint(samples * np.float64(INT16_SCALE))
    return np.asarray(np.clip(scaled, -INT16_SCALE, INT16_SCALE - 1), dtype=np.int16)


def to_mono(y: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Average channels.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,) or (..., n)
        Audio, floating. What soundfile reads is (n, channels): pass ``y.T``.

    Returns
    -------
    numpy.ndarray, shape (n,)
        The mean of the channels, float64 of float64, else float32.

    Raises
    ------
    SignalError
        For what is not finite floating audio, and where there are no channels.

    See Also
    --------
    features_np.resample : Takes all channels.

    Notes
    -----
    Equals ``librosa.to_mono`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import to_mono
    >>> to_mono(np.array([[1.0, 0.5], [0.0, 0.5]]))
    array([0.5, 0.5])
    """
    audio = require_samples(y)
    if audio.ndim == 1:
        return audio
    if 0 in audio.shape[:-1]:
        raise SignalError(f"audio has shape {audio.shape}, must be (n,) or (channels, n)")
    channels = audio if audio.ndim == 2 else audio.reshape(-1, audio.shape[-1])
    mono = channels[0].copy()
    for channel in channels[1:]:  # much faster than a mean along the short axis of a sound card's frames
        mono += channel
    mono /= mono.dtype.type(len(channels))
    return np.asarray(mono)


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
    if isinstance(y, np.ndarray) and y.dtype.kind == "f" and y.ndim != 1:
        raise SignalError(f"audio has shape {y.shape}, must be mono, (n,); see features_np.to_mono")
    return require_samples(y)


def require_audio(y: NDArray[Any]) -> NDArray[Any]:
    """Do what ``require_signal`` does, for audio of any number of channels: shape (..., n)."""
    audio = require_samples(y)
    if audio.size == 0:
        raise SignalError(f"the signal is empty, of shape {audio.shape}; features need at least one sample")
    return audio


def require_samples(y: NDArray[Any]) -> NDArray[Any]:
    """Do what ``require_audio`` does, without asking for a sample."""
    if not isinstance(y, np.ndarray):
        raise SignalError(f"audio is {type(y).__name__}, must be a numpy array")
    if y.dtype.kind != "f":
        raise SignalError(f"audio is {y.dtype}, must be float32 in [-1, 1]; see features_np.int16_to_float32")
    if y.ndim == 0:
        raise SignalError("audio has shape (), must be (n,), or (channels, n); see features_np.to_mono")
    audio = np.ascontiguousarray(y, dtype=np.float64 if y.dtype.itemsize == 8 else np.float32)
    flat = audio.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        energy = float(np.dot(flat, flat))  # one fast pass that detects NaN, infinity and overflow
    if not energy <= MAX_ENERGY:
        if not np.all(np.isfinite(flat)):
            bad = int(np.flatnonzero(~np.isfinite(flat))[0])
            place = bad % audio.shape[-1]
            raise SignalError(f"audio holds {flat[bad]} at sample {place}; drop or repair it before computing features")
        raise SignalError(f"audio reaches {np.max(np.abs(flat)):.3g}, full scale is 1; divide it by its full scale")
    return audio


def require_rate(sr: float, expected: float) -> None:
    """Raise ``SampleRateError`` unless ``sr`` (Hz) is the ``expected`` one."""
    if sr != expected:
        remedy = f"use features_np.resample(y, orig_sr={sr:g}, target_sr={expected:g})"
        raise SampleRateError(f"audio is at {sr:g} Hz, {expected:g} Hz is needed; {remedy}")


def require_count(name: str, value: Any, least: int = 1) -> int:
    """Return ``value`` if it is a whole number, ``least`` or more, else raise ``ParameterError`` that says ``name``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(f"{name} is {value!r}, must be a whole number, {least} or more")
    return int(value)


def require_positive_rate(sr: float) -> float:
    """Return ``sr`` (Hz) if it is above zero and finite, else raise ``SampleRateError``."""
    rate = require_number("sample rate", sr, SampleRateError)
    if not rate > 0:
        raise SampleRateError(f"sample rate is {sr!r}, must be above 0 Hz")
    return rate


def require_number(name: str, value: Any, error: type[ParameterError] = ParameterError) -> float:
    """Return ``value`` as a float if it is one finite number, else raise ``error`` that says ``name``."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = nan
    if not isfinite(number):
        raise error(f"{name} is {value!r}, must be a number")
    return number
