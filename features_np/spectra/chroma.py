"""Energy per pitch class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_count, require_positive_rate
from features_np.spectra.spectrum import Array, normalize, spectrogram
from features_np.spectra.tuning import estimate_tuning, octaves

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
    window: str | Array = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    tuning: float | None = None,
    n_chroma: int = 12,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
) -> Array:
    """Chromagram: energy per pitch class.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,), optional
        Mono signal, floating, full scale 1. Either this or ``S`` is needed.
    sr : float
        Sample rate in Hz.
    S : numpy.ndarray, shape (bins, frames), optional
        Power spectrogram, taken instead of that of ``y``.
    norm : float or None
        Norm by which each frame is divided: ``inf`` makes its loudest pitch class 1; None leaves energies.
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

    Returns
    -------
    numpy.ndarray, shape (n_chroma, frames)
        0 to 1 unless ``norm`` says otherwise, in the precision of the input.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

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
    power, n_fft = spectrogram(
        y=y,
        S=S,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        power=2,
    )
    if tuning is None:
        tuning = estimate_tuning(S=power, sr=sr, bins_per_octave=n_chroma)
    filters = chroma_filterbank(
        sr=sr, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning, ctroct=ctroct, octwidth=octwidth, base_c=base_c
    )
    return normalize(power.T @ filters.T.astype(power.dtype), norm, axis=-1).T


def tonnetz(*, y: Array | None = None, sr: float = 22_050, chroma: Array | None = None) -> Array:
    """Tonal centroids: a chromagram on the circles of fifths, minor thirds and major thirds.

    Parameters
    ----------
    y : numpy.ndarray, optional
        Not enough by itself: librosa takes ``chroma_cqt`` of it, which is not here.
    sr : float
        Sample rate in Hz.
    chroma : numpy.ndarray, shape (n_chroma, frames)
        Chromagram, such as ``chroma_stft``'s.

    Returns
    -------
    numpy.ndarray, shape (6, frames)
        Two coordinates on each circle, -1 to 1; the last circle has a radius of 0.5.

    Raises
    ------
    SignalError
        For what is not a signal or a spectrogram, and for arguments that no signal could satisfy.

    Notes
    -----
    Harte, Sandler and Gasser, "Detecting harmonic change in musical audio" (2006). Equals
    ``librosa.feature.tonnetz`` 0.11 of the same chromagram.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.feature.tonnetz(chroma=librosa.feature.chroma_stft(y=y)).shape
    (6, 44)
    """
    if chroma is None:
        if y is None:
            raise SignalError("neither y nor chroma is given; pass one of them")
        raise SignalError("librosa takes chroma_cqt of y, which is not here; pass chroma=chroma_stft(y=y)")
    require_positive_rate(sr)
    if chroma.ndim != 2 or chroma.dtype.kind != "f":
        raise SignalError("chroma must be floats of shape (n_chroma, frames)")
    pitches = np.linspace(0, 12, num=len(chroma), endpoint=False)
    angles = np.pi * np.multiply.outer(TONNETZ_STEPS, pitches)
    angles[::2] -= np.pi / 2  # sines beside cosines
    return np.asarray(TONNETZ_RADII[:, np.newaxis] * np.cos(angles)) @ normalize(chroma, 1, axis=0)


@lru_cache(maxsize=8)
def chroma_filterbank(
    *,
    sr: float,
    n_fft: int,
    n_chroma: int = 12,
    tuning: float = 0.0,
    ctroct: float = 5.0,
    octwidth: float | None = 2,
    base_c: bool = True,
) -> NDArray[np.float32]:
    """Return Gaussian pitch-class filters, float32 of shape (n_chroma, 1 + n_fft // 2).

    Each bin spreads over the chroma by a Gaussian whose width is the bin's own in semitones (at least one), is
    normalized to length 1, and weighted by a Gaussian over octaves around ``ctroct`` (Ellis, "Chroma feature
    analysis and synthesis", 2007). Equals ``librosa.filters.chroma`` 0.11.
    """
    n_bins = 1 + n_fft // 2
    hertz = np.arange(1, n_bins + 1) * (require_positive_rate(sr) / n_fft)  # one more, for the last bin's width
    pitch = n_chroma * octaves(hertz, tuning, n_chroma)
    pitch = np.concatenate(([pitch[0] - 1.5 * n_chroma], pitch))  # 0 Hz has none: far away and wide
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = np.round(n_chroma / 2)
    distance = np.remainder(pitch - np.arange(n_chroma)[:, np.newaxis] + half, n_chroma) - half
    weights = normalize(np.exp(-0.5 * (2 * distance / width) ** 2), 2, axis=0)
    if octwidth is not None:
        weights *= np.exp(-0.5 * ((pitch / n_chroma - ctroct) / octwidth) ** 2)
    if base_c:  # pitch counts from A
        weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)
    filters = np.ascontiguousarray(weights, dtype=np.float32)
    filters.flags.writeable = False
    return filters
