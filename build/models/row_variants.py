"""Changes to a recording that preserve its genre, applied to feature rows in training.

Rows are in the features' own units (before normalization), so each change is what it would be in the audio:

* *transposition*: chroma means and deviations rotate together;
* *frequency response* of a loudspeaker, a room, a microphone: a constant added to the log-mel spectrum of every
  frame, hence the DCT of that constant added to the MFCC means;
* *gain*: the same with a flat response, which moves coefficient 0 alone;
* *tempo*: versions of a piece are slightly slower or faster; half and double are errors of the estimator;
* *measurement noise* and *mixup* (Zhang et al. 2018) against overfitting the few tracks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from features_np.spec import FeatureSpec

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The amount of each change; the default changes nothing."""

    transpose: bool = False
    response_db: float = 0.0  # standard deviation of a random frequency response
    response_knots: int = 8  # how finely it varies over the mel scale
    gain_db: float = 0.0  # half range of a uniform gain
    tempo_jitter: float = 0.0  # standard deviation in octaves
    tempo_octave: float = 0.0  # probability of half or double tempo
    noise: float = 0.0  # standard deviation in units of each column's own
    mixup: float = 0.0  # the Beta distribution's parameter; 0 is off


class RowAugmenter:
    """Applies an ``Augmentation`` to rows of a spec's vectors."""

    def __init__(self, settings: Augmentation, spec: FeatureSpec, scale: Rows) -> None:
        """``scale`` (one per column) is what ``noise`` is measured in."""
        self._settings = settings
        self._scale = scale
        self._n_mels = spec.n_mels
        names = spec.vector_names
        self._groups = {group: _span(names, spec.group_names(group)) for group in spec.groups}

    def rows(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return changed copies of rows, shape (n, columns)."""
        changed = rows.copy()
        if self._settings.transpose:
            self._transpose(changed, rng)
        if (self._settings.response_db or self._settings.gain_db) and "mfcc_mean" in self._groups:
            span = self._groups["mfcc_mean"]
            changed[:, span] += self._cepstral_response(len(rows), span.stop - span.start, rng)
        if "tempo" in self._groups:
            self._change_tempo(changed[:, self._groups["tempo"]], rng)
        changed += rng.normal(0.0, 1.0, rows.shape).astype(np.float32) * self._scale * self._settings.noise
        return changed

    def mix(self, rows: Rows, targets: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Return convex combinations of pairs of rows and of their one-hot targets."""
        if not self._settings.mixup:
            return rows, targets
        share = rng.beta(self._settings.mixup, self._settings.mixup, (len(rows), 1)).astype(np.float32)
        other = rng.permutation(len(rows))
        return share * rows + (1 - share) * rows[other], share * targets + (1 - share) * targets[other]

    def _transpose(self, rows: Rows, rng: np.random.Generator) -> None:
        steps = rng.integers(0, 12, (len(rows), 1))
        order = (np.arange(12) - steps) % 12
        for group in ("chroma_mean", "chroma_std"):
            if span := self._groups.get(group):
                rows[:, span] = np.take_along_axis(rows[:, span], order, axis=1)

    def _cepstral_response(self, n_rows: int, n_mfcc: int, rng: np.random.Generator) -> Rows:
        settings = self._settings
        knots = rng.normal(0.0, settings.response_db, (n_rows, settings.response_knots))
        places = np.linspace(0, settings.response_knots - 1, self._n_mels)
        left = np.minimum(places.astype(np.int64), settings.response_knots - 2)
        weight = places - left
        response = knots[:, left] * (1 - weight) + knots[:, left + 1] * weight
        response += rng.uniform(-settings.gain_db, settings.gain_db, (n_rows, 1))
        cepstrum = dct(response, type=2, norm="ortho", axis=1)[:, :n_mfcc]
        return np.asarray(cepstrum, dtype=np.float32)

    def _change_tempo(self, tempi: Rows, rng: np.random.Generator) -> None:
        settings = self._settings
        octaves = rng.normal(0.0, 1.0, tempi.shape) * settings.tempo_jitter
        jumps = rng.random(tempi.shape) < settings.tempo_octave
        octaves += jumps * rng.choice([-1.0, 1.0], tempi.shape)
        tempi *= np.exp2(octaves).astype(np.float32)


def _span(names: Sequence[str], group: Sequence[str]) -> slice:
    start = names.index(group[0])
    return slice(start, start + len(group))
