"""What is known of each frame by itself: the part of every feature that does not look at its neighbours.

``FrameAnalyzer`` is used by ``summarize`` on all frames of a signal and by ``FeatureStream`` on the new ones, so that
both see the same numbers. Everything that looks at the whole window (the loudest mel bin, the tuning, the tempo)
comes after it, in ``features_np.summary``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from features_np.chroma import pitch_deviations, spectral_peaks
from features_np.mel import mel_filters
from features_np.shape import centroid_frequencies, crossing_rates, rolloff_frequencies
from features_np.spec import TIMBRE_KINDS, FeatureSpec
from features_np.spectrum import (
    blocks_of,
    decibels_of_power,
    fft_frequencies,
    frame_signal,
    hann_window,
    squared_magnitude,
)


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

    @classmethod
    def concatenate(cls, pieces: list[FrameRows]) -> FrameRows:
        """Join pieces that follow one another."""
        return cls(*(np.concatenate([getattr(piece, field.name) for piece in pieces]) for field in fields(cls)))


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

    def analyze(
        self, samples: NDArray[np.float32], *, left: int = 0, right: int = 0
    ) -> tuple[FrameRows, NDArray[np.float32]]:
        """Analyze all whole frames of ``samples`` continued by ``left`` and ``right`` samples outside of it.

        Outside there are zeros for spectra, and for zero crossings the first and last sample: librosa's defaults.
        Returns the rows and the power spectra (frames, bins).
        """
        spec = self.spec
        frames = frame_signal(np.pad(samples, (left, right)), spec.n_fft, spec.hop_length)
        power = np.empty((len(frames), 1 + spec.n_fft // 2), dtype=np.float32)
        pieces = []
        for block in blocks_of(len(frames), spec.n_fft):
            power[block] = squared_magnitude(scipy.fft.rfft(frames[block] * self._window, axis=-1, overwrite_x=True))
            pieces.append(self._rows_of(power[block]))
        rows = FrameRows.concatenate(pieces)
        if self.needs_crossings:
            continued = np.pad(samples, (left, right), mode="edge")
            rows.crossings[:] = crossing_rates(continued, spec.n_fft, spec.hop_length)
        return rows, power

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
