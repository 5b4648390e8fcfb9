"""Peaks of curves."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.errors import ParameterError

Array = NDArray[Any]


def local_maxima(x: Array) -> NDArray[np.bool_]:
    """Return a mask of the values of a curve (n,) that are above the previous and not below the next one.

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
        Minimum height above the mean, 0 or more.
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
    if not (pre_max >= 0 and pre_avg >= 0 and delta >= 0 and wait >= 0 and post_max > 0 and post_avg > 0):
        given = f"pre_max {pre_max}, pre_avg {pre_avg}, delta {delta} and wait {wait}"
        raise ParameterError(f"{given} must be 0 or more, post_max {post_max} and post_avg {post_avg} above 0")
    reach = [ceil(value) for value in (pre_max, post_max, pre_avg, post_avg)]
    if sparse:
        if x.ndim != 1:
            raise ParameterError(f"x has shape {x.shape}; pass one curve, or sparse=False")
        return _peaks(x, *reach, delta=delta, wait=ceil(wait))
    peaks = np.zeros(x.shape, dtype=bool)
    curves, masks = np.moveaxis(x, axis, -1), np.moveaxis(peaks, axis, -1)
    for place in np.ndindex(curves.shape[:-1]):
        masks[(*place, _peaks(curves[place], *reach, delta=delta, wait=ceil(wait)))] = True
    return peaks


def _peaks(
    x: Array, pre_max: int, post_max: int, pre_avg: int, post_avg: int, *, delta: float, wait: int
) -> NDArray[np.intp]:
    count = len(x)
    width, size = pre_max + post_max, 1
    loudest = np.empty(count + width - 1)
    loudest[:pre_max] = loudest[pre_max + count :] = -np.inf
    inside = loudest[pre_max : pre_max + count]
    inside[:] = x
    total = np.zeros(count + 1)
    np.add.accumulate(inside, out=total[1:])
    while size < width:  # the maximum of two neighbouring windows is that of their union
        step = min(size, width - size)
        loudest, size = np.maximum(loudest[:-step], loudest[step:]), size + step
    highest = (inside == loudest).nonzero()[0]  # the mean is needed only around these few
    begin, end = np.maximum(highest - pre_avg, 0), np.minimum(highest + post_avg, count)
    mean = total.take(end)
    mean -= total.take(begin)
    mean /= end - begin
    mean += delta
    return _apart(highest.compress(inside.take(highest) >= mean), wait)


def _apart(places: NDArray[np.intp], wait: int) -> NDArray[np.intp]:
    """Return the first of ``places``, then always the next one more than ``wait`` after the last returned."""
    gaps = places[1:] - places[:-1]
    close = (gaps <= wait).nonzero()[0]
    if not close.size:
        return places
    kept, behind = bytearray(b"\1") * len(places), 0  # distance of the next place from the last one returned
    for before, gap in zip(close.tolist(), gaps.take(close).tolist(), strict=True):  # the others are further apart
        behind = gap if kept[before] else behind + gap
        if behind <= wait:
            kept[before + 1] = 0
    return np.asarray(places.compress(np.frombuffer(kept, dtype=bool)))
