"""The mel spectrogram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from features_np.arrays.norms import normalize
from features_np.arrays.products import frame_product
from features_np.errors import ParameterError, warn
from features_np.pcm import require_count, require_number, require_positive_rate
from features_np.spectra.spectrum import KEPT_BYTES, Array, Given, PadMode, Spectra, fft_frequencies, spectrogram
from features_np.spectra.windows import Window
from features_np.units.decibels import decibels_of_power
from features_np.units.mels import hz_to_mel, mel_frequencies


def warn_of_empty_filters(weights: Array, fmin: float) -> None:
    """Warn, where the library was called from, if filters lie between two bins: their bands hold nothing."""
    empty = np.flatnonzero(~weights.any(axis=1))
    if empty.size and not (fmin == 0 and empty.tolist() == [0]):  # librosa does not count one that begins at 0 Hz
        warn(f"Empty filters detected: {empty.size} of {len(weights)}; take fewer n_mels or a longer n_fft")


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

    def apply(self, power: Array, out: Array | None = None) -> Array:
        """Return (frames, filters) for ``power`` of shape (frames, bins), in its precision; in ``out`` if given."""
        result = np.empty((len(power), self.n_filters), dtype=power.dtype) if out is None else out
        for bins, filters, weights in self.pieces:
            frame_product(power[:, bins], weights.astype(power.dtype, copy=False), result[:, filters])
        return result


def mel_filterbank(**options: Any) -> NDArray[Any]:
    """Return triangular filters (n_mels, 1 + n_fft // 2); equals ``librosa.filters.mel`` 0.11.

    ``n_mels + 2`` frequencies evenly spaced in mel from ``fmin`` to ``fmax`` (default sr / 2) are the corners; between
    them a filter's sides are straight lines over "hz", or over "mel" as Kaldi's and TensorFlow's are.
    ``norm`` "slaney" gives every filter the area 1 per Hz; a number is a p-norm, None leaves peaks of 1.
    """
    return _filters(**options)[0]


def mel_filters(**options: Any) -> BandedFilters:
    """Return ``mel_filterbank`` in the form that ``melspectrogram`` multiplies with."""
    return _filters(**options)[1]


def _filters(
    *,
    sr: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
    dtype: DTypeLike = np.float32,
    triangles: str = "hz",
) -> tuple[NDArray[Any], BandedFilters]:
    """Check the options, and return the filters in both forms."""
    require_count("n_mels", n_mels)
    top = require_positive_rate(sr) / 2 if fmax is None else require_number("fmax", fmax)
    low = require_number("fmin", fmin)
    if not 0 <= low < top:
        raise ParameterError(f"fmin is {fmin} Hz, must be 0 or above and below fmax ({top} Hz)")
    if norm is not None and norm != "slaney" and not isinstance(norm, int | float | np.number):
        raise ParameterError(f"norm is {norm!r}, must be 'slaney', a number or None")
    return _made(require_positive_rate(sr), n_fft, n_mels, low, top, bool(htk), norm, np.dtype(dtype), triangles)


@lru_cache(maxsize=16)
def _made(  # noqa: PLR0917 - the key of the cache
    sr: float,
    n_fft: int,
    n_mels: int,
    fmin: float,
    fmax: float,
    htk: bool,
    norm: str | float | None,
    dtype: np.dtype[Any],
    triangles: str,
) -> tuple[NDArray[Any], BandedFilters]:
    hertz, bins = mel_frequencies(n_mels + 2, fmin=fmin, fmax=fmax, htk=htk), fft_frequencies(sr=sr, n_fft=n_fft)
    corners = hertz
    if triangles == "mel":
        corners = np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(fmax, htk=htk), n_mels + 2)
        bins = hz_to_mel(bins, htk=htk)
    lower, centre, upper = (corners[offset : offset + n_mels, np.newaxis] for offset in range(3))
    sides = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    weights: Array = np.maximum(sides, 0.0).astype(dtype)
    if isinstance(norm, str):
        weights *= 2.0 / (hertz[2:] - hertz[:-2])[:, np.newaxis]
    else:
        weights = normalize(weights, norm=norm, axis=-1)
    weights.flags.writeable = False
    return weights, BandedFilters.from_dense(weights)


class MelSpectra:
    """The mel spectra of a signal or of a spectrogram, a block of frames at a time."""

    def __init__(
        self,
        spectra: Spectra | Given,
        *,
        sr: float,
        power: float = 2.0,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        norm: str | float | None = "slaney",
        dtype: DTypeLike = np.float32,
    ) -> None:
        kind, n_fft = np.dtype(dtype), spectra.n_fft
        dense = mel_filterbank(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm, dtype=kind)
        warn_of_empty_filters(dense, fmin)
        self._filters = mel_filters(
            sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm, dtype=kind
        )
        self.spectra, self._power, self.n_mels = spectra, power, n_mels
        self.dtype = np.result_type(spectra.dtype, kind)

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Yield the mel spectra: the frames' places, and an array (frames, n_mels)."""
        for place, power in self.spectra.blocks(self._power):
            yield place, self._filters.apply(power.astype(self.dtype, copy=False))

    def whole(self) -> Array:
        """Return the mel spectra of all frames: (frames of all channels, n_mels)."""
        result = np.empty((self.spectra.shape[0], self.n_mels), dtype=self.dtype)
        for place, block in self.blocks():
            result[place] = block
        return result

    def levels(self, amin: float = 1e-10, top_db: float = 80.0) -> Iterator[tuple[slice, Array]]:
        """Yield the levels in dB, clipped below the loudest of all frames, as ``power_to_db`` does.

        They are kept until the loudest is known where that is little; else everything is computed twice.
        """
        if self.spectra.shape[0] * self.n_mels * self.dtype.itemsize <= KEPT_BYTES:
            kept = [(place, decibels_of_power(block, amin)) for place, block in self.blocks()]
            peak = max(block.max() for _, block in kept)
            for place, block in kept:
                yield place, np.maximum(block, peak - block.dtype.type(top_db), out=block)
        else:
            loudest = np.max([block.max() for _, block in self.blocks()])
            floor = decibels_of_power(np.atleast_1d(loudest), amin) - loudest.dtype.type(top_db)
            for place, block in self.blocks():
                yield place, np.maximum(decibels_of_power(block, amin), floor)


def melspectrogram(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
    dtype: DTypeLike = np.float32,
) -> Array:
    """Spectrogram whose bins are summed under mel bands.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Power spectrogram, taken instead of that of ``y``.
    n_fft : int
        Samples in a frame. With ``S``, those that it was made of, if it has ``1 + n_fft // 2`` bins.
    hop_length : int
        Samples between frames.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
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
    dtype : dtype
        Type of the filters; the result has it or that of the spectra, whichever is wider.

    Returns
    -------
    numpy.ndarray, shape (..., n_mels, frames)
        In the precision of the input.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    features_np.feature.mfcc : Its cepstrum.
    features_np.filters.mel : The filters.

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
    spectra = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    mel = MelSpectra(spectra, sr=sr, power=power, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm, dtype=dtype)
    return spectra.arranged(mel.whole())
