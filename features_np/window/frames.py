"""Analysis of each frame by itself: the part of every feature that does not look at its neighbours.

``FrameAnalyzer`` is used by ``summarize`` on all frames of a signal and by ``FeatureStream`` on the new ones, so that
both see the same numbers. Everything that looks at the whole window (the loudest mel bin, the tuning, the tempo)
comes after it, in ``features_np.window.summary``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.arrays.products import whole_steps
from features_np.spec import FeatureSpec
from features_np.spectra.fft import rfft
from features_np.spectra.framing import BLOCK_SAMPLES
from features_np.spectra.mel import mel_filters
from features_np.spectra.spectrum import Array, squared_magnitude
from features_np.spectra.tuning import pitch_deviations, spectral_peaks
from features_np.spectra.windows import hann_window
from features_np.units.decibels import decibels_of_power
from features_np.vector.groups import Quantity, Source, quantities_of
from features_np.vector.parameters import Parameters

#: Frames of a signal analyzed at a time, whose power spectra stay in a cache of 2 MB: whole steps of ``frame_product``.
BLOCK_FRAMES = 360


@dataclass(frozen=True, slots=True)
class FrameRows:
    """Frame by frame, in order; what a spec does not need has no columns, and no peaks.

    ``log_mel`` (frames, n_mels) in dB, not clipped; ``extremes`` (frames, 2) its lowest and highest level; ``scalars``
    (frames, len(FrameAnalyzer.scalars)), a column for each quantity that is one number for each frame; ``peaks``
    (frames,) counts the entries of the last two, ``deviations`` (peaks,) being steps of the tuning histogram and
    ``heights`` (peaks,) powers.
    """

    log_mel: NDArray[np.float32]
    extremes: NDArray[np.float32]
    scalars: NDArray[np.float64]
    peaks: NDArray[np.intp]
    deviations: NDArray[np.uint8]
    heights: NDArray[np.float32]

    def part(self, start: int, stop: int) -> FrameRows:
        """Return views of the rows ``start`` up to but not including ``stop``."""
        first = int(self.peaks[:start].sum()) if start else 0
        last = len(self.heights) if stop == len(self.peaks) else first + int(self.peaks[start:stop].sum())
        return FrameRows(
            log_mel=self.log_mel[start:stop],
            extremes=self.extremes[start:stop],
            scalars=self.scalars[start:stop],
            peaks=self.peaks[start:stop],
            deviations=self.deviations[first:last],
            heights=self.heights[first:last],
        )


class FrameAnalyzer:
    """Computes ``FrameRows`` for one spec; holds its windows and filters, no state."""

    def __init__(self, spec: FeatureSpec) -> None:
        self.spec = spec
        quantities = quantities_of(spec.groups)
        sources = {quantity.source for quantity in quantities}
        self._needs_mel, self._needs_pitches = Source.LOG_MEL in sources, Source.PITCHES in sources
        self._of_samples = _scalars(quantities, Source.SAMPLES)
        self._of_magnitude = _scalars(quantities, Source.MAGNITUDE)
        #: The quantities that ``FrameRows.scalars`` has, in order.
        self.scalars = (*self._of_samples, *self._of_magnitude)
        self._window = hann_window(spec.n_fft).astype(np.float32)
        self._mel = mel_filters(
            sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=0.0, fmax=None, htk=False, norm="slaney"
        )

    def analyze(
        self, blocks: Iterable[Sequence[NDArray[np.float32]]], of_samples: NDArray[np.float64]
    ) -> tuple[FrameRows, NDArray[np.float32]]:
        """Analyze frames, a block at a time: each is some arrays (frames, n_fft), which may overlap in memory.

        ``of_samples`` are the scalars of these frames, as the method of that name returns them. Returns the rows, and
        the power spectra (frames, bins).
        """
        n_frames, n_mels = len(of_samples), self.spec.n_mels if self._needs_mel else 0
        room = whole_steps(n_frames)
        power = np.empty((room, 1 + self.spec.n_fft // 2), dtype=np.float32)
        power[n_frames:] = 0.0
        log_mel = np.empty((room, n_mels), dtype=np.float32)
        extremes = np.empty((n_frames, 2 if n_mels else 0), dtype=np.float32)
        scalars = np.empty((n_frames, len(self.scalars)))
        scalars[:, : of_samples.shape[1]] = of_samples
        counts = np.zeros(n_frames, dtype=np.intp)
        found: list[tuple[Array, Array]] = [(np.empty(0, np.uint8), np.empty(0, np.float32))]
        begin = 0
        for pieces in blocks:
            block = slice(begin, begin + sum(map(len, pieces)))
            self._transform(pieces, power[block])
            begin = block.stop
            if n_mels:
                steps = slice(block.start, room if begin == n_frames else begin)
                decibels_of_power(self._mel.apply(power[steps], log_mel[steps]), out=log_mel[steps])
                levels = log_mel[block]
                levels.min(axis=1, out=extremes[block, 0])
                levels.max(axis=1, out=extremes[block, 1])
            if self._needs_pitches:
                deviations, heights, counts[block] = self._peaks_of(power[block])
                found.append((deviations, heights))
            if self._of_magnitude:
                magnitude = np.sqrt(power[block])
                for column, of_frames in enumerate(self._of_magnitude.values(), of_samples.shape[1]):
                    scalars[block, column] = of_frames(magnitude, self.spec)
        deviations, heights = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return FrameRows(log_mel[:n_frames], extremes, scalars, counts, deviations, heights), power[:n_frames]

    @property
    def takes_samples(self) -> bool:
        """If there are scalars that are computed from the samples themselves."""
        return bool(self._of_samples)

    def of_samples(self, samples: NDArray[np.float32], *, left: int = 0, right: int = 0) -> NDArray[np.float64]:
        """Return the scalars (frames, n) of the frames of ``samples`` that are computed from the samples themselves.

        The first and last sample continue: ``left`` and ``right`` are how many samples beyond them the frames reach.
        """
        n_frames = max((len(samples) + left + right - self.spec.n_fft) // self.spec.hop_length + 1, 0)
        scalars = np.empty((n_frames, len(self._of_samples)))
        if self._of_samples:
            padded = np.pad(samples, (left, right), mode="edge")
            for column, of_frames in enumerate(self._of_samples.values()):
                scalars[:, column] = of_frames(padded, self.spec)
        return scalars

    def power(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the power spectra (frames, bins) of ``frames`` (frames, n_fft)."""
        power = np.empty((len(frames), 1 + self.spec.n_fft // 2), dtype=np.float32)
        self._transform([frames], power)
        return power

    def _transform(self, pieces: Sequence[NDArray[np.float32]], power: NDArray[np.float32]) -> None:
        """Write the power spectra of all pieces, so many at a time that intermediate results stay in the cache."""
        n_fft, begin = self.spec.n_fft, 0
        step = max(BLOCK_SAMPLES // n_fft, 1)
        most = 3 * step // 2  # the frames of a second and of both edges in one transform
        blocks: Sequence[Sequence[NDArray[np.float32]]] = [pieces]
        if len(power) > most:
            blocks = [[piece[at : at + step]] for piece in pieces for at in range(0, len(piece), step)]
        windowed = np.empty((min(len(power), most), n_fft), dtype=np.float32)
        for block in blocks:
            filled = 0
            for piece in block:
                np.multiply(piece, self._window, out=windowed[filled : filled + len(piece)])
                filled += len(piece)
            squared_magnitude(rfft(windowed[:filled]), out=power[begin : begin + filled])
            begin += filled

    def _peaks_of(self, power: NDArray[np.float32]) -> tuple[Array, Array, Array]:
        """Return the deviations and heights of all peaks, and how many each frame has."""
        pitches, heights, counts = spectral_peaks(power, sr=self.spec.sample_rate, n_fft=self.spec.n_fft)
        return pitch_deviations(pitches).astype(np.uint8), heights, counts


def _scalars(quantities: Iterable[Quantity], source: Source) -> dict[Quantity, Callable[[Array, Parameters], Array]]:
    """Return those of a source that are one number for each frame, and what computes them."""
    return {each: each.of_frames for each in quantities if each.source is source and each.of_frames is not None}


@lru_cache(maxsize=4)
def analyzer_for(spec: FeatureSpec) -> FrameAnalyzer:
    """Return the analyzer of ``spec``, made once."""
    return FrameAnalyzer(spec)
