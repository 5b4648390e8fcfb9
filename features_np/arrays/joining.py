"""Aggregation of frames between events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError

Array = NDArray[Any]


def sync(
    data: Array,
    idx: Sequence[int] | Sequence[slice] | Array,
    *,
    aggregate: Callable[..., Any] | None = None,
    pad: bool = True,
    axis: int = -1,
) -> Array:
    """Aggregate the frames between events, such as chroma between beats.

    Parameters
    ----------
    data : numpy.ndarray
        Features, of any shape.
    idx : sequence of int or slice
        Frames of the events, or the segments themselves.
    aggregate : callable, optional
        Function that aggregates a segment, taking ``axis``; ``numpy.mean`` by default.
    pad : bool
        Whether the parts before the first and after the last event are segments too.
    axis : int
        Axis of time.

    Returns
    -------
    numpy.ndarray
        As ``data``, with a segment where a frame was.

    Raises
    ------
    ParameterError
        For events that are neither whole numbers from 0 up nor slices.

    See Also
    --------
    features_np.beat.beat_track : Finds beats to aggregate by.

    Notes
    -----
    Equals ``librosa.util.sync`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.util import sync
    >>> sync(np.arange(6.0), [2, 4])
    array([0.5, 2.5, 4.5])
    """
    join = np.mean if aggregate is None else aggregate
    if all(isinstance(event, slice) for event in idx):
        segments: list[Any] = list(idx)
    elif all(isinstance(event, int | np.integer) for event in idx):
        bounds = bounds_of(np.asarray(idx, dtype=int), data.shape[axis], pad=pad)
        segments = [slice(begin, end) for begin, end in pairwise(bounds)]
    else:
        raise ParameterError(f"idx is {idx!r}, must hold whole numbers, or slices")
    place = axis % data.ndim
    shape = (*data.shape[:place], len(segments), *data.shape[place + 1 :])
    joined = np.empty(shape, dtype=data.dtype, order="F" if np.isfortran(data) else "C")
    before = (slice(None),) * place
    for number, segment in enumerate(segments):
        joined[(*before, number)] = join(data[(*before, segment)], axis=axis)
    return joined


def bounds_of(events: ArrayLike, end: int | None, *, pad: bool = True) -> NDArray[np.intp]:
    """Return the events between 0 and ``end``, sorted, each once; with ``pad``, both of those among them.

    Events beyond ``end`` are at it with ``pad``, and left out without. Equals ``librosa.util.fix_frames`` 0.11.
    """
    frames = np.asarray(events, dtype=int)
    if np.any(frames < 0):
        raise ParameterError("an event lies before frame 0; count frames from 0 up")
    if pad:
        edges = [0] if end is None else [0, end]
        frames = np.concatenate((edges, frames if end is None else np.minimum(frames, end)))
    return np.asarray(np.unique(frames if end is None else frames[frames <= end]), dtype=int)
