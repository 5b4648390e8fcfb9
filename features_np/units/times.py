"""Time: in seconds, samples and frames; and frames between beats as tempi."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.pcm import require_count, require_positive_rate


def _numbers(x: ArrayLike) -> Any:
    """Return numbers as an array, and one number as a scalar of NumPy, which computes several times as fast."""
    return np.asanyarray(x)[()]


def frames_to_samples(frames: ArrayLike, *, hop_length: int = 512, n_fft: int | None = None) -> NDArray[np.intp]:
    """Samples at which frames begin, or are centred.

    Parameters
    ----------
    frames : array_like
        Indices of frames.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred: half of them are added.

    Returns
    -------
    numpy.ndarray or numpy.integer
        Indices of samples, in the shape of ``frames``.

    See Also
    --------
    samples_to_frames : The inverse.

    Notes
    -----
    Equals ``librosa.frames_to_samples`` 0.11.

    Examples
    --------
    >>> from features_np import frames_to_samples
    >>> frames_to_samples([0, 3])
    array([   0, 1536])
    """
    offset = 0 if n_fft is None else int(n_fft // 2)
    return (_numbers(frames) * hop_length + offset).astype(int)  # type: ignore[no-any-return]


def samples_to_frames(samples: ArrayLike, *, hop_length: int = 512, n_fft: int | None = None) -> NDArray[np.intp]:
    """Frames that hold given samples.

    Parameters
    ----------
    samples : array_like
        Indices of samples.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred: half of them are taken off.

    Returns
    -------
    numpy.ndarray
        Indices of frames, in the shape of ``samples``.

    Raises
    ------
    ParameterError
        If the hop length is below 1.

    See Also
    --------
    frames_to_samples : The inverse.

    Notes
    -----
    Equals ``librosa.samples_to_frames`` 0.11.

    Examples
    --------
    >>> from features_np import samples_to_frames
    >>> samples_to_frames([0, 1535, 1536])
    array([0, 2, 3])
    """
    offset = 0 if n_fft is None else int(n_fft // 2)
    hops = (np.asanyarray(samples) - offset) // require_count("hop_length", hop_length)
    return np.asarray(np.floor(hops), dtype=int)


def samples_to_time(samples: ArrayLike, *, sr: float = 22_050) -> NDArray[np.float64]:
    """Times of samples.

    Parameters
    ----------
    samples : array_like
        Indices of samples.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Seconds, in the shape of ``samples``.

    Raises
    ------
    SampleRateError
        If the rate is not above 0 Hz.

    See Also
    --------
    time_to_samples : The inverse.

    Notes
    -----
    Equals ``librosa.samples_to_time`` 0.11.

    Examples
    --------
    >>> from features_np import samples_to_time
    >>> samples_to_time([0, 11_025])
    array([0. , 0.5])
    """
    numbers, rate = _numbers(samples), require_positive_rate(sr)
    # dividing an integer of NumPy by a Python float takes six times as long
    return numbers / (np.float64(rate) if numbers.dtype.kind in "iu" else rate)  # type: ignore[no-any-return]


def time_to_samples(times: ArrayLike, *, sr: float = 22_050) -> NDArray[np.intp]:
    """Samples at given times.

    Parameters
    ----------
    times : array_like
        Seconds.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    numpy.ndarray or numpy.integer
        Indices of samples, rounded down, in the shape of ``times``.

    Raises
    ------
    SampleRateError
        If the rate is not above 0 Hz.

    See Also
    --------
    samples_to_time : The inverse.

    Notes
    -----
    Equals ``librosa.time_to_samples`` 0.11.

    Examples
    --------
    >>> from features_np import time_to_samples
    >>> time_to_samples([0.0, 0.5])
    array([    0, 11025])
    """
    return (_numbers(times) * require_positive_rate(sr)).astype(int)  # type: ignore[no-any-return]


def frames_to_time(
    frames: ArrayLike, *, sr: float = 22_050, hop_length: int = 512, n_fft: int | None = None
) -> NDArray[np.float64]:
    """Times of frames.

    Parameters
    ----------
    frames : array_like
        Indices of frames.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred: half of them are added.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Seconds, in the shape of ``frames``.

    Raises
    ------
    SampleRateError
        If the rate is not above 0 Hz.

    See Also
    --------
    time_to_frames : The inverse.

    Notes
    -----
    Equals ``librosa.frames_to_time`` 0.11.

    Examples
    --------
    >>> from features_np import frames_to_time
    >>> frames_to_time([0, 43], sr=22_016)
    array([0., 1.])
    """
    return samples_to_time(frames_to_samples(frames, hop_length=hop_length, n_fft=n_fft), sr=sr)


def time_to_frames(
    times: ArrayLike, *, sr: float = 22_050, hop_length: int = 512, n_fft: int | None = None
) -> NDArray[np.intp]:
    """Frames that hold given times.

    Parameters
    ----------
    times : array_like
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
        If the rate is not above 0 Hz.

    See Also
    --------
    frames_to_time : The inverse.

    Notes
    -----
    Equals ``librosa.time_to_frames`` 0.11.

    Examples
    --------
    >>> from features_np import time_to_frames
    >>> time_to_frames([0.0, 1.0], sr=22_016)
    array([ 0, 43])
    """
    return samples_to_frames(time_to_samples(times, sr=sr), hop_length=hop_length, n_fft=n_fft)


def samples_like(X: ArrayLike, *, hop_length: int = 512, n_fft: int | None = None, axis: int = -1) -> NDArray[np.intp]:
    """Samples of the frames of an array.

    Parameters
    ----------
    X : array_like or int
        Features, or how many frames they have.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred.
    axis : int
        Axis of time.

    Returns
    -------
    numpy.ndarray, shape (frames,)
        Indices of samples.

    See Also
    --------
    times_like : The same in seconds.

    Notes
    -----
    Equals ``librosa.samples_like`` 0.11.

    Examples
    --------
    >>> from features_np import samples_like
    >>> samples_like(3)
    array([   0,  512, 1024])
    """
    count: Any = X if np.isscalar(X) else np.shape(X)[axis]
    frames = np.arange(count)
    return frames_to_samples(frames, hop_length=hop_length, n_fft=n_fft)


def times_like(
    X: ArrayLike, *, sr: float = 22_050, hop_length: int = 512, n_fft: int | None = None, axis: int = -1
) -> NDArray[np.float64]:
    """Times of the frames of an array.

    Parameters
    ----------
    X : array_like or int
        Features, or how many frames they have.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples between frames.
    n_fft : int, optional
        Samples in a frame, if frames are not centred.
    axis : int
        Axis of time.

    Returns
    -------
    numpy.ndarray, shape (frames,)
        Seconds, float64.

    Raises
    ------
    SampleRateError
        If the rate is not above 0 Hz.

    See Also
    --------
    samples_like : The same in samples.

    Notes
    -----
    Equals ``librosa.times_like`` 0.11.

    Examples
    --------
    >>> from features_np import times_like
    >>> times_like(3, sr=1_024)
    array([0. , 0.5, 1. ])
    """
    return samples_to_time(samples_like(X, hop_length=hop_length, n_fft=n_fft, axis=axis), sr=sr)


def tempo_frequencies(n_bins: int, *, hop_length: int = 512, sr: float = 22_050) -> NDArray[np.float64]:
    """Tempi of the lags of an autocorrelation.

    Parameters
    ----------
    n_bins : int
        Lags.
    hop_length : int
        Samples between frames.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    numpy.ndarray, shape (n_bins,)
        Beats per minute; infinite at a lag of 0 frames.

    See Also
    --------
    features_np.feature.tempogram : What has such rows.

    Notes
    -----
    Equals ``librosa.tempo_frequencies`` 0.11.

    Examples
    --------
    >>> from features_np import tempo_frequencies
    >>> tempo_frequencies(3, sr=512).tolist()
    [inf, 60.0, 30.0]
    """
    tempi = np.full(int(n_bins), np.inf)
    tempi[1:] = 60.0 * sr / (hop_length * np.arange(1.0, n_bins))
    return tempi
