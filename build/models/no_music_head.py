"""One more output: "no music", beside any network's genres.

A discriminant over the genres and the kinds of what is no music (speech, rain, hum, ...) scores each row. Its best kind
minus its best genre is the margin by which "no music" beats the network's most probable genre, so the probabilities of
the genres relative to each other do not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from build.models.discriminant import balanced, discriminant
from build.models.recipe import Fitted, Rows, Targets

#: Units of the genres' logits per unit of the discriminant, whose margins are larger.
GAIN = 0.25
#: Logits further than this below the best, and margins further than this from zero, are clipped: the 256 steps of the
#: int8 output are needed where probabilities differ.
LOWEST, HIGHEST = -15.0, 5.0


@dataclass(frozen=True)
class Detector:
    """Linear functions of normalized rows: the first ``n_genres`` columns for music, the others for no music."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    n_genres: int

    def margin(self, normalized: Rows) -> NDArray[np.float64]:
        """Return the margin of "no music" over music, shape (n,)."""
        scores = normalized.astype(np.float64) @ self.weights + self.bias
        other, music = scores[:, self.n_genres :].max(axis=1), scores[:, : self.n_genres].max(axis=1)
        return np.asarray(other - music)


def fit_detector(
    fitted: Fitted,
    rows: Rows,
    targets: Targets,
    *,
    other: Rows,
    kinds: Sequence[str],
    n_genres: int,
    shrinkage: float = 0.7,
    lead: float = 0.0,
) -> Detector:
    """Fit to music (rows and targets) and to ``other`` rows of several ``kinds``, normalized as ``fitted`` does.

    ``lead`` is added to the margin of "no music".
    """
    inputs = np.vstack([fitted.normalize(rows), fitted.normalize(other)]).astype(np.float64)
    classes = np.concatenate([targets, n_genres + np.unique(kinds, return_inverse=True)[1]])
    weights, bias = discriminant(inputs, classes, balanced(classes), int(classes.max()) + 1, shrinkage)
    bias[n_genres:] += lead
    return Detector(weights, bias, n_genres)


def with_detector(fitted: Fitted, detector: Detector) -> Fitted:
    """Return the network with one more output, the last: the logit of "no music"."""
    inputs = keras.Input((detector.weights.shape[0],))
    genres = fitted.model(inputs)
    music = keras.layers.Dense(detector.n_genres, name="music")
    other = keras.layers.Dense(detector.weights.shape[1] - detector.n_genres, name="other")
    outputs = keras.layers.Concatenate()([genres - _best(genres), _best(other(inputs)) - _best(music(inputs))])
    model = keras.Model(inputs, keras.ops.minimum(keras.ops.maximum(outputs, LOWEST), HIGHEST))
    n_genres, weights, bias = detector.n_genres, GAIN * detector.weights, GAIN * detector.bias
    music.set_weights([weights[:, :n_genres], bias[:n_genres]])
    other.set_weights([weights[:, n_genres:], bias[n_genres:]])
    return Fitted(model, fitted.mean, fitted.scale, fitted.clip)


def _best(logits: keras.KerasTensor) -> keras.KerasTensor:
    return keras.ops.max(logits, axis=1, keepdims=True)
