"""Perceptrons and how they are fitted: named recipes of architecture, augmentation and schedule.

A network takes normalized feature rows and returns logits: softmax stays outside, since an int8 softmax would have
steps of 1/256 and no room for a temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from build.models.recipe import Fitted, Rows, Targets, be_deterministic, normalization
from build.models.row_variants import Augmentation, RowAugmenter
from features_np.spec import SEED_FEATURE_SETS, TIMBRE_GROUPS, FeatureSpec

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
    """Builds networks; it is data, so that a recipe can be printed."""

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


@dataclass(frozen=True, slots=True)
class PerceptronRecipe:
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

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int) -> Fitted:
        """Fit to feature rows (n, columns) and targets (n,)."""
        return fit(self, rows, targets, n_labels=n_labels, seed=seed)


#: The seed's network as the seed trained it, and a plainer one with what is known to help on so few tracks.
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

#: Wide, and kept from learning the few tracks by heart: what half of the classic network is
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


def fit(recipe: PerceptronRecipe, rows: Rows, targets: Targets, *, n_labels: int, seed: int) -> Fitted:
    """Fit a recipe's network to feature rows (n, columns) and their targets (n,), from a seed."""
    be_deterministic(seed)
    mean, scale = normalization(rows)
    fitted = Fitted(recipe.architecture(rows.shape[1], n_labels), mean, scale, recipe.clip)
    augmenter = RowAugmenter(recipe.augmentation, FeatureSpec(groups=recipe.groups), scale)
    one_hot = np.eye(n_labels, dtype=np.float32)[targets]
    batch_size = min(recipe.batch_size, len(rows))
    n_batches = len(rows) // batch_size
    epochs = max(recipe.epochs, -(-recipe.min_steps // n_batches))
    schedule = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, epochs * n_batches)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    train_epoch = epoch_function(fitted.model, optimizer, recipe.label_smoothing)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        # What is left over after the last whole batch waits for another epoch's order.
        order = rng.permutation(len(rows))[: n_batches * batch_size]
        changed = fitted.normalize(augmenter.rows(rows[order], rng))
        mixed, mixed_targets = augmenter.mix(changed, one_hot[order], rng)
        train_epoch(
            tf.constant(mixed.reshape(n_batches, batch_size, -1)),
            tf.constant(mixed_targets.reshape(n_batches, batch_size, -1)),
        )
    return fitted


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
