"""Beats: a path through the onsets at an even pace."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from features_np.arrays.norms import tiny
from features_np.arrays.order import median
from features_np.arrays.peaks import local_maxima
from features_np.errors import ParameterError
from features_np.pcm import require_count, require_positive_rate
from features_np.rhythm.onsets import onset_strength
from features_np.rhythm.tempi import Prior, tempo
from features_np.spectra.framing import Array
from features_np.units.times import frames_to_samples, frames_to_time

#: Share of the strongest smoothed onset that the first beat must reach.
FIRST_BEAT = 0.01
#: Smoothing of the onsets at the beats, before weak beats at both ends are trimmed.
SMOOTHING = np.hanning(5)


def beat_track(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: ArrayLike | None = None,
    hop_length: int = 512,
    start_bpm: float = 120.0,
    tightness: float = 100,
    trim: bool = True,
    bpm: ArrayLike | None = None,
    prior: Prior | None = None,
    units: str = "frames",
    sparse: bool = True,
) -> tuple[Any, NDArray[Any]]:
    """Estimate the tempo and the beats of a signal.

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
    start_bpm : float
        Centre of the prior of the tempo, beats per minute.
    tightness : float
        Weight of a constant tempo.
    trim : bool
        Whether weak beats at both ends are left out.
    bpm : float or numpy.ndarray, optional
        The tempo, if it is known: one, or one for each frame or channel.
    prior : object with a ``logpdf``, optional
        Distribution of tempi, as ``tempo`` takes it.
    units : str
        Unit of the beats: "frames", "samples" or "time" (seconds).
    sparse : bool
        Whether to return the places of the beats of one channel, or a mask.

    Returns
    -------
    tempo : float or numpy.ndarray, shape (..., 1)
        Beats per minute: an array where it was estimated; 0.0 where there are no onsets, as in librosa.
    beats : numpy.ndarray
        Where the beats are, in ``units``: (beats,); or booleans (..., frames).

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.tempo : The tempo alone.

    Notes
    -----
    Ellis, "Beat tracking by dynamic programming" (2007): the path through the onsets, of which ``numpy.median``
    joins the bands, whose steps are nearest to the tempo. Equals ``librosa.beat.beat_track`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> clicks = np.zeros(10 * 22_050, dtype=np.float32)
    >>> clicks[::11_025] = 1.0  # two a second
    >>> tempo, beats = librosa.beat.beat_track(y=clicks, units="time")
    >>> float(np.median(np.diff(beats)).round(1))
    0.5
    """
    require_count("hop_length", hop_length)
    require_positive_rate(sr)
    if units not in ("frames", "samples", "time"):
        raise ParameterError(f"units is {units!r}, must be frames, samples or time")
    if not tightness > 0:
        raise ParameterError(f"tightness is {tightness}, must be above 0")
    if not start_bpm > 0 or (bpm is not None and np.any(np.asarray(bpm) <= 0)):
        raise ParameterError(f"start_bpm is {start_bpm} and bpm {bpm!r}, must be above 0")
    if onset_envelope is None:
        if y is None:
            raise ParameterError("neither y nor onset_envelope is given; pass one of them")
        onset_envelope = onset_strength(y=y, sr=sr, hop_length=hop_length, aggregate=np.median)
    onsets = np.asarray(onset_envelope)
    if sparse and onsets.ndim != 1:
        raise ParameterError(f"onsets have shape {onsets.shape}; pass one channel, or sparse=False")
    if not onsets.any():
        if sparse:
            return 0.0, np.array([], dtype=int)
        return np.zeros(onsets.shape[:-1]), np.zeros(onsets.shape, dtype=bool)
    pace: Any = bpm
    if bpm is None:
        pace = tempo(onset_envelope=onsets, sr=sr, hop_length=hop_length, start_bpm=start_bpm, prior=prior)
    beats = _beats(onsets, np.atleast_1d(pace), sr / hop_length, tightness, trim)
    if not sparse:
        return pace, beats
    frames = np.flatnonzero(beats)
    if units == "frames":
        return pace, frames
    if units == "samples":
        return pace, frames_to_samples(frames, hop_length=hop_length)
    return pace, frames_to_time(frames, hop_length=hop_length, sr=sr)


def _beats(onsets: Array, bpm: Array, frame_rate: float, tightness: float, trim: bool) -> NDArray[np.bool_]:
    """Return which frames of ``onsets`` (..., frames) are beats at tempi that lie along its first axes."""
    paces = np.round(frame_rate * 60.0 / bpm.reshape(*bpm.shape, *(1,) * (onsets.ndim - bpm.ndim)))
    if paces.shape[-1] not in (1, onsets.shape[-1]):
        raise ParameterError(
            f"bpm has shape {bpm.shape}, must be one for all frames, or one for each of {onsets.shape[-1]}"
        )
    values = onsets if onsets.dtype.kind == "f" else onsets.astype(np.float64)
    scaled = values / (values.std(ddof=1, axis=-1, keepdims=True) + tiny(values))
    beats = np.zeros(onsets.shape, dtype=bool)
    if onsets.ndim == 1:
        beats[_beat_frames(scaled, paces.reshape(-1), tightness, trim)] = True
        return beats
    paces = np.broadcast_to(paces, (*onsets.shape[:-1], paces.shape[-1]))
    for channel in np.ndindex(onsets.shape[:-1]):
        beats[(*channel, _beat_frames(scaled[channel], paces[channel], tightness, trim))] = True
    return beats


def _beat_frames(envelope: Array, paces: Array, tightness: float, trim: bool) -> NDArray[np.intp]:
    """Return the beats of one channel; ``paces`` are frames from one to the next, for all or for each frame."""
    score = _local_score(envelope.astype(np.float64), paces)
    beats = _best_path(score, paces, tightness)
    smooth = np.convolve(score[beats], SMOOTHING)[2 : len(score) + 2]
    loud = np.flatnonzero(score > (0.5 * np.sqrt(np.mean(smooth**2)) if trim else 0.0))
    return beats[(beats >= loud[0]) & (beats <= loud[-1])] if loud.size else beats[:0]


def _local_score(onsets: NDArray[np.float64], paces: Array) -> NDArray[np.float64]:
    """Smooth the onsets by a Gaussian 1/32 of a beat wide; the first of them is left out, as in librosa."""
    onsets[0] = 0.0
    score = np.empty(len(onsets))
    for pace in paces if len(paces) == 1 else np.unique(paces):
        reach = max(int(pace), 1)
        window = np.exp(-0.5 * (np.arange(-reach, reach + 1) * 32.0 / reach) ** 2)
        smooth = np.convolve(onsets, window)[reach : reach + len(onsets)]
        np.copyto(score, smooth, where=paces == pace)
    return score


def _best_path(score: Array, paces: Array, tightness: float) -> NDArray[np.intp]:
    """Return the frames of the best path of beats that leads to the last one.

    A step's cost is the squared logarithm of its length in beats, times ``tightness``. As many frames as the shortest
    step is long do not depend on each other, and are computed together.
    """
    n_frames, pace = len(score), paces[:, np.newaxis]
    shortest, longest = max(int(np.round(paces.min() / 2)), 1), int(2 * paces.max())
    steps = np.arange(shortest, longest + 1)
    cost = tightness * (np.log(steps) - np.log(pace)) ** 2
    cost[(steps < np.round(pace / 2)) | (steps > 2 * pace)] = np.inf
    scores = _blocks(score, shortest)
    known = np.full(scores.size + longest, -np.inf)  # the last frame first, in the order of steps backwards
    total = known[scores.size - 1 :: -1]
    earlier = sliding_window_view(known, len(steps))[: shortest - 1 : -1]
    _fill_totals(scores, earlier.reshape(*scores.shape, -1), cost, total.reshape(scores.shape))
    frame, path = _last_beat(total[:n_frames]), []
    first = int(np.argmax(score >= FIRST_BEAT * score.max()))
    ways, price = np.empty(len(steps)), cost[0]
    while frame >= first:
        path.append(frame)
        np.subtract(earlier[frame], price if len(cost) == 1 else cost[frame], ways)
        best = int(ways.argmax())  # of equal paths, the shortest step
        if frame < longest and ways[best] == -np.inf:
            break
        frame -= shortest + best
    else:
        path.append(frame)
    return np.array(path[::-1])


def _fill_totals(scores: Array, earlier: Array, cost: Array, totals: Array) -> None:
    """Write into ``totals`` (blocks, frames) the scores of the best paths to each frame.

    ``earlier`` (blocks, frames, steps) are views of them, a step before; ``cost`` (1 or all frames, steps) of a step.
    """
    length, is_varied = scores.shape[1], len(cost) > 1
    costs = iter(_blocks(cost, length)[1:]) if is_varied else repeat(cost)
    paths, gains = np.empty(earlier.shape[1:]), np.empty(length)
    subtract, greatest, add = np.subtract, np.maximum.reduce, np.add
    totals[0] = scores[0]  # there is nothing before: paths begin
    for score, before, price, total in zip(scores[1:], earlier[1:], costs, totals[1:], strict=False):
        subtract(before, price, paths)
        greatest(paths, 1, None, gains)
        if is_varied:
            gains[gains == -np.inf] = 0.0  # a path begins
        add(score, gains, total)


def _blocks(rows: Array, length: int) -> Array:
    """Return ``rows`` (frames, ...) in blocks (blocks, length, ...), the last filled up with zeros."""
    n_blocks = -(-len(rows) // length)
    longer = np.zeros((n_blocks * length, *rows.shape[1:]))
    longer[: len(rows)] = rows
    return longer.reshape(n_blocks, length, *rows.shape[1:])


def _last_beat(total: Array) -> int:
    """Return the last local maximum that is at least half as high as they are in the middle."""
    peaks = local_maxima(total).nonzero()[0]
    if not peaks.size:
        return len(total) - 1
    heights = total.take(peaks)
    high = peaks.compress(heights >= 0.5 * median(heights))
    return int(high[-1]) if high.size else len(total) - 1
