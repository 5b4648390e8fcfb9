"""The periods of the onsets: the tempogram and the tempo."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.rhythm.onsets import onset_strength
from features_np.rhythm.pulse import mean_tempogram
from features_np.spectra.fft import irfft, next_fast_len, rfft
from features_np.spectra.spectrum import Array, frame_signal, hann_window, normalize


def tempogram(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: Array | None = None,
    hop_length: int = 512,
    win_length: int = 384,
    center: bool = True,
    norm: float | None = np.inf,
) -> Array:
    """Local autocorrelation of the onset strength.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``onset_envelope`` is needed.
    sr : float
        Sample rate in Hz.
    onset_envelope : numpy.ndarray, shape (frames,), optional
        Onset strength, taken instead of that of ``y``.
    hop_length : int
        Samples between frames of the onset strength.
    win_length : int
        Frames that a column covers, under a Hann window, and lags.
    center : bool
        Whether columns are centred; the onset strength then runs out linearly beyond both ends.
    norm : float or None
        Norm by which each column is divided.

    Returns
    -------
    numpy.ndarray, shape (win_length, frames)
        float64; row ``l`` is the lag of ``l`` frames.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
    if center:
        padded = np.pad(envelope, win_length // 2, mode="linear_ramp", end_values=0)
        frames = frame_signal(padded, win_length, 1)[: len(envelope)]
    elif len(envelope) >= win_length:
        frames = frame_signal(envelope, win_length, 1)
    else:
        raise SignalError(f"{len(envelope)} frames are fewer than win_length, {win_length}; centre it or give more")
    length = next_fast_len(2 * win_length - 1, real=True)
    power = np.abs(rfft(frames * hann_window(win_length), length, axis=-1)) ** 2
    return normalize(irfft(power, length, axis=-1)[:, :win_length], norm, axis=-1).T


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
) -> NDArray[np.float64]:
    """Estimate one tempo for a whole signal.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``onset_envelope`` is needed.
    sr : float
        Sample rate in Hz.
    onset_envelope : numpy.ndarray, shape (frames,), optional
        Onset strength, taken instead of that of ``y``.
    tg : numpy.ndarray, shape (lags, frames), optional
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

    Returns
    -------
    numpy.ndarray, shape (1,)
        Beats per minute, float64.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    The lag that is strongest in the mean of the tempogram under a log-normal prior. Silence has the lag nearest to
    the prior, 117.45 BPM. Equals ``librosa.feature.tempo`` 0.11 with its default ``aggregate`` and ``prior``.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> clicks = np.zeros(10 * 22_050, dtype=np.float32)
    >>> clicks[::11_025] = 1.0  # two a second
    >>> librosa.feature.tempo(y=clicks).round()
    array([117.])
    """
    if tg is not None:
        mean = np.mean(tg, axis=-1)
    else:
        win_length = tempo_window_frames(ac_size, sr, hop_length)
        mean = mean_tempogram(_envelope(y, sr, onset_envelope, hop_length), win_length)
    prior = tempo_prior(
        len(mean), sr=sr, hop_length=hop_length, start_bpm=start_bpm, std_bpm=std_bpm, max_tempo=max_tempo
    )
    return np.array([strongest_tempo(mean, prior, sr=sr, hop_length=hop_length)])


def tempo_window_frames(ac_size: float, sr: float, hop_length: int) -> int:
    """Return how many whole hops ``ac_size`` seconds are; ``librosa.time_to_frames``."""
    require_count("hop_length", hop_length)
    frames = int(ac_size * require_positive_rate(sr)) // hop_length
    if frames < 2:
        raise SignalError(f"{ac_size} s are {frames} frames, too few for a lag; take a longer ac_size")
    return frames


def lag_tempi(n_lags: int, *, sr: float, hop_length: int) -> NDArray[np.float64]:
    """Return the tempo in BPM of each lag in frames, infinite at 0; ``librosa.tempo_frequencies`` 0.11."""
    tempi = np.full(n_lags, np.inf)
    tempi[1:] = 60.0 * sr / (hop_length * np.arange(1.0, n_lags))
    return tempi


@lru_cache(maxsize=8)
def tempo_prior(
    n_lags: int, *, sr: float, hop_length: int, start_bpm: float, std_bpm: float, max_tempo: float | None
) -> NDArray[np.float64]:
    """Return the log of the prior at each lag: log-normal around ``start_bpm``, nothing from ``max_tempo`` up."""
    if not (start_bpm > 0 and std_bpm > 0):
        raise SignalError("start_bpm and std_bpm must be above 0")
    tempi = lag_tempi(n_lags, sr=sr, hop_length=hop_length)
    prior: NDArray[np.float64] = -0.5 * ((np.log2(tempi) - np.log2(start_bpm)) / std_bpm) ** 2
    if max_tempo is not None:
        prior[: int(np.argmax(tempi < max_tempo))] = -np.inf
    prior.flags.writeable = False
    return prior


def strongest_tempo(mean: NDArray[np.float64], prior: NDArray[np.float64], *, sr: float, hop_length: int) -> float:
    """Return the tempo in BPM of the lag where the mean tempogram and the log prior are strongest together."""
    return float(lag_tempi(len(mean), sr=sr, hop_length=hop_length)[np.argmax(np.log1p(1e6 * mean) + prior)])


def _envelope(y: Array | None, sr: float, envelope: Array | None, hop_length: int) -> Array:
    if envelope is None:
        if y is None:
            raise SignalError("neither y nor onset_envelope is given; pass one of them")
        return onset_strength(y=y, sr=sr, hop_length=hop_length)
    if envelope.ndim != 1 or envelope.dtype.kind != "f" or envelope.size == 0 or not np.all(np.isfinite(envelope)):
        raise SignalError("onset_envelope must be finite floats of shape (frames,), at least one")
    return envelope
