"""``summarize``: a signal as one vector, the input of a model. The batch definition of every feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from features_np.arrays.norms import tiny
from features_np.arrays.products import frame_product
from features_np.pcm import require_rate, require_signal
from features_np.rhythm.onsets import mean_rise
from features_np.spec import FeatureSpec
from features_np.spectra.cepstrum import dct_matrix
from features_np.spectra.chroma import chroma_filterbank
from features_np.spectra.framing import Array, frame_signal
from features_np.spectra.tuning import tuning_from_deviations
from features_np.vector.groups import (
    CEPSTRA,
    CHROMA,
    COARSE_CEPSTRA,
    COARSE_LEVELS,
    GROUPS,
    RISE,
    Quantity,
    Series,
)
from features_np.vector.timbre import coarse_cepstra, coarse_frames
from features_np.window.frames import BLOCK_FRAMES, FrameRows, analyzer_for


def summarize(y: Array, spec: FeatureSpec, *, sr: float | None = None) -> NDArray[np.float32]:
    """Describe a whole signal by the statistics that ``spec.groups`` names.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Mono signal at ``spec.sample_rate``, floating, full scale 1, n >= 1.
    spec : FeatureSpec
        What to compute, and how.
    sr : float, optional
        Rate of ``y``, to have it checked.

    Returns
    -------
    numpy.ndarray, shape (len(spec.vector_names),)
        float32, always finite.

    Raises
    ------
    SignalError
        For what is not a signal.
    SampleRateError
        For another rate than the spec's.

    See Also
    --------
    features_np.FeatureStream : The same of the last seconds of a stream.

    Notes
    -----
    Means and standard deviations are taken over all frames of librosa 0.11's ``mfcc``, ``chroma_stft``,
    ``zero_crossing_rate``, ``spectral_rolloff`` and ``spectral_centroid`` with the parameters of ``spec``;
    ``tempo`` is ``librosa.feature.tempo``.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import FeatureSpec, summarize
    >>> y = np.sin(2 * np.pi * 440 * np.arange(66_150) / 22_050).astype(np.float32)
    >>> spec = FeatureSpec(groups=("centroid_mean", "tempo"))
    >>> spec.vector_names, summarize(y, spec).shape
    (('centroid_mean', 'tempo_bpm'), (2,))
    """
    if sr is not None:
        require_rate(sr, spec.sample_rate)
    signal = require_signal(y).astype(np.float32, copy=False)
    half, analyzer = spec.n_fft // 2, analyzer_for(spec)
    padded = np.empty(len(signal) + 2 * half, dtype=np.float32)
    padded[:half] = padded[half + len(signal) :] = 0.0
    padded[half : half + len(signal)] = signal
    of_samples = analyzer.of_samples(signal, left=half, right=half)
    frames = frame_signal(padded, spec.n_fft, spec.hop_length)
    blocks = ([frames[begin : begin + BLOCK_FRAMES]] for begin in range(0, len(frames), BLOCK_FRAMES))
    rows, power = analyzer.analyze(blocks, of_samples)
    window = Window(
        [rows],
        spec,
        chroma_of=partial(tuned_chroma, power, spec),
        rise_of=partial(rise_above, rows.log_mel),
        cepstra_of=partial(cepstra_above, rows.log_mel, spec),
    )
    return window.vector()


@dataclass(eq=False)
class Window:
    """A window of frames in ``pieces`` that follow one another; its quantities are computed when they are asked for.

    ``chroma_of`` returns the chroma (frames, n_chroma) for a tuning; ``rise_of`` the mean rise (frames - 1,) of the mel
    bands above a floor, and ``cepstra_of`` their cepstra (frames, n_mfcc). A stream keeps most of them from the last
    window.
    """

    pieces: list[FrameRows]
    spec: FeatureSpec
    _: KW_ONLY
    chroma_of: Callable[[float], Array]
    rise_of: Callable[[float | None], Array]
    cepstra_of: Callable[[float | None], Array]
    _series: dict[Quantity, Series] = field(default_factory=dict, init=False)

    def vector(self) -> NDArray[np.float32]:
        """Return the statistics that ``spec.groups`` names, float32 (len(spec.vector_names),)."""
        groups = [GROUPS[name] for name in self.spec.groups]
        parts = [np.atleast_1d(group.statistic(self.series(group.quantity))) for group in groups]
        return np.asarray(np.concatenate(parts), dtype=np.float32)

    def series(self, quantity: Quantity) -> Series:
        """Return the values of a quantity over the window."""
        if quantity not in self._series:
            self._series[quantity] = Series(self._values(quantity), self.spec)
        return self._series[quantity]

    def _values(self, quantity: Quantity) -> Array:
        if quantity.of_frames is None:
            return _OF_WINDOW[quantity](self)
        column = analyzer_for(self.spec).scalars.index(quantity)
        return np.concatenate([piece.scalars[:, column] for piece in self.pieces])

    @property
    def levels(self) -> list[NDArray[np.float32]]:
        """The log-mel spectrogram, piece by piece."""
        return [piece.log_mel for piece in self.pieces]

    @cached_property
    def floor(self) -> float | None:
        """The level in dB that lower ones are raised to; None if there are none."""
        return floor_of([piece.extremes for piece in self.pieces], self.spec.top_db)

    def coarse_levels(self) -> Array:
        """Return the levels of coarse frames, shape (n, n_mels)."""
        spec = self.spec
        interval, offset, range_db = spec.coarse_interval, spec.coarse_offset, spec.coarse_range_db
        return coarse_frames(self.levels, interval=interval, offset=offset, range_db=range_db)

    def chroma(self) -> Array:
        """Return the chroma (frames, n_chroma), tuned as the window is."""
        deviations = np.concatenate([piece.deviations for piece in self.pieces])
        heights = np.concatenate([piece.heights for piece in self.pieces])
        return self.chroma_of(tuning_from_deviations(deviations, heights))


#: The quantities that look at more than a frame by itself.
_OF_WINDOW: dict[Quantity, Callable[[Window], Array]] = {
    CEPSTRA: lambda window: window.cepstra_of(window.floor),
    RISE: lambda window: window.rise_of(window.floor),
    CHROMA: Window.chroma,
    COARSE_LEVELS: Window.coarse_levels,
    COARSE_CEPSTRA: lambda window: coarse_cepstra(window.series(COARSE_LEVELS).values),
}


def cepstra_above(log_mel: Array, spec: FeatureSpec, floor: float | None) -> Array:
    """Return the MFCC (frames, n_mfcc) of ``log_mel`` (frames, n_mels) with levels below ``floor`` raised to it.

    In float64: a float32 product of levels near -100 dB is off by 0.001, by more or less as a processor adds.
    """
    return frame_product(raised(log_mel, floor).astype(np.float64), dct_matrix(spec.n_mels, spec.n_mfcc, np.float64))


def tuned_chroma(power: Array, spec: FeatureSpec, tuning: float) -> Array:
    """Return the chroma (frames, n_chroma), 0 to 1, of power spectra (frames, bins)."""
    chroma = frame_product(power, _chroma_filters(spec.sample_rate, spec.n_fft, spec.n_chroma, tuning))
    loudest = chroma.max(axis=1, keepdims=True)  # none is negative, so this is what normalize divides by
    loudest[loudest < tiny(chroma)] = 1.0
    return np.asarray(np.divide(chroma, loudest, out=chroma))


@lru_cache(maxsize=16)
def _chroma_filters(sample_rate: int, n_fft: int, n_chroma: int, tuning: float) -> Array:
    """Return the pitch-class filters (bins, n_chroma), without what it takes to check what was asked for."""
    return chroma_filterbank(sr=sample_rate, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning).T


def floor_of(extremes: list[Array], top_db: float) -> float | None:
    """Return the level in dB, ``top_db`` below the loudest, that others are raised to; None if none is below it.

    ``extremes`` are the lowest and highest levels (frames, 2) of frames.
    """
    together = np.concatenate(extremes)
    floor = together[:, 1].max() - together.dtype.type(top_db)
    return float(floor) if together[:, 0].min() < floor else None


def raised(log_mel: Array, floor: float | None) -> Array:
    """Return ``log_mel`` with levels below ``floor`` raised to it."""
    return log_mel if floor is None else np.asarray(np.maximum(log_mel, log_mel.dtype.type(floor)))


def rise_above(log_mel: Array, floor: float | None) -> Array:
    """Return the mean rise (frames - 1,) of ``log_mel`` (frames, bands) with levels below ``floor`` raised to it."""
    return mean_rise(raised(log_mel, floor))
