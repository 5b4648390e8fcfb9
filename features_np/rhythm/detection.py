"""Onsets as events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.arrays.joining import bounds_of
from features_np.arrays.norms import tiny
from features_np.arrays.peaks import peak_pick
from features_np.errors import ParameterError
from features_np.rhythm.onsets import onset_strength
from features_np.spectra.spectrum import Array
from features_np.units.times import frames_to_samples, frames_to_time


def onset_detect(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    onset_envelope: Array | None = None,
    hop_length: int = 512,
    backtrack: bool = False,
    energy: Array | None = None,
    units: str = "frames",
    normalize: bool = True,
    sparse: bool = True,
    **kwargs: Any,
) -> NDArray[Any]:
    """Find the onsets of notes.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``onset_envelope`` is needed.
    sr : float
        Sample rate in Hz.
    onset_envelope : numpy.ndarray, shape (..., frames), optional
        Onset strength, taken instead of that of ``y``.
    hop_length : int
        Samples between frames of the onset strength.
    backtrack : bool
        Whether onsets are moved back to the minimum of ``energy`` before them.
    energy : numpy.ndarray, shape (frames,), optional
        Curve of that minimum; the onset strength by default.
    units : str
        Unit of the onsets: "frames", "samples" or "time" (seconds).
    normalize : bool
        Whether the onset strength is scaled to 0 to 1 first.
    sparse : bool
        Whether to return the places of the onsets of one channel, or a mask.
    **kwargs : Any
        Arguments of ``util.peak_pick`` other than the defaults, which suit music.

    Returns
    -------
    numpy.ndarray
        Where the onsets are, in ``units``: (onsets,); or booleans (..., frames).

    Raises
    ------
    ParameterError
        For what is not a signal, unknown units, and several channels unless ``sparse=False``.

    See Also
    --------
    onset_strength : Whose peaks they are.
    onset_backtrack : What moves them back.

    Notes
    -----
    Equals ``librosa.onset.onset_detect`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> clicks = np.zeros(22_050, dtype=np.float32)
    >>> clicks[11_025] = 1.0
    >>> librosa.onset.onset_detect(y=clicks, units="time").round(2)
    array([0.51])
    """
    if units not in ("frames", "samples", "time"):
        raise ParameterError(f"units is {units!r}, must be frames, samples or time")
    if onset_envelope is None:
        if y is None:
            raise ParameterError("neither y nor onset_envelope is given; pass one of them")
        onset_envelope = onset_strength(y=y, sr=sr, hop_length=hop_length)
    strength = np.asarray(onset_envelope)
    if normalize:
        strength = strength - strength.min(axis=-1, keepdims=True)
        strength = strength / (strength.max(axis=-1, keepdims=True) + tiny(strength))
    if backtrack and not sparse:
        raise ParameterError("backtrack=True needs sparse=True")
    if not strength.any() or not np.isfinite(strength).all():
        onsets = np.array([], dtype=int) if sparse else np.zeros(strength.shape, dtype=bool)
    else:
        onsets = peak_pick(strength, sparse=sparse, **(_picking(sr, hop_length) | kwargs))
        if backtrack:
            onsets = onset_backtrack(onsets, strength if energy is None else energy)
    if not sparse or units == "frames":
        return onsets
    if units == "samples":
        return frames_to_samples(onsets, hop_length=hop_length)
    return frames_to_time(onsets, hop_length=hop_length, sr=sr)


def _picking(sr: float, hop_length: int) -> dict[str, float]:
    """Return the options of peak picking: 30 ms apart, above the mean of 200 ms around them."""
    return {
        "pre_max": 0.03 * sr // hop_length,
        "post_max": 0.00 * sr // hop_length + 1,
        "pre_avg": 0.10 * sr // hop_length,
        "post_avg": 0.10 * sr // hop_length + 1,
        "wait": 0.03 * sr // hop_length,
        "delta": 0.07,
    }


def onset_backtrack(events: Array, energy: Array) -> NDArray[np.intp]:
    """Move events back to the minimum before them.

    Parameters
    ----------
    events : numpy.ndarray, shape (events,)
        Frames, such as those of onsets.
    energy : numpy.ndarray, shape (frames,)
        Curve of the minimum, such as ``rms`` or the onset strength.

    Returns
    -------
    numpy.ndarray, shape (events,)
        For each event the last local minimum at or before it, or 0.

    Raises
    ------
    ParameterError
        For an event before frame 0.

    See Also
    --------
    onset_detect : Finds the events.

    Notes
    -----
    Equals ``librosa.onset.onset_backtrack`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.onset import onset_backtrack
    >>> onset_backtrack(np.array([3]), np.array([2.0, 1.0, 2.0, 3.0]))
    array([1])
    """
    low = np.flatnonzero((energy[1:-1] <= energy[:-2]) & (energy[1:-1] < energy[2:])) + 1
    minima, places = bounds_of(low, None), np.asarray(events)
    if np.any(places < 0):
        raise ParameterError("an event lies before frame 0; count frames from 0 up")
    return np.asarray(minima[np.searchsorted(minima, places, side="right") - 1])
