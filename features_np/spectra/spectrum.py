"""Spectra, of which all features are computed.

Arrays run (..., bins, frames), as librosa's do; they are views of (..., frames, bins) arrays in which a frame's bins
are contiguous, since everything after this works frame by frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from features_np.errors import ParameterError, warn
from features_np.pcm import require_audio, require_count, require_positive_rate
from features_np.spectra.fft import rfft
from features_np.spectra.framing import BLOCK_SAMPLES, NEAR, Frames, blocks_of
from features_np.spectra.windows import Window, get_window

Array = NDArray[Any]
PadMode = str | Callable[..., Any]

#: Bytes of intermediate results that are kept; larger ones are computed twice.
KEPT_BYTES = 32 << 20
#: Sum of squares below which a signal is faint enough for denormal numbers.
FAINT = 1e-28
#: Frames whose spectra are worked on at a time.
BLOCK_FRAMES = 256


def fft_frequencies(*, sr: float = 22_050, n_fft: int = 2048) -> NDArray[np.float64]:
    """Centre frequencies of the bins of a transform.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples in a frame.

    Returns
    -------
    numpy.ndarray, shape (1 + n_fft // 2,)
        Hz, float64.

    Raises
    ------
    SampleRateError
        If the rate is not above 0 Hz.

    See Also
    --------
    stft : The transform.

    Notes
    -----
    Equals ``librosa.fft_frequencies`` 0.11.

    Examples
    --------
    >>> from features_np import fft_frequencies
    >>> fft_frequencies(sr=8_000, n_fft=8)
    array([   0., 1000., 2000., 3000., 4000.])
    """
    return np.asarray(np.fft.rfftfreq(n_fft, 1.0 / require_positive_rate(sr)))


class Spectra:
    """The spectra of a signal, a block of frames at a time.

    A float32 signal is transformed in single precision. That moves each bin by some 1e-7 of its frame's loudest, which
    sums over bins do not notice and the quietest bins do: with ``precise``, those are librosa's too.
    """

    def __init__(
        self,
        y: Array,
        *,
        n_fft: int = 2048,
        hop_length: int | None = 512,
        win_length: int | None = None,
        window: Window = "hann",
        center: bool = True,
        pad_mode: PadMode = "constant",
        precise: bool = False,
    ) -> None:
        signal = require_audio(y)
        self.n_fft = require_count("n_fft", n_fft)
        win_length = self.n_fft if win_length is None else require_count("win_length", win_length)
        hop_length = max(win_length // 4, 1) if hop_length is None else require_count("hop_length", hop_length)
        if center and isinstance(pad_mode, str) and pad_mode not in NEAR:
            raise ParameterError(f"pad_mode is {pad_mode!r}, must be one of {', '.join(NEAR)}")
        if center and self.n_fft > signal.shape[-1]:
            warn(f"n_fft, {n_fft} samples, is longer than the signal, {signal.shape[-1]}; take a shorter one")
        self.dtype = signal.dtype
        if signal.dtype == np.float32 and np.dot(signal.reshape(-1), signal.reshape(-1)) < FAINT:
            precise = True  # single precision would be denormal, which takes many times as long
        self.frames = Frames(signal, self.n_fft, hop_length, center=center, pad_mode=pad_mode)
        self._weights = _window(window, win_length, self.n_fft).astype(np.float64 if precise else signal.dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """Frames of all channels, and bins."""
        return len(self.frames), 1 + self.n_fft // 2

    def transformed(self) -> Iterator[tuple[slice, Array]]:
        """Yield the complex spectra: the frames' places, and an array (frames, bins) that is not kept."""
        rows = max(BLOCK_SAMPLES // self.n_fft, 1)
        windowed = np.empty((min(rows, len(self.frames)), self.n_fft), dtype=self._weights.dtype)
        for place, frames in self.frames.blocks(rows):
            part = windowed[: len(frames)]
            np.multiply(frames, self._weights, out=part)
            yield place, rfft(part)

    def blocks(self, power: float) -> Iterator[tuple[slice, Array]]:
        """Yield the magnitudes, raised to ``power``: the frames' places, and an array that is written again."""
        rows = max(BLOCK_SAMPLES // self.n_fft, 1)
        windowed = np.empty((min(rows, len(self.frames)), self.n_fft), dtype=self._weights.dtype)
        raised = np.empty((min(BLOCK_FRAMES, len(self.frames)), self.shape[1]), dtype=self.dtype)
        for place, frames in self.frames.blocks(BLOCK_FRAMES):
            for part in blocks_of(len(frames), self.n_fft):
                block = windowed[: part.stop - part.start]
                np.multiply(frames[part], self._weights, out=block)
                _raise(rfft(block), power, raised[part])
            yield place, raised[: len(frames)]

    def whole(self, power: float) -> Array:
        """Return all of ``blocks``: (frames of all channels, bins)."""
        result = np.empty(self.shape, dtype=self.dtype)
        for place, spectrum in self.transformed():
            _raise(spectrum, power, result[place])
        return result

    def passes(self, power: float) -> Callable[[], Iterator[tuple[slice, Array]]]:
        """Return what goes through ``blocks`` as often as it is called; the spectra are kept if they are few."""
        if self.shape[0] * self.shape[1] * self.dtype.itemsize > KEPT_BYTES:
            return lambda: self.blocks(power)
        whole = self.whole(power)
        return lambda: iter([(slice(0, len(whole)), whole)])

    def arranged(self, rows: Array) -> Array:
        """Return (frames of all channels, ...) as the channels were: (..., features, frames)."""
        return arranged(rows, self.frames.shape)


def arranged(rows: Array, shape: tuple[int, ...]) -> Array:
    """Return rows, one a frame, as an array (..., features, frames), where ``shape`` is (..., frames)."""
    return np.swapaxes(rows.reshape(*shape, rows.shape[-1]), -1, -2)


def stft(
    y: Array,
    *,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    dtype: DTypeLike | None = None,
    pad_mode: PadMode = "constant",
    out: Array | None = None,
) -> Array:
    """Short-time Fourier transform of a signal.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n)
        Audio, floating, full scale 1.
    n_fft : int
        Samples in a frame.
    hop_length : int, optional
        Samples between frames; ``win_length // 4`` by default.
    win_length : int, optional
        Samples under the window, zeros around them; ``n_fft`` by default.
    window : str, tuple, float, callable or numpy.ndarray
        A name, as ``filters.get_window`` takes it, or the ``win_length`` values.
    center : bool
        Whether frame ``t`` is centred on sample ``t * hop_length``, or begins there.
    dtype : dtype, optional
        Complex type of the result.
    pad_mode : str or callable
        Padding of both ends if frames are centred, as in ``numpy.pad``.
    out : numpy.ndarray, optional
        Complex array that takes the result, (..., 1 + n_fft // 2, at least so many frames).

    Returns
    -------
    numpy.ndarray, shape (..., 1 + n_fft // 2, frames)
        complex64, or complex128 of float64; ``1 + n // hop_length`` frames if they are centred.

    Raises
    ------
    ParameterError
        If the input is not a signal or a spectrogram, or an argument is out of range.

    See Also
    --------
    magphase : Takes the result apart.
    features_np.feature.melspectrogram : What most features take instead.

    Notes
    -----
    Equals ``librosa.stft`` 0.11: float32 is transformed in double precision, and the result is rounded.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> int(np.abs(librosa.stft(y)).mean(axis=1).argmax()) * 22_050 / 2048
    441.4306640625
    """
    spectra = Spectra(
        y,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        precise=True,
    )
    channels, (n_frames, n_bins) = spectra.frames.shape[:-1], (spectra.frames.shape[-1], spectra.shape[1])
    if out is None:
        own = np.empty((*channels, n_frames, n_bins), dtype or np.result_type(spectra.dtype, np.complex64))
        out = np.swapaxes(own, -1, -2)
    elif out.shape[:-1] != (*channels, n_bins) or out.shape[-1] < n_frames or out.dtype.kind != "c":
        raise ParameterError(
            f"out is {out.dtype} of shape {out.shape}, must be complex, of shape {(*channels, n_bins, n_frames)}"
        )
    spectrum = out if out.shape[-1] == n_frames else out[..., :n_frames]
    rows = np.swapaxes(spectrum, -1, -2)
    for place, block in spectra.transformed():
        channel, first = divmod(place.start, n_frames)
        rows[np.unravel_index(channel, channels)][first : first + len(block)] = block
    return spectrum


def spectrogram(
    *,
    y: Array | None = None,
    S: Array | None = None,
    n_fft: int | None = 2048,
    hop_length: int | None = 512,
    win_length: int | None = None,
    window: Window = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    precise: bool = False,
) -> Spectra | Given:
    """Return the magnitudes of ``S`` if given, else of ``y``, frame by frame.

    ``n_fft`` is that of ``S`` if it has so many bins, else the even one that has. Raises ``ParameterError`` if neither
    is given, or an ``S`` that is complex, negative or not finite.
    """
    if S is not None:
        return Given(S, n_fft)
    if y is None:
        raise ParameterError("neither y nor S is given; pass a signal or its spectrogram")
    if n_fft is None:
        raise ParameterError("n_fft is None, which is known of S alone; pass the samples in a frame")
    return Spectra(
        y,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        precise=precise,
    )


class Given:
    """A given spectrogram (..., bins, frames) in the place of ``Spectra``, to which no power is applied."""

    def __init__(self, S: Array, n_fft: int | None) -> None:
        spectrum = require_spectrogram(S)
        n_bins = spectrum.shape[-2]
        self.n_fft = n_fft if n_fft is not None and n_fft // 2 + 1 == n_bins else max(2 * (n_bins - 1), 1)
        self.dtype = spectrum.dtype
        self._shape = (*spectrum.shape[:-2], spectrum.shape[-1])
        self._rows = np.swapaxes(spectrum, -1, -2).reshape(-1, n_bins)

    @property
    def shape(self) -> tuple[int, int]:
        """Frames of all channels, and bins."""
        return self._rows.shape[0], self._rows.shape[1]

    def blocks(self, power: float) -> Iterator[tuple[slice, Array]]:
        """Go through the spectra as ``Spectra.blocks`` does: views of them."""
        del power
        places = (slice(begin, begin + BLOCK_FRAMES) for begin in range(0, len(self._rows), BLOCK_FRAMES))
        return ((place, self._rows[place]) for place in places)

    def passes(self, power: float) -> Callable[[], Iterator[tuple[slice, Array]]]:
        """Return what goes through ``blocks`` as often as it is called."""
        return lambda: self.blocks(power)

    def arranged(self, rows: Array) -> Array:
        """Return (frames of all channels, ...) as the channels were: (..., features, frames)."""
        return arranged(rows, self._shape)


def by_frames(
    spectra: Spectra | Given, width: int, function: Callable[[Array, slice], Array], dtype: DTypeLike = np.float64
) -> Array:
    """Return what ``function`` says of magnitudes (frames, bins) at a place: (..., width, frames)."""
    result = np.empty((spectra.shape[0], width), dtype=dtype)
    for place, magnitudes in spectra.blocks(1):
        result[place] = function(magnitudes, place)
    return spectra.arranged(result)


def squared_magnitude(spectrum: Array, out: Array | None = None) -> Array:
    """Return ``re**2 + im**2`` of a C-contiguous complex array, in its own precision; with ``out``, destroys it."""
    parts = spectrum.view(spectrum.real.dtype)
    squares = np.square(parts, out=parts if out is not None else None)
    return np.asarray(np.add(squares[..., 0::2], squares[..., 1::2], out=out))


def require_spectrogram(S: Array) -> Array:
    """Return ``S`` as floats if it is a real, finite, non-negative array (..., bins, frames)."""
    if not isinstance(S, np.ndarray) or S.ndim < 2 or S.dtype.kind not in "fiu" or S.size == 0:
        raise ParameterError("S must be a real array of shape (..., bins, frames); take abs() of a complex spectrum")
    if not (S.min() >= 0 and S.max() < np.inf):  # NaN is neither
        raise ParameterError("S holds negative or non-finite values; a spectrogram is a magnitude or a power")
    return S if S.dtype.kind == "f" else S.astype(np.result_type(S.dtype, np.float32))


def _raise(spectrum: Array, power: float, out: Array) -> None:
    """Write the magnitudes of ``spectrum``, raised to ``power``, and destroy it."""
    if power == 2 and spectrum.real.dtype == out.dtype:
        squared_magnitude(spectrum, out=out)
        return
    magnitude = np.abs(spectrum)
    out[:] = magnitude if power == 1 else magnitude**power


def _window(window: Window, win_length: int, n_fft: int) -> NDArray[np.float64]:
    if win_length > n_fft:
        raise ParameterError(f"win_length is {win_length}, must be at most n_fft ({n_fft})")
    values = get_window(window, win_length)
    left = (n_fft - win_length) // 2
    padded = np.zeros(n_fft)
    padded[left : left + win_length] = values
    return padded
