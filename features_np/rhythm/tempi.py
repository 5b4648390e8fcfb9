"""The periods of the onsets: the tempogram and the tempo."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.arrays.norms import normalize
from features_np.errors import ParameterError
from features_np.pcm import require_count, require_positive_rate
from features_np.rhythm.onsets import onset_strength
from features_np.rhythm.pulse import mean_tempogram
from features_np.spectra.fft import irfft, next_fast_len, rfft
from features_np.spectra.framing import Frames
from features_np.spectra.spectrum import Array
from features_np.spectra.windows import Window, get_window
from features_np.units.times import tempo_frequencies


class Prior(Protocol):
    """A distribution of tempi, as those of ``scipy.stats`` are."""

    def logpdf(self, x: Array, /) -> Array:
        """Return the logarithm of the density at tempi in BPM."""


def tempogram(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: Array | None = None,
    hop_length: int = 512,
    win_length: int = 384,
    center: bool = True,
    window: Window = "hann",
    norm: float | None = np.inf,
) -> Array:
    """Local autocorrelation of the onset strength.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``onset_envelope`` is needed.
    sr : float
        Sample rate in Hz.
    onset_envelope : numpy.ndarray, shape (frames,), optional
        Onset strength, taken instead of that of ``y``.
    hop_length : int
        Samples between frames of the onset strength.
    win_length : int
        Frames that a column covers, and lags.
    center : bool
        Whether columns are centred; the onset strength then runs out linearly beyond both ends.
    window : str, tuple, float, callable or numpy.ndarray
        What a column's frames are weighed by, as ``filters.get_window`` takes it.
    norm : float or None
        Norm by which each column is divided.

    Returns
    -------
    numpy.ndarray, shape (..., win_length, frames)
        float64; row ``l`` is the lag of ``l`` frames.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    tempo : The strongest of its lags.
    features_np.tempo_frequencies : The tempi of its rows.

    Notes
    -----
    Grosche, Müller and Kurth, "Cyclic tempogram" (2010). Equals ``librosa.feature.tempogram`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.feature.tempogram(y=y).shape
    (384, 44)
    """
    envelope = _envelope(y, sr, onset_envelope, hop_length)
    require_count("win_length", win_length)
    weights = get_window(window, win_length)
    n_frames = envelope.shape[-1]
    if not center and n_frames < win_length:
        raise ParameterError(f"{n_frames} frames are fewer than win_length, {win_length}; centre it or give more")
    frames = Frames(envelope.astype(np.float64), win_length, 1, center=center, pad_mode="linear_ramp")
    columns = np.empty((len(frames), win_length))
    length = next_fast_len(2 * win_length - 1, real=True)
    for place, block in frames.blocks():
        power = np.abs(rfft(block * weights, length, axis=-1)) ** 2
        columns[place] = irfft(power, length, axis=-1)[:, :win_length]
    columns = normalize(columns, norm=norm, axis=-1).reshape(*frames.shape, win_length)
    return np.swapaxes(columns[..., :n_frames, :], -1, -2)


def tempo(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: Array | None = None,
    tg: Array | None = None,
    hop_length: int = 512,
    start_bpm: float = 120.0,
    std_bpm: float = 1.0,
    ac_size: float = 8.0,
    max_tempo: float | None = 320.0,
    aggregate: Callable[..., Any] | None = np.mean,
    prior: Prior | None = None,
) -> NDArray[np.float64]:
    """Estimate the tempo of a signal: one of the whole, or one of each frame.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``onset_envelope`` is needed.
    sr : float
        Sample rate in Hz.
    onset_envelope : numpy.ndarray, shape (frames,), optional
        Onset strength, taken instead of that of ``y``.
    tg : numpy.ndarray, shape (..., lags, frames), optional
        Tempogram, taken instead of that of the onset strength.
    hop_length : int
        Samples between frames of the onset strength.
    start_bpm : float
        Centre of the prior, beats per minute.
    std_bpm : float
        Width of the prior in octaves.
    ac_size : float
        Seconds of onset strength in one autocorrelation.
    max_tempo : float or None
        No tempo from here up is considered.
    aggregate : callable or None
        Function that aggregates the frames of the tempogram, taking ``axis`` and ``keepdims``; None for a tempo of each
        frame.
    prior : object with a ``logpdf``, optional
        Distribution of tempi, such as ``scipy.stats.uniform(30, 300)``; log-normal by default.

    Returns
    -------
    numpy.ndarray, shape (..., 1) or (..., frames)
        Beats per minute, float64.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    tempogram : The tempogram whose strongest lag it is.
    features_np.beat.beat_track : The beats at that tempo.

    Notes
    -----
    The lag that is strongest in the mean of the tempogram under a log-normal prior. Silence has the lag nearest to
    the prior, 117.45 BPM. Equals ``librosa.feature.tempo`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> clicks = np.zeros(10 * 22_050, dtype=np.float32)
    >>> clicks[::11_025] = 1.0  # two a second
    >>> librosa.feature.tempo(y=clicks).round()
    array([117.])
    """
    if tg is None:
        win_length = tempo_window_frames(ac_size, sr, hop_length)
        envelope = _envelope(y, sr, onset_envelope, hop_length)
        if aggregate is np.mean:
            channels = envelope.reshape(-1, envelope.shape[-1])
            means = np.stack([mean_tempogram(channel, win_length) for channel in channels])
            lags = means.reshape(*envelope.shape[:-1], win_length, 1)
        else:
            lags = tempogram(onset_envelope=envelope, sr=sr, hop_length=hop_length, win_length=win_length)
    else:
        lags = np.asarray(tg)
    if aggregate is not None and (tg is not None or aggregate is not np.mean):
        lags = aggregate(lags, axis=-1, keepdims=True)
    weights = tempo_weights(
        lags.shape[-2],
        sr=float(sr),
        hop_length=hop_length,
        start_bpm=float(start_bpm),
        std_bpm=float(std_bpm),
        max_tempo=max_tempo,
        prior=prior,
    )
    return strongest_tempi(lags, weights, sr=sr, hop_length=hop_length)


def tempo_window_frames(ac_size: float, sr: float, hop_length: int) -> int:
    """Return how many whole hops ``ac_size`` seconds are; ``librosa.time_to_frames``."""
    require_count("hop_length", hop_length)
    frames = int(ac_size * require_positive_rate(sr)) // hop_length
    if frames < 2:
        raise ParameterError(f"{ac_size} s are {frames} frames, too few for a lag; take a longer ac_size")
    return frames


def tempo_weights(
    n_lags: int,
    *,
    sr: float,
    hop_length: int,
    start_bpm: float,
    std_bpm: float,
    max_tempo: float | None,
    prior: Prior | None,
) -> NDArray[np.float64]:
    """Return the log of the prior at each lag: log-normal by default, nothing from ``max_tempo`` up."""
    if prior is None:
        return tempo_prior(
            n_lags, sr=sr, hop_length=hop_length, start_bpm=start_bpm, std_bpm=std_bpm, max_tempo=max_tempo
        )
    if not hasattr(prior, "logpdf"):
        raise ParameterError(f"prior is {prior!r}, must have a logpdf, as the distributions of scipy.stats have")
    tempi = tempo_frequencies(n_lags, sr=sr, hop_length=hop_length)
    weights = np.array(prior.logpdf(tempi), dtype=np.float64)
    if max_tempo is not None:
        weights[: int(np.argmax(tempi < max_tempo))] = -np.inf
    return weights


@lru_cache(maxsize=8)
def tempo_prior(
    n_lags: int, *, sr: float, hop_length: int, start_bpm: float, std_bpm: float, max_tempo: float | None
) -> NDArray[np.float64]:
    """Return the log of the prior at each lag: log-normal around ``start_bpm``, nothing from ``max_tempo`` up."""
    if not (start_bpm > 0 and std_bpm > 0):
        raise ParameterError("start_bpm and std_bpm must be above 0")
    tempi = tempo_frequencies(n_lags, sr=sr, hop_length=hop_length)
    prior: NDArray[np.float64] = -0.5 * ((np.log2(tempi) - np.log2(start_bpm)) / std_bpm) ** 2
    if max_tempo is not None:
        prior[: int(np.argmax(tempi < max_tempo))] = -np.inf
    prior.flags.writeable = False
    return prior


def strongest_tempi(lags: Array, weights: NDArray[np.float64], *, sr: float, hop_length: int) -> NDArray[np.float64]:
    """Return the tempi in BPM of the rows of ``lags`` (..., lags, frames) that are strongest under the log prior."""
    strength = np.log1p(1e6 * lags) + weights[:, np.newaxis]
    return np.asarray(tempo_frequencies(len(weights), sr=sr, hop_length=hop_length)[np.argmax(strength, axis=-2)])


def strongest_tempo(mean: NDArray[np.float64], prior: NDArray[np.float64], *, sr: float, hop_length: int) -> float:
    """Return the tempo in BPM of the lag where the mean tempogram and the log prior are strongest together."""
    return float(strongest_tempi(mean[:, np.newaxis], prior, sr=sr, hop_length=hop_length)[0])


def _envelope(y: Array | None, sr: float, envelope: ArrayLike | None, hop_length: int) -> Array:
    if envelope is None:
        if y is None:
            raise ParameterError("neither y nor onset_envelope is given; pass one of them")
        return onset_strength(y=y, sr=sr, hop_length=hop_length)
    values = np.asarray(envelope)
    if values.ndim == 0 or values.dtype.kind not in "fiu" or values.size == 0 or not np.all(np.isfinite(values)):
        raise ParameterError("onset_envelope must be finite numbers of shape (..., frames), at least one")
    return values if values.dtype.kind == "f" else values.astype(np.float64)
