"""The shape of spectra: roll-off, centroid and bandwidth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.arrays.norms import normalize
from features_np.arrays.products import frame_product
from features_np.errors import ParameterError
from features_np.spectra.spectrum import Array, Given, PadMode, Spectra, by_frames, fft_frequencies, spectrogram
from features_np.spectra.windows import Window


def spectral_rolloff(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    freq: ArrayLike | None = None,
    roll_percent: float = 0.85,
) -> NDArray[np.float64]:
    """Frequency below which a share of a frame's magnitude lies.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    freq : array_like, shape (bins,) or (..., bins, frames), optional
        Frequencies of the bins in Hz; those of the transform by default.
    roll_percent : float
        The share, between 0 and 1.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        Hz, float64; 0 for a silent frame.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    spectral_centroid : The mean frequency.
    spectral_bandwidth : The spread around it.

    Notes
    -----
    Equals ``librosa.feature.spectral_rolloff`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> float(librosa.feature.spectral_rolloff(y=y)[0, 20].round(1))
    452.2
    """
    if not 0 < roll_percent < 1:
        raise ParameterError(f"roll_percent is {roll_percent}, must be between 0 and 1")
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    frequencies = frequencies_of(freq, spectra, sr)
    return by_frames(
        spectra, 1, lambda frames, at: rolloff_frequencies(frames, frequencies(at), roll_percent)[:, np.newaxis]
    )


def rolloff_frequencies(frames: Array, frequencies: Array, roll_percent: float) -> NDArray[np.float64]:
    """Return the roll-off frequency of each of ``frames`` (frames, bins): float64 (frames,)."""
    total = np.cumsum(frames, axis=1)
    reached = total >= total.dtype.type(roll_percent) * total[:, -1:]
    if frequencies.ndim == 1 and np.all(frequencies[1:] >= frequencies[:-1]):
        return np.asarray(frequencies[np.argmax(reached, axis=1)])
    return np.asarray(np.where(reached, frequencies, np.inf).min(axis=1))


def spectral_centroid(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    freq: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Mean frequency of a frame, weighted by magnitude.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    freq : array_like, shape (bins,) or (..., bins, frames), optional
        Frequencies of the bins in Hz; those of the transform by default.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        Hz, float64; 0 for a silent frame.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    spectral_bandwidth : The spread around it.

    Notes
    -----
    ``sum(f m) / sum(m)`` over the bins. Equals ``librosa.feature.spectral_centroid`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> float(librosa.feature.spectral_centroid(y=y)[0, 20].round())
    440.0
    """
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    frequencies = frequencies_of(freq, spectra, sr)
    return by_frames(spectra, 1, lambda frames, at: centroid_frequencies(frames, frequencies(at))[:, np.newaxis])


def centroid_frequencies(frames: Array, frequencies: Array) -> NDArray[np.float64]:
    """Return the centroid in Hz of each of ``frames`` (frames, bins): float64 (frames,)."""
    weights = normalize(frames, norm=1, axis=1)
    if frequencies.ndim > 1:
        return np.asarray(np.sum(weights * frequencies, axis=1))
    return frame_product(weights, frequencies[:, np.newaxis])[:, 0]


def spectral_bandwidth(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    freq: ArrayLike | None = None,
    centroid: Array | None = None,
    norm: bool = True,
    p: float = 2,
) -> NDArray[np.float64]:
    """Spread of a frame's frequencies around their centroid.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    freq : array_like, shape (bins,) or (..., bins, frames), optional
        Frequencies of the bins in Hz; those of the transform by default.
    centroid : numpy.ndarray, shape (..., 1, frames), optional
        Centroids in Hz; those of the spectrogram by default.
    norm : bool
        Whether magnitudes of a frame are divided by their sum.
    p : float
        Power to which deviations are raised, above 0.

    Returns
    -------
    numpy.ndarray, shape (..., 1, frames)
        Hz, float64.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    spectral_centroid : The centre of the spread.

    Notes
    -----
    ``sum(m |f - centroid|**p) ** (1 / p)`` over the bins. Equals ``librosa.feature.spectral_bandwidth`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> bool(librosa.feature.spectral_bandwidth(y=y)[0, 20] < 20)  # Hz
    True
    """
    if not p > 0:
        raise ParameterError(f"p is {p}, must be above 0")
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    frequencies = frequencies_of(freq, spectra, sr)
    middles = None if centroid is None else np.asarray(centroid, dtype=np.float64).reshape(-1, 1)
    if middles is not None and len(middles) != spectra.shape[0]:
        raise ParameterError(f"centroid holds {len(middles)} values, must hold {spectra.shape[0]}, one for each frame")

    def bandwidth(frames: Array, at: slice) -> Array:
        hertz = frequencies(at)
        middle = centroid_frequencies(frames, hertz)[:, np.newaxis] if middles is None else middles[at]
        weights = normalize(frames, norm=1, axis=1) if norm else frames
        deviation = np.abs(hertz - middle)
        raised = np.square(deviation, out=deviation) if p == 2 else deviation**p
        return np.asarray(np.einsum("ij,ij->i", weights, raised)[:, np.newaxis] ** (1.0 / p))

    return by_frames(spectra, 1, bandwidth)


def frequencies_of(freq: ArrayLike | None, spectra: Spectra | Given, sr: float) -> Callable[[slice], Array]:
    """Return what gives the bins' frequencies in Hz, for the frames at a place: those given, or the transform's."""
    n_frames, n_bins = spectra.shape
    hertz = fft_frequencies(sr=sr, n_fft=spectra.n_fft) if freq is None else np.asarray(freq, dtype=np.float64)
    if hertz.shape == (n_bins,):
        return lambda at: hertz
    if hertz.ndim < 2 or hertz.shape[-2] != n_bins or hertz.size != n_frames * n_bins:
        raise ParameterError(f"freq has shape {hertz.shape}, must be one frequency for each of {n_bins} bins")
    rows = np.swapaxes(hertz, -1, -2).reshape(-1, n_bins)
    return lambda at: rows[at]
