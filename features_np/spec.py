"""FeatureSpec: every parameter of every feature, in one frozen object.

The numbers that the trainer and the device share stand here and nowhere else. A model's sidecar carries the
spec as a dictionary with its digest; the device rebuilds the spec from there and refuses one it cannot compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from features_np.errors import SpecError
from features_np.options import Options

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

#: Statistics of quantities that librosa computes too.
LIBROSA_GROUPS = (
    "mfcc_mean",
    "mfcc_std",
    "chroma_mean",
    "chroma_std",
    "tempo",
    "zcr_mean",
    "zcr_std",
    "rolloff_mean",
    "rolloff_std",
    "centroid_mean",
    "centroid_std",
)

#: Cepstral coefficients in the timbre groups, and those of them in its covariance.
N_TIMBRE, N_COVARIED = 20, 16
#: Equal groups of mel bands whose modulation is measured, and whose roughness and flux.
N_MODULATED_BANDS, N_ROUGHNESS_BANDS = 8, 16

#: Elements of the groups that are numbered from 000.
_NUMBERED = {
    "chroma_profile": 38,
    "timbre_mean": N_TIMBRE,
    "timbre_std": N_TIMBRE,
    "timbre_step": N_TIMBRE,
    "timbre_slope": N_TIMBRE,
    "timbre_covariance": N_COVARIED * (N_COVARIED + 1) // 2,
    "modulation": 9 * N_MODULATED_BANDS,
    "roughness": N_ROUGHNESS_BANDS,
    "flux": N_ROUGHNESS_BANDS,
}

#: Every statistic that a vector can be made of.
GROUPS = (*LIBROSA_GROUPS, *_NUMBERED)

#: What precedes the last underscore in the names of groups that come from coarse log-mel frames.
TIMBRE_KINDS = frozenset({"timbre", "modulation", "roughness", "flux"})

#: How a genre sounds and moves, in any key: what the shipped model hears. The tempo is for people.
TIMBRE_GROUPS = (*_NUMBERED, "tempo")

_SEED85 = LIBROSA_GROUPS[:5]

#: The seven sets of columns that the seed document compares, by their number of columns.
SEED_FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "30": ("mfcc_mean",),
    "42": ("mfcc_mean", "chroma_mean"),
    "60": ("mfcc_mean", "mfcc_std"),
    "85": _SEED85,
    "87": (*_SEED85, "zcr_mean", "zcr_std"),
    "89-rolloff": (*_SEED85, "zcr_mean", "zcr_std", "rolloff_mean", "rolloff_std"),
    "89-centroid": (*_SEED85, "zcr_mean", "zcr_std", "centroid_mean", "centroid_std"),
}


@dataclass(frozen=True, slots=True)
class FeatureSpec(Options):
    """What a feature vector is made of; the defaults are librosa 0.11's, at 22,050 Hz.

    Parameters
    ----------
    sample_rate : int
        Samples a second, in Hz.
    window_s : float
        Seconds of audio a live vector describes, at least 3.
    n_fft : int
        Samples in an analysis frame, Hann window.
    hop_length : int
        Samples between frames.
    n_mels : int
        Slaney mel bands from 0 Hz to sample_rate / 2.
    n_mfcc : int
        Cepstral coefficients kept, the 0th included.
    top_db : float
        dB below the loudest mel bin at which the log spectrum is clipped.
    n_chroma : int
        Pitch classes, tuned to the signal.
    tempo_window_s : float
        Seconds of onset strength in one autocorrelation.
    start_bpm : float
        Centre of the log-normal tempo prior.
    std_bpm : float
        Width of the tempo prior, in octaves.
    max_tempo : float
        BPM; faster tempi are not considered.
    roll_percent : float
        Share of the magnitude below the roll-off frequency.
    coarse_interval : float
        Frames from one coarse frame of the timbre groups to the next.
    coarse_offset : float
        Frames before the first coarse frame.
    coarse_range_db : float
        dB below the loudest coarse mel bin at which their levels are clipped.
    groups : tuple[str, ...]
        The vector's parts, in order: some of ``GROUPS``.

    Raises
    ------
    SpecError
        If a value has another type than its default, or one that no signal could satisfy.

    Examples
    --------
    >>> from features_np import FeatureSpec
    >>> len(FeatureSpec().vector_names)
    85
    """

    WHAT: ClassVar[str] = "feature spec"
    REVISION: ClassVar[int] = 1  # changes whenever the same spec would give other numbers; part of the digest

    sample_rate: int = 22_050
    window_s: float = 30.0
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 30
    top_db: float = 80.0
    n_chroma: int = 12
    tempo_window_s: float = 8.0
    start_bpm: float = 120.0
    std_bpm: float = 1.0
    max_tempo: float = 320.0
    roll_percent: float = 0.85
    coarse_interval: float = 3.8626
    coarse_offset: float = 3.75
    coarse_range_db: float = 40.0
    groups: tuple[str, ...] = _SEED85

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        unknown = [group for group in self.groups if group not in GROUPS]
        if unknown:
            raise SpecError(f"unknown feature group {unknown[0]!r}; known are {', '.join(GROUPS)}")
        if not self.groups or len(set(self.groups)) != len(self.groups):
            raise SpecError("groups must name each part of the vector once, and at least one")
        self._require("sample_rate", 8_000 <= self.sample_rate <= 192_000, "8,000 to 192,000 Hz")
        self._require("window_s", 3.0 <= self.window_s <= 600.0, "3 to 600 s")
        self._require("n_fft", 64 <= self.n_fft <= 65_536 and self.n_fft % 2 == 0, "even, 64 to 65,536 samples")
        self._require("hop_length", 1 <= self.hop_length <= self.n_fft, "1 to n_fft samples")
        self._require("n_mels", 1 <= self.n_mels <= self.n_fft // 2, "1 to n_fft / 2")
        self._require("n_mfcc", 1 <= self.n_mfcc <= self.n_mels, "1 to n_mels")
        self._require("n_chroma", self.n_chroma == len(PITCH_CLASSES), "12")
        self._require("top_db", self.top_db > 0, "above 0 dB")
        self._require("tempo_window_s", 1.0 <= self.tempo_window_s <= 60.0, "1 to 60 s")
        self._require("start_bpm", self.start_bpm > 0, "above 0 BPM")
        self._require("std_bpm", self.std_bpm > 0, "above 0 octaves")
        self._require("max_tempo", self.max_tempo > 0, "above 0 BPM")
        self._require("roll_percent", 0 < self.roll_percent < 1, "between 0 and 1")
        self._require("coarse_interval", self.coarse_interval >= 1, "at least 1 frame")
        self._require("coarse_offset", self.coarse_offset >= 0, "at least 0 frames")
        self._require("coarse_range_db", self.coarse_range_db > 0, "above 0 dB")
        self._require_of_groups()

    def _require_of_groups(self) -> None:
        """Check what single groups need beyond what all do."""
        groups = set(self.groups)
        if {"modulation", "roughness", "flux"} & groups:
            allowed = f"a multiple of {N_ROUGHNESS_BANDS} for modulation, roughness and flux"
            self._require("n_mels", self.n_mels % N_ROUGHNESS_BANDS == 0, allowed)
        if any(group.startswith("timbre") for group in groups):
            self._require("n_mels", self.n_mels >= N_TIMBRE, f"at least {N_TIMBRE} for the timbre groups")
        if "tempo" in groups:
            n_lags = int(self.tempo_window_s * self.sample_rate) // self.hop_length
            needed = 2 + int(60.0 * self.sample_rate / (self.hop_length * self.max_tempo))  # one below max_tempo
            seconds = needed * self.hop_length / self.sample_rate
            self._require("tempo_window_s", n_lags >= needed, f"at least {seconds:.3g} s at this hop_length")

    @property
    def window_samples(self) -> int:
        """Length of the live window in samples."""
        return round(self.window_s * self.sample_rate)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per element of the vector, in order: ``mfcc_mean_00`` ... ``tempo_bpm``."""
        return _vector_names(self)

    def group_names(self, group: str) -> tuple[str, ...]:
        """Names of one group's elements, in order."""
        if group in _NUMBERED:
            return tuple(f"{group}_{index:03d}" for index in range(_NUMBERED[group]))
        if group.startswith("mfcc"):
            return tuple(f"{group}_{index:02d}" for index in range(self.n_mfcc))
        if group.startswith("chroma"):
            return tuple(f"{group}_{pitch}" for pitch in PITCH_CLASSES)
        return ("tempo_bpm",) if group == "tempo" else (group,)


@lru_cache(maxsize=16)  # a live update asks every second
def _vector_names(spec: FeatureSpec) -> tuple[str, ...]:
    return tuple(name for group in spec.groups for name in spec.group_names(group))
