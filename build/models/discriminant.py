"""The linear discriminant, which hundreds of tracks of hundreds of features can carry.

With as many features as tracks a regularized linear layer in closed form is hard to beat on clean recordings; through a
microphone it is beaten (see the model card). It becomes a network of one dense layer: half of what ships
(``build.models.discriminant_and_perceptron``).
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from build.models.recipe import Fitted, Rows, Targets, be_deterministic, normalization
from features_np.spec import TIMBRE_GROUPS, FeatureSpec


@dataclass(frozen=True, slots=True)
class DiscriminantRecipe:
    """Linear discriminant analysis (Fisher 1936) with a shrunken covariance and equal priors."""

    name: str
    groups: tuple[str, ...]
    shrinkage: float = 0.5  # share of the identity in the within-class covariance
    clip: float = 3.0  # standard deviations at which inputs saturate, as int8 inputs do
    with_variants: bool = True

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int) -> Fitted:
        """Fit to feature rows (n, columns) and targets (n,); the tempo, which is for people, gets no weight."""
        be_deterministic(seed)
        mean, scale = normalization(rows)
        fitted = Fitted(_linear(rows.shape[1], n_labels), mean, scale, self.clip)
        inputs = fitted.normalize(rows).astype(np.float64)
        inputs[:, [name == "tempo_bpm" for name in FeatureSpec(groups=self.groups).vector_names]] = 0.0
        analysis = LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage=self.shrinkage, priors=np.full(n_labels, 1 / n_labels)
        )
        analysis.fit(inputs, targets)
        fitted.model.layers[-1].set_weights(list(centred(analysis.coef_.T, analysis.intercept_)))
        return fitted


def centred(weights: NDArray[np.float64], bias: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take out what all classes have in common: softmax does not see it, int8 steps are wasted on it."""
    return weights - weights.mean(axis=1, keepdims=True), bias - bias.mean()


def _linear(n_inputs: int, n_labels: int) -> keras.Model:
    return keras.Sequential([keras.Input((n_inputs,)), keras.layers.Dense(n_labels)])


DISCRIMINANT = DiscriminantRecipe("discriminant", TIMBRE_GROUPS)
