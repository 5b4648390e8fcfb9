"""The mel scale and the mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.spectra.spectrum import Array, fft_frequencies, normalize, spectrogram

# Slaney's Auditory Toolbox (1998): linear below 1 kHz, 27 logarithmic steps per factor of 6.4 above.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequencies: Array | float, *, htk: bool = False) -> Array:
    """Map Hz to mel on Slaney's scale, or HTK's ``2595 log10(1 + f / 700)``. Equals ``librosa.hz_to_mel`` 0.11."""
    hertz = np.asarray(frequencies, dtype=np.float64)
    if htk:
        return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))
    above = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hertz >= _BREAK_HZ, above, hertz / _HZ_PER_MEL)


def mel_to_hz(mels: Array | float, *, htk: bool = False) -> Array:
    """Map mel to Hz, the inverse of ``hz_to_mel``. Equals ``librosa.mel_to_hz`` 0.11."""
    mels = np.asarray(mels, dtype=np.float64)
    if htk:
        return np.asarray(700.0 * (10.0 ** (mels / 2595.0) - 1.0))
    above = _BREAK_HZ * np.exp(_LOG_STEP * np.maximum(mels - _BREAK_MEL, 0.0))
    return np.where(mels >= _BREAK_MEL, above, mels * _HZ_PER_MEL)


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
) -> NDArray[np.float32]:
    """Return triangular filters, float32 of shape (n_mels, 1 + n_fft // 2); equals ``librosa.filters.mel`` 0.11.

    ``n_mels + 2`` frequencies evenly spaced in mel from ``fmin`` to ``fmax`` (default sr / 2) are the corners.
    ``norm`` "slaney" gives every filter the area 1 per Hz; a number is a p-norm, None leaves peaks of 1.
    """
    require_count("n_mels", n_mels)
    top = require_positive_rate(sr) / 2 if fmax is None else float(fmax)
    if not 0 <= fmin < top:
        raise SignalError(f"fmin is {fmin} Hz, must be 0 or above and below fmax ({top} Hz)")
    corners = mel_to_hz(np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(top, htk=htk), n_mels + 2), htk=htk)
    bins = fft_frequencies(sr=sr, n_fft=n_fft)
    lower, centre, upper = (corners[offset : offset + n_mels, np.newaxis] for offset in range(3))
    triangles = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    weights: Array = np.maximum(triangles, 0.0).astype(np.float32)
    if isinstance(norm, str):
        if norm != "slaney":
            raise SignalError(f"norm is {norm!r}, must be 'slaney', a number or None")
        weights *= 2.0 / (upper - lower)
    else:
        weights = normalize(weights, norm, axis=-1)
    weights.flags.writeable = False
    return weights


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
    """Mel spectrogram of ``y`` or of a spectrogram ``S`` (bins, frames): shape (n_mels, frames), type of the input.

    Equals ``librosa.feature.melspectrogram`` 0.11; frequencies in Hz. Raises ``SignalError`` as ``stft`` does.
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
    filters = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm)
    return filters.apply(spectrum.T).T
