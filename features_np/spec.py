"""FeatureSpec: every parameter of every feature, in one frozen object.

The numbers that the trainer and the device share stand here and nowhere else. A model's sidecar carries the
spec as a dictionary with its digest; the device rebuilds the spec from there and refuses one it cannot compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from features_np.errors import SpecError
from features_np.vector.groups import GROUPS
from features_np.vector.parameters import Parameters


@dataclass(frozen=True, slots=True)
class FeatureSpec(Parameters):
    """Parameters of a feature vector, and its groups; the defaults are librosa 0.11's, at 22,050 Hz.

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
        The vector's parts, in order: names of ``features_np.vector.groups.GROUPS``.

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

    groups: tuple[str, ...] = ("mfcc_mean", "mfcc_std", "chroma_mean", "chroma_std", "tempo")

    def __post_init__(self) -> None:
        Parameters.__post_init__(self)
        unknown = [group for group in self.groups if group not in GROUPS]
        if unknown:
            raise SpecError(f"unknown feature group {unknown[0]!r}; known are {', '.join(GROUPS)}")
        if not self.groups or len(set(self.groups)) != len(self.groups):
            raise SpecError("groups must name each part of the vector once, and at least one")
        for group in self.groups:
            requirement = GROUPS[group].requirement
            if requirement is not None:
                self._require(*requirement(self))

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
        return GROUPS[group].element_names(self)


@lru_cache(maxsize=16)  # a live update asks every second
def _vector_names(spec: FeatureSpec) -> tuple[str, ...]:
    return tuple(name for group in spec.groups for name in spec.group_names(group))
