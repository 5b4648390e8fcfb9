"""A perceptron fitted to weighted rows: batches are drawn by the weights, so that what counts twice comes twice."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.models.perceptron import DenseWithDropout, epoch_function
from build.models.recipe import Targets, be_deterministic

HIDDEN, DROPOUT = 256, 0.5
STEPS, BATCH_SIZE, STEPS_AT_ONCE = 700, 128, 50
LEARNING_RATE, WEIGHT_DECAY, SMOOTHING = 1e-3, 0.01, 0.1
#: Noise added to inputs, in standard deviations.
NOISE = 0.2


def fit_perceptron(
    inputs: NDArray[np.float64], targets: Targets, weights: NDArray[np.float64], n_labels: int, seed: int
) -> keras.Model:
    """Fit to normalized rows (n, columns), targets (n,) and weights (n,); returns a network of logits."""
    be_deterministic(seed)
    network = DenseWithDropout((HIDDEN,), DROPOUT, DROPOUT)(inputs.shape[1], n_labels)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, STEPS)
    train = epoch_function(network, keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY), SMOOTHING)
    rng = np.random.default_rng(seed)
    one_hot = np.eye(n_labels, dtype=np.float32)[targets]
    for _ in range(STEPS // STEPS_AT_ONCE):
        drawn = rng.choice(len(inputs), (STEPS_AT_ONCE, BATCH_SIZE), p=weights / weights.sum())
        rows = inputs[drawn].astype(np.float32)
        rows += NOISE * rng.standard_normal(rows.shape, dtype=np.float32)
        train(tf.constant(rows), tf.constant(one_hot[drawn]))
    return network
