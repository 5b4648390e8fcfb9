"""Decibels: of powers and amplitudes, and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features_np.errors import SignalError
from features_np.spectra.spectrum import Array

#: A reference level, or what takes it from the magnitudes.
Reference = float | Callable[[Array], float]


def power_to_db(S: Array, *, ref: Reference = 1.0, amin: float = 1e-10, top_db: float | None = 80.0) -> Array:
    """Decibels of powers.

    Parameters
    ----------
    S : numpy.ndarray
        Powers, of any shape, real.
    ref : float or callable
        Level that becomes 0 dB, or what takes it from the magnitudes, as ``numpy.max`` does.
    amin : float
        What is less counts as this much.
    top_db : float or None
        Values so much below the loudest of the whole array are raised to that floor.

    Returns
    -------
    numpy.ndarray
        dB, in the shape and precision of ``S``.

    Raises
    ------
    SignalError
        If ``amin`` is not above 0, ``top_db`` negative, or ``S`` complex or empty.

    Notes
    -----
    ``10 log10(S / ref)``. Equals ``librosa.power_to_db`` 0.11, which warns of complex ``S`` where this raises.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import power_to_db
    >>> power_to_db(np.array([1.0, 0.1, 1e-12]), ref=np.max).round(1) + 0.0
    array([  0., -10., -80.])
    """
    if amin <= 0:
        raise SignalError(f"amin is {amin}, must be above 0")
    if top_db is not None and top_db < 0:
        raise SignalError(f"top_db is {top_db}, must be 0 or above, or None")
    power = _magnitude(S)
    decibels = decibels_of_power(power, amin)
    reference = _reference(ref, power)
    if reference != 1.0:
        decibels -= decibels.dtype.type(10 * np.log10(max(amin, reference)))
    return decibels if top_db is None else clip_below_peak(decibels, top_db)


def amplitude_to_db(S: Array, *, ref: Reference = 1.0, amin: float = 1e-5, top_db: float | None = 80.0) -> Array:
    """Decibels of amplitudes.

    Parameters
    ----------
    S : numpy.ndarray
        Amplitudes, of any shape, real.
    ref : float or callable
        Level that becomes 0 dB, or what takes it from the magnitudes, as ``numpy.max`` does.
    amin : float
        What is less counts as this much.
    top_db : float or None
        Values so much below the loudest of the whole array are raised to that floor.

    Returns
    -------
    numpy.ndarray
        dB, in the shape and precision of ``S``.

    Raises
    ------
    SignalError
        If ``amin`` is not above 0, ``top_db`` negative, or ``S`` complex or empty.

    Notes
    -----
    ``20 log10(|S| / ref)``. Equals ``librosa.amplitude_to_db`` 0.11, which warns of complex ``S`` where this
    raises.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import amplitude_to_db
    >>> amplitude_to_db(np.array([1.0, 0.1])).round(1) + 0.0
    array([  0., -20.])
    """
    magnitude = _magnitude(S)
    reference = _reference(ref, magnitude)
    return power_to_db(np.square(magnitude), ref=reference**2, amin=amin**2 if amin > 0 else amin, top_db=top_db)


def db_to_power(S_db: Array, *, ref: float = 1.0) -> Array:
    """Powers of decibels, the inverse of ``power_to_db``.

    Parameters
    ----------
    S_db : numpy.ndarray
        dB.
    ref : float
        Power of 0 dB.

    Returns
    -------
    numpy.ndarray
        ``ref * 10 ** (S_db / 10)``.

    Notes
    -----
    Equals ``librosa.db_to_power`` 0.11.

    Examples
    --------
    >>> from features_np import db_to_power
    >>> db_to_power([0.0, 20.0])
    array([  1., 100.])
    """
    return np.asarray(ref * np.power(10.0, np.multiply(S_db, 0.1)))


def db_to_amplitude(S_db: Array, *, ref: float = 1.0) -> Array:
    """Amplitudes of decibels, the inverse of ``amplitude_to_db``.

    Parameters
    ----------
    S_db : numpy.ndarray
        dB.
    ref : float
        Amplitude of 0 dB.

    Returns
    -------
    numpy.ndarray
        ``ref * 10 ** (S_db / 20)``.

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


def decibels_of_power(power: Array, amin: float = 1e-10) -> Array:
    """Return ``10 log10(max(power, amin))``, unclipped, in the precision of ``power``."""
    decibels = np.maximum(power, power.dtype.type(amin))
    np.log(decibels, out=decibels)  # NumPy has a vectorized float32 log, but no vectorized log10
    decibels *= decibels.dtype.type(10 / np.log(10))
    return decibels


def clip_below_peak(decibels: Array, top_db: float) -> Array:
    """Raise values more than ``top_db`` below the maximum of the array to that floor."""
    return np.asarray(np.maximum(decibels, decibels.max() - decibels.dtype.type(top_db)))


def _magnitude(S: Array) -> Array:
    """Return a floating array of at least one value; of complex ones their size."""
    values = np.asarray(S)
    if values.dtype.kind == "c" or values.dtype.kind not in "fiu" or values.size == 0:
        raise SignalError(f"S holds {values.size} values of {values.dtype}; take abs() of a complex spectrum")
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _reference(ref: Reference, magnitude: Array) -> float:
    return float(ref(magnitude)) if callable(ref) else abs(float(ref))
