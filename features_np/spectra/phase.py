"""Magnitude and phase."""

from __future__ import annotations

import numpy as np

from features_np.spectra.framing import Array


def magphase(D: Array, *, power: float = 1) -> tuple[Array, Array]:
    """Take a complex spectrogram apart.

    Parameters
    ----------
    D : numpy.ndarray
        Complex, of any shape.
    power : float
        Exponent of the magnitudes: 1 for energy, 2 for power.

    Returns
    -------
    D_mag : numpy.ndarray
        Magnitudes, raised to ``power``.
    D_phase : numpy.ndarray
        Complex numbers of size 1, which turn the magnitudes into ``D``; 1 where ``D`` is 0.

    See Also
    --------
    stft : Makes such a spectrogram.

    Notes
    -----
    Equals ``librosa.magphase`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import magphase
    >>> magphase(np.array([3j, 0j]))
    (array([3., 0.]), array([0.+1.j, 1.+0.j]))
    """
    values = np.asarray(D)
    magnitude = np.abs(values)
    silent = magnitude == 0
    phase = np.empty(values.shape, dtype=np.result_type(values.dtype, np.complex64))
    phase.real = values.real / (magnitude + silent) + silent  # a complex division overflows where these are denormal
    phase.imag = values.imag / (magnitude + silent)
    return np.asarray(magnitude**power), phase
