"""What is known of each frame by itself: the part of every feature that does not look at its neighbours.

``FrameAnalyzer`` is used by ``summarize`` on all frames of a signal and by ``FeatureStream`` on the new ones, so that
both see the same numbers. Everything that looks at the whole window (the loudest mel bin, the tuning, the tempo)
comes after it, in ``features_np.window.summary``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.signals.waveform import crossing_rates
from features_np.spec import TIMBRE_KINDS, FeatureSpec
from features_np.spectra.fft import rfft
from features_np.spectra.framing import BLOCK_SAMPLES, blocks_of
from features_np.spectra.mel import mel_filters
from features_np.spectra.shape import centroid_frequencies, rolloff_frequencies
from features_np.spectra.spectrum import fft_frequencies, squared_magnitude
from features_np.spectra.tuning import pitch_deviations, spectral_peaks
from features_np.spectra.windows import hann_window
from features_np.units.decibels import decibels_of_power


@dataclass(frozen=True, slots=True)
class FrameRows:
    """Frame by frame, in order; what a spec does not need has no columns, and no peaks.

    ``log_mel`` (frames, n_mels) in dB, not clipped; ``crossings`` (frames,) as a rate; ``rolloff`` and ``centroid``
    (frames,) in Hz; ``peaks`` (frames,) counts the entries of the last two, ``deviations`` (peaks,) being steps of the
    tuning histogram and ``heights`` (peaks,) powers.
    """

    log_mel: NDArray[np.float32]
    crossings: NDArray[np.float64]
    rolloff: NDArray[np.float64]
    centroid: NDArray[np.float64]
    peaks: NDArray[np.intp]
    deviations: NDArray[np.uint8]
    heights: NDArray[np.float32]

    def part(self, start: int, stop: int) -> FrameRows:
        """Return views of the rows ``start`` up to but not including ``stop``."""
        first = int(self.peaks[:start].sum())
        last = first + int(self.peaks[start:stop].sum())
        return FrameRows(
            log_mel=self.log_mel[start:stop],
            crossings=self.crossings[start:stop],
            rolloff=self.rolloff[start:stop],
            centroid=self.centroid[start:stop],
            peaks=self.peaks[start:stop],
            deviations=self.deviations[first:last],
            heights=self.heights[first:last],
        )


class FrameAnalyzer:
    """Computes ``FrameRows`` for one spec; holds its windows and filters, no state."""

    def __init__(self, spec: FeatureSpec) -> None:
        kinds = {group.rsplit("_", 1)[0] for group in spec.groups}
        self.spec = spec
        self.needs_mel = bool(kinds & ({"mfcc", "tempo"} | TIMBRE_KINDS))
        self.needs_chroma = "chroma" in kinds
        self.needs_crossings = "zcr" in kinds
        self.needs_magnitude = bool(kinds & {"rolloff", "centroid"})
        self._window = hann_window(spec.n_fft).astype(np.float32)
        self._frequencies = fft_frequencies(sr=spec.sample_rate, n_fft=spec.n_fft)
        self._mel = mel_filters(
            sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=0.0, fmax=None, htk=False, norm="slaney"
        )

    def analyze(self, frames: NDArray[np.float32]) -> tuple[FrameRows, NDArray[np.float32]]:
        """Analyze ``frames`` (frames, n_fft), which may overlap in memory.

        Returns the rows, with ``crossings`` left at 0, and the power spectra (frames, bins).
        """
        power = self.power(frames)
        return self._rows_of(power), power

    def crossings(self, samples: NDArray[np.float32], *, left: int = 0, right: int = 0) -> NDArray[np.float64]:
        """Return the zero-crossing rates of the frames of ``samples``, whose first and last one continue.

        ``left`` and ``right`` are how many samples beyond it the frames reach. Zeros if the spec does not need them.
        """
        n_fft, hop_length = self.spec.n_fft, self.spec.hop_length
        if not self.needs_crossings:
            return np.zeros(max((len(samples) + left + right - n_fft) // hop_length + 1, 0))
        return crossing_rates(np.pad(samples, (left, right), mode="edge"), n_fft, hop_length)

    def power(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the power spectra (frames, bins), in blocks whose intermediate results stay in the cache."""
        n_frames, n_fft = frames.shape
        power = np.empty((n_frames, 1 + n_fft // 2), dtype=np.float32)
        windowed = np.empty((min(n_frames, max(BLOCK_SAMPLES // n_fft, 1)), n_fft), dtype=np.float32)
        for block in blocks_of(n_frames, n_fft):
            part = windowed[: block.stop - block.start]
            np.multiply(frames[block], self._window, out=part)
            squared_magnitude(rfft(part), out=power[block])
        return power

    def _rows_of(self, power: NDArray[np.float32]) -> FrameRows:
        n_frames, spec = len(power), self.spec
        log_mel = np.empty((n_frames, 0), dtype=np.float32)
        if self.needs_mel:
            log_mel = decibels_of_power(self._mel.apply(power))
        deviations, heights, peaks = np.empty(0, np.uint8), np.empty(0, np.float32), np.zeros(n_frames, np.intp)
        if self.needs_chroma:
            pitches, heights, peaks = spectral_peaks(power, sr=spec.sample_rate, n_fft=spec.n_fft)
            deviations = pitch_deviations(pitches).astype(np.uint8)
        rolloff, centroid = np.zeros(n_frames), np.zeros(n_frames)
        if self.needs_magnitude:
            magnitude = np.sqrt(power)
            rolloff = rolloff_frequencies(magnitude, self._frequencies, spec.roll_percent)
            centroid = centroid_frequencies(magnitude, self._frequencies)
        return FrameRows(log_mel, np.zeros(n_frames), rolloff, centroid, peaks, deviations, heights)


@lru_cache(maxsize=4)
def analyzer_for(spec: FeatureSpec) -> FrameAnalyzer:
    """Return the analyzer of ``spec``, made once."""
    return FrameAnalyzer(spec)
