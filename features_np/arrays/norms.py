"""Norms of vectors, and normalization."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError

Array = NDArray[Any]


def tiny(x: ArrayLike) -> float:
    """Return the smallest normal number of an array's type; integers count as float32."""
    dtype = np.asarray(x).dtype
    return _tiny(dtype if dtype.kind in "fc" else np.dtype(np.float32))


@lru_cache(maxsize=16)
def _tiny(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).tiny)


def normalize(
    S: ArrayLike,
    *,
    norm: float | None = np.inf,
    axis: int | None = 0,
    threshold: float | None = None,
    fill: bool | None = None,
) -> Array:
    """Divide by a norm.

    Parameters
    ----------
    S : array_like
        Finite numbers, of any shape.
    norm : float or None
        ``inf`` for the largest magnitude, ``-inf`` for the smallest, 0 for how many are not zero, p above 0 for the
        p-norm; None changes nothing.
    axis : int or None
        Axis along which vectors lie; None for one norm of the whole array.
    threshold : float, optional
        Vectors whose norm is less count as zero; the smallest normal number by default.
    fill : bool, optional
        Value of those: unchanged by default, False makes them zeros, True a constant vector of norm 1.

    Returns
    -------
    numpy.ndarray
        In the shape and type of ``S``.

    Raises
    ------
    ParameterError
        For an unknown norm, a threshold that is not above 0, and numbers that are not finite.

    See Also
    --------
    features_np.util.sync : Joins frames.

    Notes
    -----
    Equals ``librosa.util.normalize`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.util import normalize
    >>> normalize(np.array([1.0, -4.0]))
    array([ 0.25, -1.  ])
    """
    values = np.asarray(S)
    least = tiny(values) if threshold is None else threshold
    if not least > 0:
        raise ParameterError(f"threshold is {threshold}, must be above 0")
    if fill not in (None, False, True):
        raise ParameterError(f"fill is {fill!r}, must be None, False or True")
    if not np.isfinite(values).all():
        raise ParameterError("S holds NaN or infinity; drop or repair it first")
    if norm is None:
        return values
    if norm == 0 and fill:
        raise ParameterError("no vector of norm 0 can fill; take fill=False or another norm")
    if norm == np.inf and values.dtype.kind == "f" and threshold is None:
        length: Array = np.asarray(np.abs(values).max(axis=axis, keepdims=True))  # division as in float64
    else:
        length = lengths(values, norm, axis)
    small = length < least
    if fill is None:
        length[small] = 1.0
        return (values / length).astype(values.dtype, copy=False)
    length[small] = np.inf
    divided = (values / length).astype(values.dtype, copy=False)
    if fill:
        size = values.size if axis is None else values.shape[axis]
        constant = 1.0 if np.isinf(norm) else size ** (-1.0 / norm)
        divided = np.where(small, constant, divided).astype(values.dtype, copy=False)
    return divided


def lengths(values: Array, norm: float, axis: int | None) -> Array:
    """Return the norms along ``axis`` in float64, the axis kept with length 1."""
    magnitude = np.abs(values)
    if norm == np.inf:
        return np.asarray(np.max(magnitude, axis=axis, keepdims=True), dtype=np.float64).copy()
    if norm == -np.inf:
        return np.asarray(np.min(magnitude, axis=axis, keepdims=True), dtype=np.float64).copy()
    if not isinstance(norm, int | float | np.number) or not norm >= 0:
        raise ParameterError(f"norm is {norm!r}, must be a number from 0 up, inf, -inf or None")
    if norm == 0:
        return np.asarray(np.sum(magnitude > 0, axis=axis, keepdims=True, dtype=np.float64))
    if norm == 1:
        return np.asarray(np.sum(magnitude, axis=axis, keepdims=True, dtype=np.float64))
    powers = magnitude.astype(np.float64) ** norm
    return np.asarray(np.sum(powers, axis=axis, keepdims=True) ** (1.0 / norm))
