"""Linear discriminant analysis (Fisher 1936), suited to hundreds of rows of hundreds of features.

With as many features as tracks a regularized linear layer in closed form is hard to beat on clean recordings; through a
microphone a perceptron is better (see the model card). It becomes a network of one dense layer: half of the classic
(``build.models.discriminant_and_perceptron``), most of a head beside a listener, and the detector of "no music".
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from build.models.recipe import Fitted, Recipe, Rows, Targets, Weights, be_deterministic, normalization
from build.tables.feature_sets import TIMBRE_GROUPS
from features_np.spec import FeatureSpec

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DiscriminantRecipe(Recipe):
    """A discriminant of the features with equal priors."""

    name: str
    groups: tuple[str, ...]
    shrinkage: float = 0.5
    clip: float = 3.0  # standard deviations at which inputs saturate, as int8 inputs do
    with_variants: bool = True

    @property
    def spec(self) -> FeatureSpec:
        """The features of the input; the tempo, which is only displayed, gets no weight."""
        return FeatureSpec(groups=self.groups)

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int, weights: Weights | None = None) -> Fitted:
        """Fit to feature rows (n, columns), targets (n,) and weights (n,), by default equal within a label."""
        be_deterministic(seed)
        mean, scale = normalization(rows, weights)
        fitted = Fitted(linear_network(rows.shape[1], n_labels), mean, scale, self.clip)
        inputs = fitted.normalize(rows).astype(np.float64)
        inputs[:, [name == "tempo_bpm" for name in self.columns]] = 0.0
        equal = balanced(targets) if weights is None else weights
        kernel, bias = discriminant(inputs, targets, equal, n_labels, self.shrinkage)
        fitted.model.layers[-1].set_weights([kernel, bias])
        return fitted


def balanced(targets: Targets) -> Weights:
    """Return weights (n,): all labels weigh the same, and so do the rows of a label."""
    return 1.0 / np.bincount(targets)[targets]


def discriminant(
    inputs: Array, targets: Targets, weights: Weights, n_labels: int, shrinkage: float
) -> tuple[Array, Array]:
    """Return kernel (columns, labels) and bias (labels,) of a discriminant with equal priors.

    The within-class covariance is of weighted rows, and shrunken towards a multiple of the identity by ``shrinkage``,
    0 to 1. The mean over classes is subtracted: it does not change the softmax and would waste int8 steps.
    """
    chosen = [targets == label for label in range(n_labels)]
    means = np.array([np.average(inputs[rows], axis=0, weights=weights[rows]) for rows in chosen])
    rest = (inputs - means[targets]) * np.sqrt(weights / weights.sum())[:, np.newaxis]
    covariance = (1 - shrinkage) * (rest.T @ rest)
    variance = np.square(rest).sum() / inputs.shape[1]
    covariance[np.diag_indices_from(covariance)] += shrinkage * variance
    kernel = np.linalg.solve(covariance, means.T)
    bias = -0.5 * np.einsum("ij,ji->i", means, kernel)
    return kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()


def linear_network(n_inputs: int, n_labels: int, name: str | None = None) -> keras.Model:
    """Return a network of one dense layer."""
    return keras.Sequential([keras.Input((n_inputs,)), keras.layers.Dense(n_labels)], name=name)


DISCRIMINANT = DiscriminantRecipe("discriminant", TIMBRE_GROUPS)
