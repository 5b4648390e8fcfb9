"""Trimming of silence, and pre-emphasis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.signals.waveform import rms
from features_np.spectra.framing import Array
from features_np.units.decibels import amplitude_to_db


def trim(
    y: Array,
    *,
    top_db: float = 60,
    ref: float | Callable[..., Any] = np.max,
    frame_length: int = 2048,
    hop_length: int = 512,
    aggregate: Callable[..., Any] = np.max,
) -> tuple[Array, NDArray[np.intp]]:
    """Trim silence at both ends.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n)
        Audio, floating, full scale 1.
    top_db : float
        Frames so far below ``ref`` are silent.
    ref : float or callable
        Level of 0 dB, or a function of the levels that returns it.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    aggregate : callable
        Function that aggregates the levels of channels, taking ``axis``.

    Returns
    -------
    y_trimmed : numpy.ndarray, shape (..., m)
        The part between, a view.
    index : numpy.ndarray, shape (2,)
        Samples at which it begins and ends.

    Raises
    ------
    ParameterError
        For what is not a signal.

    See Also
    --------
    features_np.feature.rms : The level.

    Notes
    -----
    Equals ``librosa.effects.trim`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.effects import trim
    >>> y = np.concatenate((np.zeros(8_192), np.ones(8_192)))
    >>> trim(y)[1].tolist()
    [7680, 16384]
    """
    levels = amplitude_to_db(
        rms(y=y, frame_length=frame_length, hop_length=hop_length)[..., 0, :], ref=ref, top_db=None
    )
    for _ in range(levels.ndim - 1):
        levels = np.asarray(aggregate(levels, axis=0))
    loud = np.flatnonzero(levels > -top_db)
    begin, end = (loud[0] * hop_length, (loud[-1] + 1) * hop_length) if loud.size else (0, 0)
    bounds = np.array([begin, min(y.shape[-1], end)], dtype=int)
    return y[..., bounds[0] : bounds[1]], bounds


def preemphasis(
    y: Array, *, coef: float = 0.97, zi: ArrayLike | None = None, return_zf: bool = False
) -> Array | tuple[Array, Array]:
    """Raise high frequencies: subtract from each sample a share of the one before.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n)
        Audio, floating, at least two samples.
    coef : float
        The share, 0 to 1.
    zi : array_like, shape (..., 1), optional
        What is added to the first sample, as a call before returned it; by default the first two samples go on.
    return_zf : bool
        Whether to return as well what is to be added to the sample after the last.

    Returns
    -------
    y_out : numpy.ndarray, shape (..., n)
        The filtered signal.
    zf : numpy.ndarray, shape (..., 1)
        If asked for: ``zi`` of the next call.

    See Also
    --------
    trim : The other effect.

    Notes
    -----
    Equals ``librosa.effects.preemphasis`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.effects import preemphasis
    >>> preemphasis(np.array([1.0, 1.0, 3.0]), coef=0.5)
    array([2. , 0.5, 2.5])
    """
    share = y.dtype.type(coef)
    first = 2 * y[..., :1] - y[..., 1:2] if zi is None else np.atleast_1d(np.asarray(zi, dtype=y.dtype))
    filtered = y.copy()
    filtered[..., :1] += first
    filtered[..., 1:] -= share * y[..., :-1]
    return (filtered, -share * y[..., -1:]) if return_zf else filtered
