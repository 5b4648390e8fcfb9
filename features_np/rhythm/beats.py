"""Beats: a path through the onsets at an even pace."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.rhythm.onsets import onset_strength
from features_np.rhythm.tempi import tempo
from features_np.spectra.spectrum import Array

#: Share of the strongest smoothed onset that the first beat must reach.
FIRST_BEAT = 0.01


def beat_track(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: Array | None = None,
    hop_length: int = 512,
    start_bpm: float = 120.0,
    tightness: float = 100,
    trim: bool = True,
    bpm: float | None = None,
    units: str = "frames",
) -> tuple[Any, NDArray[Any]]:
    """Estimate the tempo and the beats of a signal.

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
    start_bpm : float
        Centre of the prior of the tempo, beats per minute.
    tightness : float
        How strictly beats keep the tempo.
    trim : bool
        Whether weak beats at both ends are left out.
    bpm : float, optional
        The tempo, if it is known.
    units : str
        What beats are given in: "frames", "samples" or "time" (seconds).

    Returns
    -------
    tempo : float or numpy.ndarray, shape (1,)
        Beats per minute: an array where it was estimated; 0.0 where there are no onsets, as in librosa.
    beats : numpy.ndarray, shape (beats,)
        Where the beats are, in ``units``.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Ellis, "Beat tracking by dynamic programming" (2007): the path through the onsets, of which ``numpy.median``
    joins the bands, whose steps are nearest to the tempo. Equals ``librosa.beat.beat_track`` 0.11 for one tempo and
    ``sparse`` output.

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
    if not tightness > 0 or (bpm is not None and not bpm > 0):
        raise SignalError(f"tightness is {tightness} and bpm {bpm}, must be above 0")
    if units not in ("frames", "samples", "time"):
        raise SignalError(f"units is {units!r}, must be frames, samples or time")
    if onset_envelope is None:
        if y is None:
            raise SignalError("neither y nor onset_envelope is given; pass one of them")
        onset_envelope = onset_strength(y=y, sr=sr, hop_length=hop_length, aggregate=np.median)
    if not onset_envelope.any():
        return 0.0, np.array([], dtype=int)
    pace = np.atleast_1d(bpm) if bpm is not None else None
    if pace is None:
        pace = tempo(onset_envelope=onset_envelope, sr=sr, hop_length=hop_length, start_bpm=start_bpm)
    beats = _beat_frames(onset_envelope, float(np.round(sr / hop_length * 60.0 / pace[0])), tightness, trim)
    places = {"frames": beats, "samples": beats * hop_length, "time": beats * hop_length / float(sr)}
    return (bpm if bpm is not None else pace), places[units]


def _beat_frames(envelope: Array, frames_per_beat: float, tightness: float, trim: bool) -> NDArray[np.intp]:
    score = _local_score(envelope / (envelope.std(ddof=1) + np.finfo(envelope.dtype).tiny), frames_per_beat)
    total, before = _best_paths(score, frames_per_beat, tightness)
    path = [_last_beat(total)]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    beats = np.array(path[::-1])
    smooth = np.convolve(score[beats], np.hanning(5))[2 : len(score) + 2]
    loud = np.flatnonzero(score > (0.5 * np.sqrt(np.mean(smooth**2)) if trim else 0.0))
    return beats[(beats >= loud[0]) & (beats <= loud[-1])] if loud.size else beats[:0]


def _local_score(envelope: Array, frames_per_beat: float) -> Array:
    """Smooth the onsets by a Gaussian 1/32 of a beat wide; the first of them is left out, as in librosa."""
    reach = max(int(frames_per_beat), 1)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) * 32.0 / reach) ** 2)
    onsets = envelope.astype(np.float64)
    onsets[0] = 0.0
    return np.convolve(onsets, window)[reach : reach + len(onsets)].astype(envelope.dtype)


def _best_paths(score: Array, frames_per_beat: float, tightness: float) -> tuple[Array, NDArray[np.intp]]:
    """Return the best score of a path of beats up to each frame, and the beat before it, -1 if there is none.

    A step's cost is the squared logarithm of its length in beats, times ``tightness``.
    """
    steps = np.arange(max(int(np.round(frames_per_beat / 2)), 1), int(2 * frames_per_beat) + 1)
    cost = tightness * (np.log(steps) - np.log(frames_per_beat)) ** 2
    total, before, begun = score.copy(), np.full(len(score), -1), False
    threshold = FIRST_BEAT * score.max()
    for frame, here in enumerate(score):
        n_steps = int(np.searchsorted(steps, frame, side="right"))
        if n_steps:
            paths = total[frame - steps[:n_steps]] - cost[:n_steps]
            best = int(np.argmax(paths))
            total[frame] = here + paths[best]
        if n_steps and (begun or here >= threshold):
            before[frame] = frame - steps[best]
        begun = begun or here >= threshold
    return total, before


def _last_beat(total: Array) -> int:
    """Return the last local maximum that is at least half as high as they are in the middle."""
    peak = np.zeros(len(total), dtype=bool)
    peak[1:-1] = (total[1:-1] > total[:-2]) & (total[1:-1] >= total[2:])
    peak[-1] = len(total) > 1 and total[-1] > total[-2]
    if not peak.any():
        return len(total) - 1
    high = np.flatnonzero(peak & (total >= 0.5 * np.median(total[peak])))
    return int(high[-1]) if high.size else len(total) - 1
