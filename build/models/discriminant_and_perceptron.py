"""The architecture of the classic: a linear discriminant and a perceptron on the same inputs, averaged in one network.

The discriminant is slightly more accurate on clean recordings, the perceptron through microphones (see the model card).
Their sum is one network with a linear path beside a hidden layer, and is converted and quantized as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from build.models.discriminant import DISCRIMINANT, DiscriminantRecipe
from build.models.perceptron import PERCEPTRON, PerceptronRecipe
from build.models.recipe import Fitted, Recipe, Rows, Targets, Weights
from features_np.spec import FeatureSpec

#: A discriminant's log-probabilities are overconfident about fourfold (its own temperature), a perceptron's, with
#: smoothed labels, are not confident enough.
DISCRIMINANT_TEMPERATURE, PERCEPTRON_TEMPERATURE = 4.0, 0.7


@dataclass(frozen=True)
class EnsembleRecipe(Recipe):
    """Both recipes must take the same groups, through the same normalization and clip."""

    name: str
    discriminant: DiscriminantRecipe
    perceptron: PerceptronRecipe

    @property
    def spec(self) -> FeatureSpec:
        """The features that both take."""
        return self.perceptron.spec

    @property
    def with_variants(self) -> bool:
        """True if they are fitted to changed copies of the tracks, too."""
        return self.perceptron.with_variants

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int, weights: Weights | None = None) -> Fitted:
        """Fit both to feature rows (n, columns) and targets (n,), weighted equally, and join them."""
        if weights is not None:
            raise ValueError("the ensemble does not support weights")
        linear = self.discriminant.fit(rows, targets, n_labels=n_labels, seed=seed)
        hidden = self.perceptron.fit(rows, targets, n_labels=n_labels, seed=seed)
        linear.model.name, hidden.model.name = self.discriminant.name, self.perceptron.name
        inputs = keras.Input((rows.shape[1],))
        logits = linear.model(inputs) / DISCRIMINANT_TEMPERATURE + hidden.model(inputs) / PERCEPTRON_TEMPERATURE
        return Fitted(keras.Model(inputs, logits), hidden.mean, hidden.scale, hidden.clip)


#: The shipped classic: see its model card for what it was compared with.
TIMBRE = EnsembleRecipe("timbre", DISCRIMINANT, PERCEPTRON)
