"""Energy per pitch class."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from features_np.arrays.norms import normalize
from features_np.errors import ParameterError
from features_np.pcm import require_count, require_number, require_positive_rate
from features_np.spectra.spectrum import Array, PadMode, spectrogram
from features_np.spectra.tuning import tuning_of
from features_np.spectra.windows import Window
from features_np.units.pitches import hz_to_octs

#: Half turns for each semitone around the circles of fifths, minor thirds and major thirds, two axes each, and radii.
TONNETZ_STEPS = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3])
TONNETZ_RADII = np.array([1, 1, 1, 1, 0.5, 0.5])


def chroma_stft(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    norm: float | None = np.inf,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    tuning: float | None = None,
    n_chroma: int = 12,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
    dtype: DTypeLike = np.float32,
) -> Array:
    """Chromagram: energy per pitch class.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Power spectrogram, taken instead of that of ``y``.
    norm : float or None
        Norm by which each frame is divided: ``inf`` makes its loudest pitch class 1; None leaves energies.
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
    tuning : float, optional
        Deviation from A = 440 Hz in fractions of a chroma bin; estimated from the power spectrogram by default.
    n_chroma : int
        Bins in an octave, 12 for semitones.
    ctroct : float
        Centre of the octaves that count, in octaves above A0 (27.5 Hz).
    octwidth : float or None
        Width in octaves of the Gaussian around ``ctroct`` by which they count; None counts all alike.
    base_c : bool
        Whether row 0 is C, or A.
    dtype : dtype
        Type of the filters; the result has it or that of the spectra, whichever is wider.

    Returns
    -------
    numpy.ndarray, shape (..., n_chroma, frames)
        0 to 1 unless ``norm`` says otherwise, in the precision of the input.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    tonnetz : Its tonal centroids.
    features_np.filters.chroma : The filters.

    Notes
    -----
    Each bin of the spectrum spreads over pitch classes by a Gaussian as wide as the bin (Ellis, "Chroma feature
    analysis and synthesis", 2007). The tuning is estimated from powers, whose peaks weigh otherwise than those of
    ``estimate_tuning(y=y)``. Equals ``librosa.feature.chroma_stft`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> int(librosa.feature.chroma_stft(y=y).mean(axis=1).argmax())  # C, C#, D, ..., A is the tenth
    9
    """
    require_count("n_chroma", n_chroma)
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
    power = spectra.passes(2)
    if tuning is None:
        even = max(2 * (spectra.shape[1] - 1), 1)  # librosa does not pass an odd length to its estimate
        tuning = tuning_of(power(), sr=sr, n_fft=even, bins_per_octave=n_chroma)
    filters = chroma_filterbank(
        sr=sr,
        n_fft=spectra.n_fft,
        n_chroma=n_chroma,
        tuning=tuning,
        ctroct=ctroct,
        octwidth=octwidth,
        base_c=base_c,
        dtype=np.dtype(dtype),
    )
    chroma = np.empty((spectra.shape[0], n_chroma), dtype=np.result_type(spectra.dtype, filters.dtype))
    for place, block in power():
        chroma[place] = normalize(block @ filters.T.astype(chroma.dtype, copy=False), norm=norm, axis=-1)
    return spectra.arranged(chroma)


def tonnetz(*, y: Array | None = None, sr: float = 22_050, chroma: Array | None = None, **kwargs: Any) -> Array:
    """Tonal centroids: a chromagram on the circles of fifths, minor thirds and major thirds.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio, floating, full scale 1. Either this or ``chroma`` is needed.
    sr : float
        Sample rate in Hz.
    chroma : numpy.ndarray, shape (..., n_chroma, frames), optional
        Chromagram, taken instead of that of ``y``.
    **kwargs : Any
        Arguments of ``chroma_stft`` for that of ``y``.

    Returns
    -------
    numpy.ndarray, shape (..., 6, frames)
        Two coordinates on each circle, -1 to 1; the last circle has a radius of 0.5.

    Raises
    ------
    ParameterError
        For what is not a signal or a chromagram.

    See Also
    --------
    chroma_stft : The chromagram that is taken of ``y``.

    Notes
    -----
    Harte, Sandler and Gasser, "Detecting harmonic change in musical audio" (2006). Equals
    ``librosa.feature.tonnetz`` 0.11 of the same chromagram. Of ``y``, librosa takes ``chroma_cqt``, which is not here;
    this takes ``chroma_stft``, so the numbers are others.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.feature.tonnetz(y=y).shape
    (6, 44)
    """
    if chroma is None:
        if y is None:
            raise ParameterError("neither y nor chroma is given; pass one of them")
        chroma = chroma_stft(y=y, sr=sr, **kwargs)
    require_positive_rate(sr)
    if not isinstance(chroma, np.ndarray) or chroma.ndim < 2 or chroma.dtype.kind not in "fiu":
        raise ParameterError("chroma must be an array of shape (..., n_chroma, frames)")
    values = chroma if chroma.dtype.kind == "f" else chroma.astype(np.float64)
    pitches = np.linspace(0, 12, num=values.shape[-2], endpoint=False)
    angles = np.pi * np.multiply.outer(TONNETZ_STEPS, pitches)
    angles[::2] -= np.pi / 2  # sines beside cosines
    return np.asarray(TONNETZ_RADII[:, np.newaxis] * np.cos(angles)) @ normalize(values, norm=1, axis=-2)


def chroma_filterbank(
    *,
    sr: float,
    n_fft: int,
    n_chroma: int = 12,
    tuning: float = 0.0,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
    norm: float | None = 2,
    dtype: DTypeLike = np.float32,
) -> NDArray[Any]:
    """Return Gaussian pitch-class filters (n_chroma, 1 + n_fft // 2).

    Each bin spreads over the chroma by a Gaussian whose width is the bin's own in semitones (at least one), is
    normalized to length 1, and weighted by a Gaussian over octaves around ``ctroct`` (Ellis, "Chroma feature
    analysis and synthesis", 2007). Equals ``librosa.filters.chroma`` 0.11.
    """
    key = require_positive_rate(sr), n_fft, n_chroma, require_number("tuning", tuning), require_number("ctroct", ctroct)
    width = None if octwidth is None else require_number("octwidth", octwidth)
    if norm is not None and not isinstance(norm, int | float | np.number):
        raise ParameterError(f"norm is {norm!r}, must be a number or None")
    return _made(*key, width, norm, bool(base_c), np.dtype(dtype))


@lru_cache(maxsize=8)
def _made(  # noqa: PLR0917 - the key of the cache
    sr: float,
    n_fft: int,
    n_chroma: int,
    tuning: float,
    ctroct: float,
    octwidth: float | None,
    norm: float | None,
    base_c: bool,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    n_bins = 1 + n_fft // 2
    hertz = np.arange(1, n_bins + 1) * (sr / n_fft)  # one more, for the last bin's width
    pitch = n_chroma * hz_to_octs(hertz, tuning=tuning, bins_per_octave=n_chroma)
    pitch = np.concatenate(([pitch[0] - 1.5 * n_chroma], pitch))  # 0 Hz has none: far away and wide
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = np.round(n_chroma / 2)
    distance = np.remainder(pitch - np.arange(n_chroma)[:, np.newaxis] + half, n_chroma) - half
    weights = normalize(np.exp(-0.5 * (2 * distance / width) ** 2), norm=norm, axis=0)
    if octwidth is not None:
        weights *= np.exp(-0.5 * ((pitch / n_chroma - ctroct) / octwidth) ** 2)
    if base_c:  # pitch counts from A
        weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)
    filters = np.ascontiguousarray(weights, dtype=dtype)
    filters.flags.writeable = False
    return filters
