"""Perceptrons and how they are fitted: named recipes of architecture, augmentation and schedule.

A network takes normalized feature rows and returns logits: softmax stays outside, since an int8 softmax would have
steps of 1/256 and no room for a temperature.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.models.recipe import Fitted, Recipe, Rows, Targets, Weights, be_deterministic, normalization
from build.models.row_variants import Augmentation, RowAugmenter
from build.tables.feature_sets import SEED_FEATURE_SETS, TIMBRE_GROUPS
from features_np.spec import FeatureSpec

#: Rows (batches, rows, columns) and their one-hot targets (batches, rows, labels).
Batches = tuple[Rows, Rows]

#: Width and activation of the seed's eight dense layers, the input layer's 85 units first.
SEED_LAYERS = (
    (85, "relu"),
    (75, "relu"),
    (65, "linear"),
    (55, "relu"),
    (45, "linear"),
    (35, "relu"),
    (25, "relu"),
)


class Architecture(Protocol):
    """A network's architecture, as printable data."""

    def __call__(self, n_inputs: int, n_labels: int) -> keras.Model:
        """Return a network of one input row with a logit for each label."""


@dataclass(frozen=True, slots=True)
class Dense:
    """Dense layers, each given by its width and activation."""

    layers: tuple[tuple[int, str], ...]

    def __call__(self, n_inputs: int, n_labels: int) -> keras.Model:
        """Build the network."""
        hidden = [keras.layers.Dense(width, activation) for width, activation in self.layers]
        return keras.Sequential([keras.Input((n_inputs,)), *hidden, keras.layers.Dense(n_labels)])


@dataclass(frozen=True, slots=True)
class DenseWithDropout:
    """Dense ReLU layers with dropout after each, by default half as much of the inputs."""

    widths: tuple[int, ...] = (256, 128)
    dropout: float = 0.4
    input_dropout: float | None = None

    def __call__(self, n_inputs: int, n_labels: int) -> keras.Model:
        """Build the network."""
        input_dropout = self.dropout / 2 if self.input_dropout is None else self.input_dropout
        layers = [keras.Input((n_inputs,)), keras.layers.Dropout(input_dropout)]
        for width in self.widths:
            layers += [keras.layers.Dense(width, "relu"), keras.layers.Dropout(self.dropout)]
        return keras.Sequential([*layers, keras.layers.Dense(n_labels)])


