"""Decibels: of powers and amplitudes, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError, warn

Array = NDArray[Any]

#: Values converted at a time, to stay in the cache.
PIECE_VALUES = 65_536

#: A reference level, or a function of the magnitudes that returns it.
Reference = float | Callable[[Array], float]


def power_to_db(S: ArrayLike, *, ref: Reference = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Array:
    """Decibels of powers.

    Parameters
    ----------
    S : array_like
        Powers, of any shape; of complex ones the magnitude is taken, with a warning.
    ref : float or callable
        Level of 0 dB, or a function of the magnitudes that returns it, such as ``numpy.max``.
    amin : float
        Smaller values are raised to this.
    top_db : float or None
        Values so much below the loudest of the whole array are raised to that floor.

    Returns
    -------
    numpy.ndarray or numpy.floating
        dB, in the shape of ``S``: float32 of float32, else float64.

    Raises
    ------
    ParameterError
        If ``amin`` is not above 0, ``top_db`` negative, or ``S`` empty or no numbers.

    See Also
    --------
    db_to_power : The inverse.
    amplitude_to_db : The same of amplitudes.

    Notes
    -----
    ``10 log10(S / ref)``. Equals ``librosa.power_to_db`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import power_to_db
    >>> power_to_db(np.array([1.0, 0.1, 1e-12]), ref=np.max).round(1) + 0.0
    array([  0., -10., -80.])
    """
    return _decibels(_magnitude(S, "power_to_db"), ref, amin, top_db)


def amplitude_to_db(S: ArrayLike, *, ref: Reference = 1.0, amin: float = 1e-5, top_db: float | None = 80.0) -> Array:
    """Decibels of amplitudes.

    Parameters
    ----------
    S : array_like
        Amplitudes, of any shape; of complex ones the magnitude is taken, with a warning.
    ref : float or callable
        Level of 0 dB, or a function of the magnitudes that returns it, such as ``numpy.max``.
    amin : float
        Smaller values are raised to this.
    top_db : float or None
        Values so much below the loudest of the whole array are raised to that floor.

    Returns
    -------
    numpy.ndarray or numpy.floating
        dB, in the shape of ``S``: float32 of float32, else float64.

    Raises
    ------
    ParameterError
        If ``amin`` is not above 0, ``top_db`` negative, or ``S`` empty or no numbers.

    See Also
    --------
    db_to_amplitude : The inverse.
    power_to_db : The same of powers.

    Notes
    -----
    ``20 log10(|S| / ref)``. Equals ``librosa.amplitude_to_db`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import amplitude_to_db
    >>> amplitude_to_db(np.array([1.0, 0.1])).round(1) + 0.0
    array([  0., -20.])
    """
    magnitude = _magnitude(S, "amplitude_to_db")
    reference = ref(np.abs(magnitude)) if callable(ref) else np.abs(ref)
    power = np.asarray(np.square(magnitude))
    return _decibels(power, reference**2, amin**2 if amin > 0 else amin, top_db, out=power)


def db_to_power(S_db: ArrayLike, *, ref: float = 1.0) -> Array:
    """Powers of decibels, the inverse of ``power_to_db``.

    Parameters
    ----------
    S_db : array_like
        dB.
    ref : float
        Power of 0 dB.

    Returns
    -------
    numpy.ndarray or numpy.floating
        ``ref * 10 ** (S_db / 10)``.

    See Also
    --------
    power_to_db : The inverse.

    Notes
    -----
    Equals ``librosa.db_to_power`` 0.11.

    Examples
    --------
    >>> from features_np import db_to_power
    >>> db_to_power([0.0, 20.0])
    array([  1., 100.])
    """
    return ref * np.power(10.0, np.multiply(S_db, 0.1))


def db_to_amplitude(S_db: ArrayLike, *, ref: float = 1.0) -> Array:
    """Amplitudes of decibels, the inverse of ``amplitude_to_db``.

    Parameters
    ----------
    S_db : array_like
        dB.
    ref : float
        Amplitude of 0 dB.

    Returns
    -------
    numpy.ndarray or numpy.floating
        ``ref * 10 ** (S_db / 20)``.

    See Also
    --------
    amplitude_to_db : The inverse.

    Notes
    -----
    Equals ``librosa.db_to_amplitude`` 0.11.

    Examples
    --------
    >>> from features_np import db_to_amplitude
    >>> db_to_amplitude([0.0, 20.0])
    array([ 1., 10.])
    """
    return db_to_power(S_db, ref=ref**2) ** 0.5


def decibels_of_power(power: Array, amin: float = 1e-10, *, out: Array | None = None) -> Array:
    """Return ``10 log10(max(power, amin))``, unclipped, in the precision of ``power``; with ``out``, there."""
    decibels = np.empty_like(power) if out is None else out
    least, scale = power.dtype.type(amin), power.dtype.type(10 / np.log(10))
    for rows, levels in _pieces(power, decibels):
        np.maximum(rows, least, out=levels)
        np.log(levels, out=levels)  # NumPy has a vectorized float32 log, but no vectorized log10
        np.multiply(levels, scale, out=levels)
    return decibels


def clip_below_peak(decibels: Array, top_db: float) -> Array:
    """Raise values more than ``top_db`` below the maximum of the array to that floor."""
    floor = decibels.max() - decibels.dtype.type(top_db)
    return np.asarray(np.maximum(decibels, floor))


def _pieces(power: Array, decibels: Array) -> Iterator[tuple[Array, Array]]:
    """Cut both along the axis whose values lie furthest apart, into pieces that stay in the cache."""
    if power.size <= PIECE_VALUES or power.ndim < 2:
        yield power, decibels
        return
    widest = int(np.argmax(power.strides))
    rows, levels = np.moveaxis(power, widest, 0), np.moveaxis(decibels, widest, 0)
    step = max(PIECE_VALUES * len(rows) // power.size, 1)
    for begin in range(0, len(rows), step):
        yield rows[begin : begin + step], levels[begin : begin + step]


def _decibels(power: Array, ref: Reference, amin: float, top_db: float | None, *, out: Array | None = None) -> Array:
    if not amin > 0:
        raise ParameterError(f"amin is {amin}, must be above 0")
    if top_db is not None and not top_db >= 0:
        raise ParameterError(f"top_db is {top_db}, must be 0 or above, or None")
    reference = np.maximum(amin, ref(power) if callable(ref) else np.abs(ref))
    decibels = decibels_of_power(power, amin, out=out)
    if np.ndim(reference) or reference != 1.0:
        decibels -= np.asarray(10 * np.log10(reference)).astype(decibels.dtype)
    if top_db is not None:
        np.maximum(decibels, decibels.max() - decibels.dtype.type(top_db), out=decibels)
    return decibels[()]  # a number of a number


def _magnitude(S: ArrayLike, name: str) -> Array:
    """Return a floating array of at least one value; of complex ones their size."""
    values = np.asarray(S)
    if values.dtype.kind == "c":
        warn(f"{name} was called on complex input so phase information will be discarded; say abs() to mean it")
        values = np.abs(values)
    if values.dtype.kind not in "fiub" or values.size == 0:
        raise ParameterError(f"S holds {values.size} values of {values.dtype}, must be numbers, at least one")
    return values if values.dtype.kind == "f" else values.astype(np.float64)
