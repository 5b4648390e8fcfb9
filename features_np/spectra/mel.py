"""The mel scale and the mel spectrogram."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.spectra.spectrum import Array, fft_frequencies, normalize, spectrogram

PACKAGE = __name__.partition(".")[0] + "."

# Slaney's Auditory Toolbox (1998): linear below 1 kHz, 27 logarithmic steps per factor of 6.4 above.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequencies: Array | float, *, htk: bool = False) -> Array:
    """Map frequencies to the mel scale.

    Parameters
    ----------
    frequencies : float or numpy.ndarray
        Hz.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray
        Mel, float64.

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
    hertz = np.asarray(frequencies, dtype=np.float64)
    if htk:
        return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))
    above = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hertz >= _BREAK_HZ, above, hertz / _HZ_PER_MEL)


def mel_to_hz(mels: Array | float, *, htk: bool = False) -> Array:
    """Map the mel scale to frequencies, the inverse of ``hz_to_mel``.

    Parameters
    ----------
    mels : float or numpy.ndarray
        Mel.
    htk : bool
        HTK's mel scale instead of Slaney's.

    Returns
    -------
    numpy.ndarray
        Hz, float64.

    Notes
    -----
    Equals ``librosa.mel_to_hz`` 0.11.

    Examples
    --------
    >>> from features_np import mel_to_hz
    >>> mel_to_hz([3.0, 15.0])
    array([ 200., 1000.])
    """
    mels = np.asarray(mels, dtype=np.float64)
    if htk:
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    above = _BREAK_HZ * np.exp(_LOG_STEP * np.maximum(mels - _BREAK_MEL, 0.0))
    return np.where(mels >= _BREAK_MEL, above, mels * _HZ_PER_MEL)


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


@lru_cache(maxsize=16)
def mel_filterbank(
    *,
    sr: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
    triangles: str = "hz",
) -> NDArray[np.float32]:
    """Return triangular filters, float32 of shape (n_mels, 1 + n_fft // 2); equals ``librosa.filters.mel`` 0.11.

    ``n_mels + 2`` frequencies evenly spaced in mel from ``fmin`` to ``fmax`` (default sr / 2) are the corners; between
    them a filter's sides are straight lines over "hz", or over "mel" as Kaldi's and TensorFlow's are.
    ``norm`` "slaney" gives every filter the area 1 per Hz; a number is a p-norm, None leaves peaks of 1.
    """
    require_count("n_mels", n_mels)
    top = require_positive_rate(sr) / 2 if fmax is None else float(fmax)
    if not 0 <= fmin < top:
        raise SignalError(f"fmin is {fmin} Hz, must be 0 or above and below fmax ({top} Hz)")
    hertz, bins = mel_frequencies(n_mels + 2, fmin=fmin, fmax=top, htk=htk), fft_frequencies(sr=sr, n_fft=n_fft)
    corners = hertz
    if triangles == "mel":
        corners = np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(top, htk=htk), n_mels + 2)
        bins = hz_to_mel(bins, htk=htk)
    lower, centre, upper = (corners[offset : offset + n_mels, np.newaxis] for offset in range(3))
    sides = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    weights: Array = np.maximum(sides, 0.0).astype(np.float32)
    if isinstance(norm, str):
        if norm != "slaney":
            raise SignalError(f"norm is {norm!r}, must be 'slaney', a number or None")
        weights *= 2.0 / (hertz[2:] - hertz[:-2])[:, np.newaxis]
    else:
        weights = normalize(weights, norm, axis=-1)
    weights.flags.writeable = False
    return weights


def warn_of_empty_filters(weights: Array, fmin: float) -> None:
    """Warn, where the library was called from, if filters lie between two bins: their bands hold nothing."""
    empty = np.flatnonzero(~weights.any(axis=1))
    if empty.size and not (fmin == 0 and empty.tolist() == [0]):  # librosa does not count one that begins at 0 Hz
        message = f"{empty.size} of {len(weights)} mel filters are empty; take fewer n_mels or a longer n_fft"
        warnings.warn(message, UserWarning, stacklevel=_levels_to_caller())


def _levels_to_caller() -> int:
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


@dataclass(frozen=True, slots=True)
class BandedFilters:
    """A bank of filters that each cover few neighbouring bins, kept as dense pieces along its diagonal.

    128 mel filters over 1,025 bins are 98 % zeros. Cut into groups of neighbours, each multiplied with the bins it
    reaches, they need a tenth of the work of the whole matrix, still in BLAS.
    """

    n_filters: int
    pieces: tuple[tuple[slice, slice, Array], ...]  # bins, filters, weights (bins, filters)

    @classmethod
    def from_dense(cls, weights: Array, *, group: int = 8) -> BandedFilters:
        """Cut ``weights`` (filters, bins) into pieces of ``group`` filters."""
        pieces = []
        for start in range(0, len(weights), group):
            filters = slice(start, min(start + group, len(weights)))
            reached = np.flatnonzero(weights[filters].any(axis=0))
            bins = slice(int(reached[0]), int(reached[-1]) + 1) if reached.size else slice(0, 1)
            pieces.append((bins, filters, np.ascontiguousarray(weights[filters, bins].T)))
        return cls(len(weights), tuple(pieces))

    def apply(self, power: Array) -> Array:
        """Return (frames, filters) for ``power`` of shape (frames, bins), in its precision."""
        result = np.empty((len(power), self.n_filters), dtype=power.dtype)
        for bins, filters, weights in self.pieces:
            np.matmul(power[:, bins], weights.astype(power.dtype, copy=False), out=result[:, filters])
        return result


@lru_cache(maxsize=16)
def mel_filters(
    *, sr: float, n_fft: int, n_mels: int, fmin: float, fmax: float | None, htk: bool, norm: str | float | None
) -> BandedFilters:
    """Return ``mel_filterbank`` in the form that ``melspectrogram`` multiplies with."""
    dense = mel_filterbank(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm)
    return BandedFilters.from_dense(dense)


def melspectrogram(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
) -> Array:
    """Spectrogram whose bins are summed under mel bands.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Power spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str or numpy.ndarray, shape (win_length,)
        "hann" (periodic), or the values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str
        What is beyond the ends of a signal whose frames are centred, as in ``numpy.pad``.
    power : float
        Exponent of the magnitudes of ``y`` before they are summed: 1 for energy, 2 for power.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, Hz.
    fmax : float, optional
        Upper corner of the highest band, Hz; ``sr / 2`` by default.
    htk : bool
        HTK's mel scale instead of Slaney's.
    norm : str, float or None
        "slaney" gives every filter the same area, a number is a p-norm, None leaves peaks of 1.

    Returns
    -------
    numpy.ndarray, shape (n_mels, frames)
        In the precision of the input.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    The filters are triangles in Hz with corners evenly spaced in mel. Equals ``librosa.feature.melspectrogram``
    0.11; warns as it does where a filter lies between two bins.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.feature.melspectrogram(y=y).shape
    (128, 44)
    """
    spectrum, n_fft = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        power=power,
    )
    warn_of_empty_filters(
        mel_filterbank(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm), fmin
    )
    filters = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm)
    return filters.apply(spectrum.T).T