@dataclass(frozen=True)
class PerceptronRecipe(Recipe):
    """A perceptron's architecture, augmentation and schedule."""

    name: str
    architecture: Architecture
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 1e-3  # AdamW's at the start; falls to zero along a cosine
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    groups: tuple[str, ...] = SEED_FEATURE_SETS["85"]
    clip: float = np.inf  # standard deviations at which inputs saturate, as int8 inputs do
    min_steps: int = 0  # epochs are added for few rows until there are this many batches
    with_variants: bool = False  # else changes come from ``augmentation`` alone, on rows

    @property
    def spec(self) -> FeatureSpec:
        """The features that it takes."""
        return FeatureSpec(groups=self.groups)

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int, weights: Weights | None = None) -> Fitted:
        """Fit to feature rows (n, columns) and targets (n,), weighted equally."""
        if weights is not None:
            raise ValueError("rows of different weight go to train_on_draws")
        be_deterministic(seed)
        mean, scale = normalization(rows)
        fitted = Fitted(self.architecture(rows.shape[1], n_labels), mean, scale, self.clip)
        one_hot = np.eye(n_labels, dtype=np.float32)[targets]
        n_batches = len(rows) // min(self.batch_size, len(rows))
        n_epochs = max(self.epochs, -(-self.min_steps // n_batches))
        epochs = itertools.islice(self._epochs(fitted, rows, one_hot, seed), n_epochs)
        train(fitted.model, self, epochs, n_steps=n_epochs * n_batches)
        return fitted

    def _epochs(self, fitted: Fitted, rows: Rows, one_hot: Rows, seed: int) -> Iterator[Batches]:
        """Yield the batches of epochs of augmented rows, endlessly."""
        augmenter = RowAugmenter(self.augmentation, self.spec, fitted.scale)
        batch_size = min(self.batch_size, len(rows))
        n_batches = len(rows) // batch_size
        rng = np.random.default_rng(seed)
        while True:
            # The incomplete last batch is dropped; each epoch has another order.
            order = rng.permutation(len(rows))[: n_batches * batch_size]
            changed = fitted.normalize(augmenter.rows(rows[order], rng))
            mixed, mixed_targets = augmenter.mix(changed, one_hot[order], rng)
            yield mixed.reshape(n_batches, batch_size, -1), mixed_targets.reshape(n_batches, batch_size, -1)


#: The seed's network, trained as there, and a simpler one with regularization that helps on so few tracks.
RECIPES = (
    PerceptronRecipe("seed85", Dense(SEED_LAYERS), epochs=100),
    PerceptronRecipe(
        "mlp",
        DenseWithDropout(),
        augmentation=Augmentation(
            transpose=True,
            response_db=3.0,
            gain_db=15.0,
            tempo_jitter=0.05,
            tempo_octave=0.1,
            noise=0.1,
            mixup=0.3,
        ),
        epochs=400,
        weight_decay=0.02,
        label_smoothing=0.05,
    ),
)

#: Wide and strongly regularized: half of the classic network
#: (``build.models.discriminant_and_perceptron``).
PERCEPTRON = PerceptronRecipe(
    "perceptron",
    DenseWithDropout((512,), dropout=0.5, input_dropout=0.5),
    augmentation=Augmentation(noise=0.2),
    epochs=30,
    batch_size=128,
    weight_decay=0.004,
    label_smoothing=0.1,
    groups=TIMBRE_GROUPS,
    clip=3.0,
    min_steps=1000,
    with_variants=True,
)


#: The perceptron beside the discriminants of a head with a listener.
HEAD_PERCEPTRON = PerceptronRecipe(
    "head",
    DenseWithDropout((192,), dropout=0.5, input_dropout=0.5),
    augmentation=Augmentation(noise=0.2),
    batch_size=128,
    min_steps=700,
    weight_decay=0.01,
    label_smoothing=0.1,
)
#: Batches that ``train_on_draws`` draws and trains on at once.
STEPS_AT_ONCE = 50


def train_on_draws(
    recipe: PerceptronRecipe,
    inputs: NDArray[np.float64],
    targets: Targets,
    weights: Weights,
    *,
    n_labels: int,
    seed: int,
) -> keras.Model:
    """Fit to normalized rows (n, columns) in batches drawn by the weights; returns a network of logits.

    A row with twice the weight is drawn twice as often. There are ``recipe.min_steps`` batches.
    """
    be_deterministic(seed)
    network = recipe.architecture(inputs.shape[1], n_labels)
    rng = np.random.default_rng(seed)
    one_hot = np.eye(n_labels, dtype=np.float32)[targets]

    def draws() -> Iterator[Batches]:
        for _ in range(recipe.min_steps // STEPS_AT_ONCE):
            drawn = rng.choice(len(inputs), (STEPS_AT_ONCE, recipe.batch_size), p=weights / weights.sum())
            rows = inputs[drawn].astype(np.float32)
            rows += recipe.augmentation.noise * rng.standard_normal(rows.shape, dtype=np.float32)
            yield rows, one_hot[drawn]

    train(network, recipe, draws(), n_steps=recipe.min_steps)
    return network


def train(network: keras.Model, recipe: PerceptronRecipe, epochs: Iterable[Batches], *, n_steps: int) -> None:
    """Train a network on ``n_steps`` batches with a cosine-decayed rate."""
    schedule = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, n_steps)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    train_epoch = epoch_function(network, optimizer, recipe.label_smoothing)
    for rows, targets in epochs:
        train_epoch(tf.constant(rows), tf.constant(targets))


def epoch_function(model: keras.Model, optimizer: keras.Optimizer, label_smoothing: float = 0.0) -> Any:
    """Return a function that trains on all batches of an epoch in one graph: ten times keras.fit on so few rows.

    It takes batches of shape (batches, rows, columns) and one-hot targets of shape (batches, rows, labels).
    """
    optimizer.build(model.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)

    @tf.function  # type: ignore[untyped-decorator]
    def train_epoch(batches: tf.Tensor, targets: tf.Tensor) -> None:
        for index in tf.range(tf.shape(batches)[0]):
            with tf.GradientTape() as tape:
                value = loss(targets[index], model(batches[index], training=True))
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)

    return train_epoch
