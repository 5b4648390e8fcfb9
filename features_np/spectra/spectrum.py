"""Frames and spectra: where every feature begins.

Arrays run (bins, frames), as librosa's do; they are views of (frames, bins) arrays in which a frame's bins are
contiguous, since everything after this works frame by frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate, require_signal
from features_np.spectra.fft import rfft

Array = NDArray[Any]

#: Samples transformed at a time: windowed, and as spectra, they stay in a 1 MB cache.
BLOCK_SAMPLES = 65_536

PAD_MODES = ("constant", "edge", "linear_ramp", "reflect", "symmetric", "empty")


@lru_cache(maxsize=16)
def hann_window(length: int) -> NDArray[np.float64]:
    """Return the periodic Hann window, float64 of shape (length,): ``0.5 - 0.5 cos(2 pi n / length)``.

    Equals ``scipy.signal.get_window("hann", length, fftbins=True)``.
    """
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    window.flags.writeable = False
    return window


def fft_frequencies(*, sr: float = 22_050, n_fft: int = 2048) -> NDArray[np.float64]:
    """Centre frequencies of the bins of a transform.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples in a frame.

    Returns
    -------
    numpy.ndarray, shape (1 + n_fft // 2,)
        Hz, float64.

    Raises
    ------
    SampleRateError
        For a rate that is not above 0 Hz.

    Notes
    -----
    Equals ``librosa.fft_frequencies`` 0.11.

    Examples
    --------
    >>> from features_np import fft_frequencies
    >>> fft_frequencies(sr=8_000, n_fft=8)
    array([   0., 1000., 2000., 3000., 4000.])
    """
    return np.asarray(np.fft.rfftfreq(n_fft, 1.0 / require_positive_rate(sr)))


def frames_to_time(
    frames: Array | float, *, sr: float = 22_050, hop_length: int = 512, n_fft: int | None = None
) -> NDArray[np.float64]:
    """Times of frames.

    Parameters
    ----------
    frames : int or numpy.ndarray
        Indices of frames.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred: half of them are added.

    Returns
    -------
    numpy.ndarray
        Seconds, float64, in the shape of ``frames``.

    Raises
    ------
    SampleRateError
        For a rate that is not above 0 Hz.

    Notes
    -----
    Equals ``librosa.frames_to_time`` 0.11.

    Examples
    --------
    >>> from features_np import frames_to_time
    >>> frames_to_time([0, 43], sr=22_016)
    array([0., 1.])
    """
    offset = 0 if n_fft is None else n_fft // 2
    return np.asarray((np.asarray(frames) * hop_length + offset).astype(int) / require_positive_rate(sr))


def time_to_frames(
    times: Array | float, *, sr: float = 22_050, hop_length: int = 512, n_fft: int | None = None
) -> NDArray[np.intp]:
    """Frames that hold given times.

    Parameters
    ----------
    times : float or numpy.ndarray
        Seconds.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred: half of them are taken off.

    Returns
    -------
    numpy.ndarray
        Indices of frames, in the shape of ``times``.

    Raises
    ------
    SampleRateError
        For a rate that is not above 0 Hz.

    Notes
    -----
    Equals ``librosa.time_to_frames`` 0.11.

    Examples
    --------
    >>> from features_np import time_to_frames
    >>> time_to_frames([0.0, 1.0], sr=22_016)
    array([ 0, 43])
    """
    samples = (np.asarray(times) * require_positive_rate(sr)).astype(int) - (0 if n_fft is None else n_fft // 2)
    return np.asarray(np.floor(samples // require_count("hop_length", hop_length)).astype(int))


def frame_signal(y: Array, frame_length: int, hop_length: int) -> Array:
    """Return a read-only view (frames, frame_length) of ``y`` (n,), a frame every ``hop_length`` samples.

    Not by ``sliding_window_view``, whose view at every sample is too large for 32 bits from 12 s on, though nothing is
    copied. ``ValueError`` where ``y`` is shorter than a frame.
    """
    if len(y) < frame_length:
        raise ValueError(f"a frame has {frame_length} samples, the signal {len(y)}")
    (stride,) = y.strides
    shape = (1 + (len(y) - frame_length) // hop_length, frame_length)
    return as_strided(y, shape, (hop_length * stride, stride), writeable=False)


def blocks_of(n_frames: int, frame_length: int) -> Iterator[slice]:
    """Cut ``n_frames`` frames into blocks of about ``BLOCK_SAMPLES`` samples."""
    step = max(BLOCK_SAMPLES // frame_length, 1)
    return (slice(begin, min(begin + step, n_frames)) for begin in range(0, n_frames, step))


def stft(
    y: Array,
    *,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
) -> Array:
    """Short-time Fourier transform of a signal.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Mono signal, floating, full scale 1.
    n_fft : int
        Samples in a frame.
    hop_length : int, optional
        Samples between frames; ``win_length // 4`` by default.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.

    Returns
    -------
    numpy.ndarray, shape (1 + n_fft // 2, frames)
        complex64, or complex128 of float64; ``1 + n // hop_length`` frames if they are centred.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Equals ``librosa.stft`` 0.11. librosa transforms float32 in double precision and rounds the result; this stays
    in single precision, so bins 80 dB below a frame's loudest differ by about 0.01 dB.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> int(np.abs(librosa.stft(y)).mean(axis=1).argmax()) * 22_050 / 2048
    441.4306640625
    """
    signal = require_signal(y)
    n_fft = require_count("n_fft", n_fft)
    win_length = n_fft if win_length is None else require_count("win_length", win_length)
    hop_length = max(win_length // 4, 1) if hop_length is None else require_count("hop_length", hop_length)
    weights = _window(window, win_length, n_fft).astype(signal.dtype)
    frames = frame_signal(_pad(signal, n_fft, center, pad_mode), n_fft, hop_length)
    spectrum = np.empty((len(frames), 1 + n_fft // 2), dtype=np.result_type(signal.dtype, np.complex64))
    for block in blocks_of(len(frames), n_fft):
        spectrum[block] = rfft(frames[block] * weights, axis=-1)
    return spectrum.T


def spectrogram(
    *,
    y: Array | None = None,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int | None = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    power: float = 1.0,
) -> tuple[Array, int]:
    """Return ``S`` if given, else ``abs(stft(y)) ** power``: real, shape (1 + n_fft // 2, frames); and its ``n_fft``.

    That of ``S`` is ``n_fft`` if it has so many bins, else the even one that has. Raises ``SignalError`` if neither is
    given, or an ``S`` that is complex, negative or not finite.
    """
    if S is not None:
        n_bins = len(require_spectrogram(S))
        return S, n_fft if n_fft // 2 + 1 == n_bins else max(2 * (n_bins - 1), 1)
    if y is None:
        raise SignalError("neither y nor S is given; pass a signal or its spectrogram")
    spectrum = stft(
        y, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=window, center=center, pad_mode=pad_mode
    )
    if power == 2:
        return squared_magnitude(spectrum.T).T, n_fft
    magnitude = np.abs(spectrum)
    return magnitude if power == 1 else np.asarray(magnitude**power), n_fft


def squared_magnitude(spectrum: Array, out: Array | None = None) -> Array:
    """Return ``re**2 + im**2`` of a C-contiguous complex array, in its own precision; with ``out``, destroys it."""
    parts = spectrum.view(spectrum.real.dtype)
    squares = np.square(parts, out=parts if out is not None else None)
    return np.asarray(np.add(squares[..., 0::2], squares[..., 1::2], out=out))


def require_spectrogram(S: Array) -> Array:
    """Return ``S`` if it is a real, finite, non-negative array of rank 2, else raise ``SignalError``."""
    if not isinstance(S, np.ndarray) or S.ndim != 2 or S.dtype.kind != "f" or S.size == 0:
        raise SignalError("S must be a floating array of shape (bins, frames); take abs() of a complex spectrum")
    if not np.all(np.isfinite(S)) or np.any(S < 0):
        raise SignalError("S holds negative or non-finite values; a spectrogram is a magnitude or a power")
    return S


def normalize(values: Array, norm: float | None, *, axis: int) -> Array:
    """Divide by the ``norm`` (``inf``, or p > 0) along ``axis``; what is below the smallest normal number stays.

    Equals ``librosa.util.normalize`` 0.11 with its default threshold and fill. ``None`` returns ``values``.
    """
    if norm is None:
        return values
    magnitude = np.abs(values).astype(np.float64)
    if norm == np.inf:
        length = magnitude.max(axis=axis, keepdims=True)
    elif norm > 0:
        length = np.sum(magnitude**norm, axis=axis, keepdims=True) ** (1.0 / norm)
    else:
        raise SignalError(f"norm is {norm}, must be above 0, inf or None")
    length[length < np.finfo(values.dtype).tiny] = 1.0
    return np.asarray((values / length).astype(values.dtype))


def _window(window: str | Array, win_length: int, n_fft: int) -> NDArray[np.float64]:
    if win_length > n_fft:
        raise SignalError(f"win_length is {win_length}, must be at most n_fft ({n_fft})")
    values = hann_window(win_length) if isinstance(window, str) and window == "hann" else window
    if isinstance(values, str) or np.shape(values) != (win_length,):
        raise SignalError(f"window must be 'hann' or an array of win_length ({win_length}) values")
    left = (n_fft - win_length) // 2
    return np.pad(np.asarray(values, dtype=np.float64), (left, n_fft - win_length - left))


def _pad(signal: Array, n_fft: int, center: bool, pad_mode: str) -> Array:
    if center:
        if pad_mode not in PAD_MODES:
            raise SignalError(f"pad_mode is {pad_mode!r}, must be one of {', '.join(PAD_MODES)}")
        return np.pad(signal, n_fft // 2, mode=pad_mode)  # type: ignore[call-overload,no-any-return]
    if len(signal) < n_fft:
        raise SignalError(f"{len(signal)} samples are less than one frame of {n_fft}; centre it or give more")
    return signal
