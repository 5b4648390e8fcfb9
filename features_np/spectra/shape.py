"""The shape of spectra: where their energy lies, how wide, and how it stands out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.spectra.spectrum import Array, fft_frequencies, normalize, spectrogram


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
    freq: Array | None = None,
    roll_percent: float = 0.85,
) -> NDArray[np.float64]:
    """Frequency below which a share of a frame's magnitude lies.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
    freq : numpy.ndarray, shape (bins,), optional
        Frequencies of the bins in Hz; those of the transform by default.
    roll_percent : float
        The share, between 0 and 1.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        Hz, float64; 0 for a silent frame.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
    frequencies = frequencies_of(freq, len(magnitude), sr, n_fft)
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
    freq: Array | None = None,
) -> NDArray[np.float64]:
    """Mean frequency of a frame, weighted by magnitude.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
    freq : numpy.ndarray, shape (bins,), optional
        Frequencies of the bins in Hz; those of the transform by default.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        Hz, float64; 0 for a silent frame.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
    return centroid_frequencies(magnitude.T, frequencies_of(freq, len(magnitude), sr, n_fft))[np.newaxis]


def centroid_frequencies(frames: Array, frequencies: Array) -> NDArray[np.float64]:
    """Return the centroid in Hz of each of ``frames`` (frames, bins): float64 (frames,)."""
    return np.asarray(normalize(frames, 1, axis=1) @ frequencies)


def spectral_bandwidth(
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
    freq: Array | None = None,
    centroid: Array | None = None,
    norm: bool = True,
    p: float = 2,
) -> NDArray[np.float64]:
    """Spread of a frame's frequencies around their centroid.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Magnitude spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
    freq : numpy.ndarray, shape (bins,), optional
        Frequencies of the bins in Hz; those of the transform by default.
    centroid : numpy.ndarray, shape (1, frames), optional
        Centroids in Hz; those of the spectrogram by default.
    norm : bool
        Whether magnitudes of a frame are divided by their sum.
    p : float
        Power to which deviations are raised, above 0.

    Returns
    -------
    numpy.ndarray, shape (1, frames)
        Hz, float64.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
        raise SignalError(f"p is {p}, must be above 0")
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
    frequencies, frames = frequencies_of(freq, len(magnitude), sr, n_fft), magnitude.T
    middle = centroid_frequencies(frames, frequencies) if centroid is None else np.asarray(centroid).reshape(-1)
    weights = normalize(frames, 1, axis=1) if norm else frames
    deviation = np.abs(frequencies - middle[:, np.newaxis])
    return np.asarray(np.sum(weights * deviation**p, axis=1) ** (1.0 / p))[np.newaxis]


def frequencies_of(freq: Array | None, n_bins: int, sr: float, n_fft: int) -> Array:
    """Return the bins' frequencies in Hz: those given, or the transform's."""
    if freq is None:
        return fft_frequencies(sr=sr, n_fft=n_fft)
    if np.shape(freq) != (n_bins,):
        raise SignalError(f"freq has shape {np.shape(freq)}, must be one frequency for each of {n_bins} bins")
    return np.asarray(freq, dtype=np.float64)
