"""Groups: the parts of a feature vector.

A group is a statistic of one quantity over a window. Everything else follows from its entry in ``GROUPS``: the analysis
of frames, the buffers of a stream, the vector's names, and the validation of specs. A quantity with one number for each
frame defines its computation in ``of_frames``; ``features_np.window.summary`` computes the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from features_np.rhythm.onsets import delayed
from features_np.rhythm.pulse import mean_tempogram
from features_np.rhythm.tempi import strongest_tempo, tempo_prior, tempo_window_frames
from features_np.signals.waveform import crossing_rates
from features_np.spectra.shape import centroid_frequencies, rolloff_frequencies
from features_np.spectra.spectrum import Array, fft_frequencies
from features_np.vector import timbre
from features_np.vector.parameters import PITCH_CLASSES, Parameters


class Source(Enum):
    """The result of a frame's analysis that a quantity is computed from."""

    SAMPLES = "samples"  # (n,), whose first and last one continue beyond the signal
    MAGNITUDE = "magnitude"  # spectra (frames, bins)
    LOG_MEL = "log-mel"  # spectra (frames, n_mels) in dB, not clipped
    PITCHES = "pitches"  # peaks of the power spectra, and these


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Values of a window in order of time, shape (n, ...), that statistics are taken of.

    ``of_frames``, if a frame has one such number by itself, returns those of frames (n,) from their source.
    """

    name: str
    source: Source
    of_frames: Callable[[Array, Parameters], Array] | None = None


class Series:
    """The values (n, ...), n >= 1, of a quantity, and the parameters that they were computed with."""

    def __init__(self, values: Array, parameters: Parameters) -> None:
        self.values, self.parameters = values, parameters

    @property
    def mean(self) -> Array:
        """The mean over time (...), float64."""
        return self._moments[0]

    @property
    def deviation(self) -> Array:
        """The standard deviation over time (...), float64."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        weights = np.full(len(self.values), 1.0 / len(self.values))  # matrix products take a fraction of the time
        mean = weights @ self.values.astype(np.float64, copy=False)
        distance: Array = self.values - mean
        return np.asarray(mean), np.asarray(np.sqrt(weights @ np.square(distance, out=distance)))


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A part of the vector.

    ``suffixes`` returns one ending for each element, which its name has after the group's; ``statistic`` the elements
    in this order. ``requirement``, if parameters that are allowed may still be unfit for the group, returns the one at
    fault, whether it will do, and which values would.
    """

    name: str
    quantity: Quantity
    suffixes: Callable[[Parameters], tuple[str, ...]]
    statistic: Callable[[Series], Any]
    requirement: Callable[[Parameters], tuple[str, bool, str]] | None = None

    def element_names(self, parameters: Parameters) -> tuple[str, ...]:
        """Return the names of the elements, in order."""
        return tuple(self.name + suffix for suffix in self.suffixes(parameters))


def _crossing_rates(samples: Array, parameters: Parameters) -> Array:
    return crossing_rates(samples, parameters.n_fft, parameters.hop_length)


def _rolloff_frequencies(magnitude: Array, parameters: Parameters) -> Array:
    return rolloff_frequencies(magnitude, _frequencies(parameters), parameters.roll_percent)


def _centroid_frequencies(magnitude: Array, parameters: Parameters) -> Array:
    return centroid_frequencies(magnitude, _frequencies(parameters))


def _frequencies(parameters: Parameters) -> Array:
    return fft_frequencies(sr=parameters.sample_rate, n_fft=parameters.n_fft)


CROSSINGS = Quantity("zero-crossing rate", Source.SAMPLES, _crossing_rates)
ROLLOFF = Quantity("roll-off frequency in Hz", Source.MAGNITUDE, _rolloff_frequencies)
CENTROID = Quantity("centroid in Hz", Source.MAGNITUDE, _centroid_frequencies)
CEPSTRA = Quantity("MFCC", Source.LOG_MEL)
CHROMA = Quantity("chroma, tuned to the window", Source.PITCHES)
RISE = Quantity("mean rise of the mel bands from frame to frame in dB", Source.LOG_MEL)
COARSE_LEVELS = Quantity("log-mel levels of coarse frames in dB", Source.LOG_MEL)
COARSE_CEPSTRA = Quantity("cepstra of coarse frames", Source.LOG_MEL)


def _single(_: Parameters) -> tuple[str, ...]:
    return ("",)


def _pitches(_: Parameters) -> tuple[str, ...]:
    return tuple(f"_{pitch}" for pitch in PITCH_CLASSES)


def _mfcc(parameters: Parameters) -> tuple[str, ...]:
    return tuple(f"_{index:02d}" for index in range(parameters.n_mfcc))


def _numbered(n_elements: int) -> Callable[[Parameters], tuple[str, ...]]:
    return lambda _: tuple(f"_{index:03d}" for index in range(n_elements))


def _mean(series: Series) -> Array:
    return series.mean


def _deviation(series: Series) -> Array:
    return series.deviation


def _tempo(series: Series) -> float:
    """Return the tempo in BPM, as ``librosa.feature.tempo``."""
    parameters = series.parameters
    envelope = delayed(series.values, shift=parameters.n_fft // (2 * parameters.hop_length))
    win_length = tempo_window_frames(parameters.tempo_window_s, parameters.sample_rate, parameters.hop_length)
    prior = tempo_prior(
        win_length,
        sr=parameters.sample_rate,
        hop_length=parameters.hop_length,
        start_bpm=parameters.start_bpm,
        std_bpm=parameters.std_bpm,
        max_tempo=parameters.max_tempo,
    )
    mean = mean_tempogram(envelope, win_length)
    return strongest_tempo(mean, prior, sr=parameters.sample_rate, hop_length=parameters.hop_length)


def _enough_lags(parameters: Parameters) -> tuple[str, bool, str]:
    rate, hop = parameters.sample_rate, parameters.hop_length
    n_lags = int(parameters.tempo_window_s * rate) // hop
    needed = 2 + int(60.0 * rate / (hop * parameters.max_tempo))  # one below max_tempo
    return "tempo_window_s", n_lags >= needed, f"at least {needed * hop / rate:.3g} s at this hop_length"


def _enough_bands(parameters: Parameters) -> tuple[str, bool, str]:
    n_needed = timbre.N_TIMBRE
    return "n_mels", parameters.n_mels >= n_needed, f"at least {n_needed} for the timbre groups"


def _equal_bands(parameters: Parameters) -> tuple[str, bool, str]:
    n_bands = timbre.N_ROUGHNESS_BANDS
    return "n_mels", parameters.n_mels % n_bands == 0, f"a multiple of {n_bands} for modulation, roughness and flux"


#: Every statistic that a vector can be made of, by name.
GROUPS = {
    group.name: group
    for group in (
        Group("mfcc_mean", CEPSTRA, _mfcc, _mean),
        Group("mfcc_std", CEPSTRA, _mfcc, _deviation),
        Group("chroma_mean", CHROMA, _pitches, _mean),
        Group("chroma_std", CHROMA, _pitches, _deviation),
        Group("tempo", RISE, lambda _: ("_bpm",), _tempo, _enough_lags),
        Group("zcr_mean", CROSSINGS, _single, _mean),
        Group("zcr_std", CROSSINGS, _single, _deviation),
        Group("rolloff_mean", ROLLOFF, _single, _mean),
        Group("rolloff_std", ROLLOFF, _single, _deviation),
        Group("centroid_mean", CENTROID, _single, _mean),
        Group("centroid_std", CENTROID, _single, _deviation),
        # Of chroma whatever the key.
        Group("chroma_profile", CHROMA, _numbered(38), lambda s: timbre.chroma_profile(s.mean, s.deviation)),
        # Of the first cepstral coefficients of coarse frames, and of how they change from each to the next.
        Group("timbre_mean", COARSE_CEPSTRA, _numbered(20), lambda s: s.values.mean(axis=0), _enough_bands),
        Group("timbre_std", COARSE_CEPSTRA, _numbered(20), lambda s: s.values.std(axis=0), _enough_bands),
        Group("timbre_step", COARSE_CEPSTRA, _numbered(20), lambda s: timbre.mean_change(s.values), _enough_bands),
        Group("timbre_slope", COARSE_CEPSTRA, _numbered(20), lambda s: timbre.slope_deviation(s.values), _enough_bands),
        Group(
            "timbre_covariance",
            COARSE_CEPSTRA,
            _numbered(136),
            lambda s: timbre.covariance_roots(s.values),
            _enough_bands,
        ),
        # Of bands of coarse frames; the modulation by modulation frequency (rows) and band (columns).
        Group("modulation", COARSE_LEVELS, _numbered(72), lambda s: timbre.band_modulation(s.values), _equal_bands),
        Group("roughness", COARSE_LEVELS, _numbered(16), lambda s: timbre.band_roughness(s.values), _equal_bands),
        Group("flux", COARSE_LEVELS, _numbered(16), lambda s: timbre.band_flux(s.values), _equal_bands),
    )
}


def quantities_of(groups: Iterable[str]) -> tuple[Quantity, ...]:
    """Return the quantities that the groups of these names are statistics of, each once."""
    return tuple(dict.fromkeys(GROUPS[group].quantity for group in groups))
