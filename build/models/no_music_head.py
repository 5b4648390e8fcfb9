"""One more output: "no music", beside any network's genres.

A detector tells music from what is none (speech, rain, hum, people talking, ...). Its score is the margin by which
"no music" beats the network's most probable genre, so the probabilities of the genres relative to each other do not
change. Beside listeners a logistic regression detects best; on readable features, of which no single sum tells music
from all the rest, discriminants do: the margin is then that of the best kind of what is none over the best genre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from build.models.discriminant import balanced, discriminant
from build.models.recipe import Fitted, Rows, Targets

#: Inverse strength of the regression's regularization, scikit-learn's C, and the log-odds that music is given ahead: of
#: the values that detect as much in folds of the training windows, those that lose the least music of its tracks.
C, AHEAD = 0.01, 1.0
#: Units of the genres' logits per unit of the discriminants, whose margins are larger.
GAIN = 0.25
#: Logits further than this below the best, and margins further than this from zero, are clipped: the 256 steps of the
#: int8 output are needed where probabilities differ.
LOWEST, HIGHEST = -15.0, 5.0


@dataclass(frozen=True)
class Detector:
    """Linear functions of normalized rows: the first ``n_music`` columns score music, the others what is none.

    Without any for music, what is none has one column, the margin itself.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    n_music: int

    def margin(self, normalized: Rows) -> NDArray[np.float64]:
        """Return the margin of "no music" over music, shape (n,)."""
        scores = normalized.astype(np.float64) @ self.weights + self.bias
        music = scores[:, : self.n_music].max(axis=1) if self.n_music else 0.0
        return np.asarray(scores[:, self.n_music :].max(axis=1) - music)


def regression(fitted: Fitted, rows: Rows, targets: Targets, *, other: Rows, kinds: Sequence[str]) -> Detector:
    """Return a logistic regression of music (rows and targets) and ``other`` rows of several ``kinds``.

    They are normalized as ``fitted`` does. All genres of the music weigh the same, as do all kinds of what is none, and
    both sides together.
    """
    inputs = np.vstack([fitted.normalize(rows), fitted.normalize(other)]).astype(np.float64)
    is_other = np.arange(len(inputs)) >= len(rows)
    weights = np.concatenate([balanced(targets), balanced(np.unique(kinds, return_inverse=True)[1])])
    for side in (is_other, ~is_other):
        weights[side] *= len(inputs) / 2 / weights[side].sum()
    found = LogisticRegression(C=C, max_iter=300).fit(inputs, is_other, weights)
    return Detector(found.coef_.T, found.intercept_ - AHEAD, n_music=0)


def discriminants(
    fitted: Fitted, rows: Rows, targets: Targets, *, other: Rows, kinds: Sequence[str], shrinkage: float
) -> Detector:
    """Return discriminants of the genres of music and the kinds of what is none, normalized as ``fitted`` does."""
    inputs = np.vstack([fitted.normalize(rows), fitted.normalize(other)]).astype(np.float64)
    n_music = int(targets.max()) + 1
    classes = np.concatenate([targets, n_music + np.unique(kinds, return_inverse=True)[1]])
    weights, bias = discriminant(inputs, classes, balanced(classes), int(classes.max()) + 1, shrinkage)
    return Detector(GAIN * weights, GAIN * bias, n_music)


def with_detector(fitted: Fitted, detector: Detector) -> Fitted:
    """Return the network with one more output, the last: the logit of "no music"."""
    inputs = keras.Input((len(detector.weights),))
    genres = fitted.model(inputs)
    margin = _scores(detector, slice(detector.n_music, None), "none")(inputs)
    if detector.n_music:
        margin = _best(margin) - _best(_scores(detector, slice(detector.n_music), "music")(inputs))
    outputs = keras.layers.Concatenate()([genres - _best(genres), margin])
    model = keras.Model(inputs, keras.ops.minimum(keras.ops.maximum(outputs, LOWEST), HIGHEST))
    return Fitted(model, fitted.mean, fitted.scale, fitted.clip)


def _scores(detector: Detector, columns: slice, name: str) -> keras.layers.Dense:
    weights, bias = detector.weights[:, columns], detector.bias[columns]
    layer = keras.layers.Dense(len(bias), name=name)
    layer.build((None, len(weights)))
    layer.set_weights([weights, bias])
    return layer


def _best(logits: keras.KerasTensor) -> keras.KerasTensor:
    return keras.ops.max(logits, axis=1, keepdims=True)
