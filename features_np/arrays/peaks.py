"""Peaks of curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import ParameterError

Array = NDArray[Any]


def local_maxima(x: Array) -> NDArray[np.bool_]:
    """Return, for each value of a curve (n,), if it is above the one before and not below the next.

    The first is none; the last is one if it is above the one before. Equals ``librosa.util.localmax`` 0.11.
    """
    peak = np.zeros(len(x), dtype=bool)
    peak[1:-1] = (x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:])
    peak[-1:] = len(x) > 1 and x[-1] > x[-2]
    return peak


def peak_pick(
    x: Array,
    *,
    pre_max: float,
    post_max: float,
    pre_avg: float,
    post_avg: float,
    delta: float,
    wait: float,
    sparse: bool = True,
    axis: int = -1,
) -> NDArray[Any]:
    """Pick the peaks of a curve.

    A value is a peak if it is the largest within ``pre_max`` before and ``post_max`` after it, is above the mean within
    ``pre_avg`` and ``post_avg`` by ``delta``, and follows the peak before by more than ``wait``.

    Parameters
    ----------
    x : numpy.ndarray
        The curve, or several along ``axis``.
    pre_max : int
        Values before, 0 or more.
    post_max : int
        Values from itself on, 1 or more.
    pre_avg : int
        Values before, for the mean, 0 or more.
    post_avg : int
        Values from itself on, for the mean, 1 or more.
    delta : float
        How far above the mean, 0 or more.
    wait : int
        Values between two peaks, 0 or more.
    sparse : bool
        Whether to return the places of the peaks of one curve, or a mask.
    axis : int
        Axis of the curve.

    Returns
    -------
    numpy.ndarray
        Indices (peaks,), or booleans in the shape of ``x``.

    Raises
    ------
    ParameterError
        For numbers that are too small, and several curves unless ``sparse=False``.

    See Also
    --------
    features_np.onset.onset_detect : Picks the peaks of the onset strength.

    Notes
    -----
    Böck, Krebs and Schedl, "Evaluating the online capabilities of onset detection methods" (2012). Equals
    ``librosa.util.peak_pick`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.util import peak_pick
    >>> curve = np.array([0.0, 1.0, 0.0, 0.0, 3.0, 0.0])
    >>> peak_pick(curve, pre_max=1, post_max=2, pre_avg=1, post_avg=2, delta=0.1, wait=0)
    array([1, 4])
    """
    for name, value in {"pre_max": pre_max, "pre_avg": pre_avg, "delta": delta, "wait": wait}.items():
        if not value >= 0:
            raise ParameterError(f"{name} is {value}, must be 0 or more")
    for name, value in {"post_max": post_max, "post_avg": post_avg}.items():
        if not value > 0:
            raise ParameterError(f"{name} is {value}, must be above 0")
    if sparse and x.ndim != 1:
        raise ParameterError(f"x has shape {x.shape}; pass one curve, or sparse=False")
    reach = [int(np.ceil(value)) for value in (pre_max, post_max, pre_avg, post_avg)]
    peaks = np.zeros(x.shape, dtype=bool)
    curves, masks = np.moveaxis(x, axis, -1), np.moveaxis(peaks, axis, -1)
    for place in np.ndindex(curves.shape[:-1]):
        masks[place] = _peaks(curves[place], *reach, delta=delta, wait=int(np.ceil(wait)))
    return np.flatnonzero(peaks) if sparse else peaks


def _peaks(
    x: Array, pre_max: int, post_max: int, pre_avg: int, post_avg: int, *, delta: float, wait: int
) -> NDArray[np.bool_]:
    count = len(x)
    loudest = np.concatenate((np.full(pre_max, -np.inf), x, np.full(post_max - 1, -np.inf)))
    size = 1
    while size < pre_max + post_max:  # the largest of two neighbouring windows is that of one as long as both
        step = min(size, pre_max + post_max - size)
        loudest, size = np.maximum(loudest[:-step], loudest[step:]), size + step
    total = np.concatenate(([0.0], np.cumsum(x, dtype=np.float64)))
    places = np.arange(count)
    begin, end = np.maximum(places - pre_avg, 0), np.minimum(places + post_avg, count)
    mean = (total[end] - total[begin]) / (end - begin)
    chosen, free = np.zeros(count, dtype=bool), 0
    for place in np.flatnonzero((x == loudest) & (x >= mean + delta)).tolist():
        if place >= free:
            chosen[place], free = True, place + wait + 1
    return chosen
