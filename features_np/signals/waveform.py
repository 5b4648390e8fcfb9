"""Features of a waveform, frame by frame: zero crossings and level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike, NDArray

from features_np.errors import ParameterError
from features_np.pcm import require_audio, require_count
from features_np.spectra.framing import Frames
from features_np.spectra.spectrum import BLOCK_FRAMES, Array, PadMode, arranged

#: Magnitudes that count as zero when signs are compared; librosa.zero_crossings' default.
ZERO = 1e-10


def zero_crossings(
    y: Array,
    *,
    threshold: float = ZERO,
    ref_magnitude: float | Callable[[Array], Any] | None = None,
    pad: bool = True,
    zero_pos: bool = True,
    axis: int = -1,
) -> NDArray[np.bool_]:
    """Samples at which the sign is another than before.

    Parameters
    ----------
    y : numpy.ndarray
        Numbers, of any shape.
    threshold : float
        Magnitudes up to this count as zero.
    ref_magnitude : float or callable, optional
        What ``threshold`` is multiplied by, or what takes that from the magnitudes.
    pad : bool
        Value for the first sample.
    zero_pos : bool
        Whether zero is positive, or a sign of its own.
    axis : int
        Axis of time.

    Returns
    -------
    numpy.ndarray
        Booleans in the shape of ``y``.

    See Also
    --------
    features_np.feature.zero_crossing_rate : How many there are in each frame.

    Notes
    -----
    Equals ``librosa.zero_crossings`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import zero_crossings
    >>> np.flatnonzero(zero_crossings(np.array([1.0, -1.0, -1.0, 1.0]), pad=False))
    array([1, 3])
    """
    values = np.moveaxis(np.asarray(y), axis, -1)
    signs = _signs(values, _scaled(threshold, ref_magnitude, values), zero_pos)
    crossings = np.empty(signs.shape, dtype=bool)
    crossings[..., :1] = pad
    np.not_equal(signs[..., 1:], signs[..., :-1], out=crossings[..., 1:])
    return np.moveaxis(crossings, -1, axis)


def zero_crossing_rate(
    y: Array,
    *,
    frame_length: int = 2048,
    hop_length: int = 512,
    center: bool = True,
    threshold: float = ZERO,
    ref_magnitude: float | Callable[[Array], Any] | None = None,
    pad: bool = False,
    zero_pos: bool = True,
) -> NDArray[np.float64]:
    """Share of a frame's samples at which the signal changes sign.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n)
        Audio, floating, full scale 1.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    center : bool
        Whether frames are centred; the first and the last sample are then continued.
    threshold : float
        Magnitudes up to this count as zero.
    ref_magnitude : float or callable, optional
        What ``threshold`` is multiplied by, or what takes that from the magnitudes of all frames.
    pad : bool
        Whether a frame's first sample counts as a change.
    zero_pos : bool
        Whether zero is positive, or a sign of its own.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        0 to 1, float64.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    zero_crossings : The crossings themselves.

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
    signal = require_audio(y)
    require_count("frame_length", frame_length)
    require_count("hop_length", hop_length)
    frames = Frames(signal, frame_length, hop_length, center=center, pad_mode="edge")
    if ref_magnitude is not None:
        threshold = _scaled(threshold, ref_magnitude, np.concatenate([block for _, block in frames.blocks()]))
    rates = np.empty((len(frames), 1))
    for place, block in frames.blocks(BLOCK_FRAMES):
        reach = (len(block) - 1) * hop_length + frame_length
        samples = as_strided(block, (reach,), block.strides[1:], writeable=False)
        rates[place, 0] = crossing_rates(samples, frame_length, hop_length, threshold, zero_pos)
    return arranged(rates + bool(pad) / frame_length, frames.shape)


def crossing_rates(
    signal: Array, frame_length: int, hop_length: int, threshold: float = ZERO, zero_pos: bool = True
) -> NDArray[np.float64]:
    """Return the zero-crossing rate of each whole frame of ``signal``: float64 (frames,)."""
    signs = _signs(signal, threshold, zero_pos)
    total = np.zeros(len(signal), dtype=np.int64)  # crossings up to and including each sample
    np.cumsum(signs[1:] != signs[:-1], out=total[1:])
    first = np.arange(0, len(signal) - frame_length + 1, hop_length)
    return np.asarray((total[first + frame_length - 1] - total[first]) / frame_length)


def _signs(values: Array, threshold: float, zero_pos: bool) -> Array:
    negative = values < -threshold
    return negative if zero_pos else (values > threshold).astype(np.int8) - negative


def _scaled(threshold: float, ref: float | Callable[[Array], Any] | None, values: Array) -> float:
    if ref is None:
        return threshold
    return threshold * (ref(np.abs(values)) if callable(ref) else ref)


def rms(
    *,
    y: Array | None = None,
    S: Array | None = None,
    frame_length: int = 2048,
    hop_length: int = 512,
    center: bool = True,
    pad_mode: PadMode = "constant",
    dtype: DTypeLike = np.float32,
) -> Array:
    """Root of the mean square of each frame: its level.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    dtype : dtype
        Type of the result.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        Full scale is 1.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    zero_crossing_rate : The other feature of a waveform.

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
        frames = Frames(require_audio(y), frame_length, hop_length, center=center, pad_mode=pad_mode)
        levels = np.empty((len(frames), 1))
        for place, block in frames.blocks(BLOCK_FRAMES):
            levels[place, 0] = np.einsum("ij,ij->i", block, block)
        return arranged(np.sqrt(levels / frame_length).astype(dtype), frames.shape)
    if S is None:
        raise ParameterError("neither y nor S is given; pass a signal or its spectrogram")
    magnitude = np.abs(S) if np.iscomplexobj(S) else np.asarray(S)
    if magnitude.ndim < 2 or magnitude.shape[-2] != frame_length // 2 + 1:
        n_bins = frame_length // 2 + 1
        raise ParameterError(f"S has shape {magnitude.shape}, a frame_length of {frame_length} has {n_bins} bins")
    if magnitude.dtype.kind != "f":
        magnitude = magnitude.astype(dtype)
    power = np.einsum("...ft,...ft->...t", magnitude, magnitude)[..., np.newaxis, :]
    power -= np.square(magnitude[..., :1, :]) / 2
    if frame_length % 2 == 0:
        power -= np.square(magnitude[..., -1:, :]) / 2
    mean = 2 * np.maximum(power, 0).astype(dtype, copy=False) / frame_length**2  # NumPy 1 makes it float64, as there
    return np.asarray(np.sqrt(mean))
