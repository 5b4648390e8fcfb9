"""The mel scale."""

from __future__ import annotations

from math import exp, log, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Slaney's Auditory Toolbox (1998): linear below 1 kHz, 27 logarithmic steps per factor of 6.4 above.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequencies: ArrayLike, *, htk: bool = False) -> NDArray[np.float64]:
    """Map frequencies to the mel scale.

    Parameters
    ----------
    frequencies : array_like
        Hz.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Mel, in the shape of ``frequencies``.

    See Also
    --------
    mel_to_hz : The inverse.

    Notes
    -----
    Slaney, "Auditory Toolbox" (1998): linear up to 1,000 Hz, 27 logarithmic steps for a factor of 6.4 above; HTK's
    is ``2595 log10(1 + f / 700)``. Equals ``librosa.hz_to_mel`` 0.11.

    Examples
    --------
    >>> from features_np import hz_to_mel
    >>> hz_to_mel([200.0, 1_000.0])
    array([ 3., 15.])
    """
    if isinstance(frequencies, float | int):  # a number needs no arrays, which take ten times as long
        hertz = float(frequencies)
        if htk:
            return np.float64(2595.0 * log10(1.0 + hertz / 700.0))  # type: ignore[return-value]
        above = hertz >= _BREAK_HZ
        return np.float64(_BREAK_MEL + log(hertz / _BREAK_HZ) / _LOG_STEP if above else hertz / _HZ_PER_MEL)  # type: ignore[return-value]
    array = np.asarray(frequencies, dtype=np.float64)
    if htk:
        return 2595.0 * np.log10(1.0 + array / 700.0)  # type: ignore[no-any-return]
    steps = _BREAK_MEL + np.log(np.maximum(array, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(array >= _BREAK_HZ, steps, array / _HZ_PER_MEL)[()]


def mel_to_hz(mels: ArrayLike, *, htk: bool = False) -> NDArray[np.float64]:
    """Map the mel scale to frequencies, the inverse of ``hz_to_mel``.

    Parameters
    ----------
    mels : array_like
        Mel.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Hz, in the shape of ``mels``.

    See Also
    --------
    hz_to_mel : The inverse.

    Notes
    -----
    Equals ``librosa.mel_to_hz`` 0.11.

    Examples
    --------
    >>> from features_np import mel_to_hz
    >>> mel_to_hz([3.0, 15.0])
    array([ 200., 1000.])
    """
    if isinstance(mels, float | int):
        mel = float(mels)
        if htk:
            return np.float64(700.0 * (10.0 ** (mel / 2595.0) - 1.0))  # type: ignore[return-value]
        low = mel < _BREAK_MEL
        return np.float64(mel * _HZ_PER_MEL if low else _BREAK_HZ * exp(_LOG_STEP * (mel - _BREAK_MEL)))  # type: ignore[return-value]
    array = np.asarray(mels, dtype=np.float64)
    if htk:
        return 700.0 * (10.0 ** (array / 2595.0) - 1.0)
    above = _BREAK_HZ * np.exp(_LOG_STEP * np.maximum(array - _BREAK_MEL, 0.0))
    return np.where(array >= _BREAK_MEL, above, array * _HZ_PER_MEL)[()]


def mel_frequencies(
    n_mels: int = 128, *, fmin: float = 0.0, fmax: float = 11_025.0, htk: bool = False
) -> NDArray[np.float64]:
    """Frequencies evenly spaced on the mel scale.

    Parameters
    ----------
    n_mels : int
        How many.
    fmin : float
        The lowest, Hz.
    fmax : float
        The highest, Hz.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray, shape (n_mels,)
        Hz, float64.

    See Also
    --------
    hz_to_mel : The scale.

    Notes
    -----
    Equals ``librosa.mel_frequencies`` 0.11.

    Examples
    --------
    >>> from features_np import mel_frequencies
    >>> mel_frequencies(4, fmax=1_000.0).round(1)
    array([   0. ,  333.3,  666.7, 1000. ])
    """
    return np.asarray(mel_to_hz(np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(fmax, htk=htk), n_mels), htk=htk))
