"""The networks that the seed's authors compared, trained in the same way: plain Adam, no regularization.

The layers, the optimizer and the grid are facts from their public script. One difference: rows are normalized by the
train rows' mean and deviation, as for every network of this project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from build.models.perceptron import SEED_LAYERS, Dense, epoch_function
from build.models.recipe import Fitted, Rows, Targets, be_deterministic, normalization

#: Width and activation of the hidden layers for each of ``build.tables.feature_sets.SEED_FEATURE_SETS``.
SEED_NETWORKS: dict[str, tuple[tuple[int, str], ...]] = {
    "30": ((30, "relu"), (25, "relu"), (20, "linear"), (15, "linear")),
    "42": ((42, "relu"), (35, "linear"), (24, "relu"), (15, "linear")),
    "60": ((60, "relu"), (50, "linear"), (40, "linear"), (30, "relu"), (20, "linear")),
    "85": SEED_LAYERS,
    "87": ((87, "relu"), *SEED_LAYERS[1:]),
    "89-rolloff": tuple((width, "relu") for width in (89, 79, 69, 59, 49, 39, 29)),
    "89-centroid": tuple((width, "relu") for width in (89, 79, 69, 59, 49, 39, 29)),
}
SEED_EPOCHS = (100, 500, 800)
SEED_BATCH_SIZES = (32, 200, 300)  # 32 is Keras's default


def fit_seed_network(
    feature_set: str,
    rows: Rows,
    targets: Targets,
    *,
    n_labels: int,
    epochs: Sequence[int],
    batch_size: int,
    seed: int,
) -> Iterator[tuple[int, Fitted]]:
    """Yield a seed network after each of ``epochs`` (ascending): one training serves them all.

    Nothing in this training depends on how many epochs will follow, so the network after 100 of 800 epochs equals one
    trained for 100. Use the network before advancing the generator, which continues its training.
    """
    be_deterministic(seed)
    mean, scale = normalization(rows)
    fitted = Fitted(Dense(SEED_NETWORKS[feature_set])(rows.shape[1], n_labels), mean, scale)
    train_epoch = epoch_function(fitted.model, keras.optimizers.Adam())
    inputs, one_hot = fitted.normalize(rows), np.eye(n_labels, dtype=np.float32)[targets]
    rng = np.random.default_rng(seed)
    for epoch in range(1, max(epochs) + 1):
        order = rng.permutation(len(rows))
        n_whole = len(rows) // batch_size * batch_size
        # Keras trains on the incomplete last batch as well.
        for chosen, size in ((order[:n_whole], batch_size), (order[n_whole:], len(rows) - n_whole)):
            if chosen.size:
                train_epoch(_batches(inputs[chosen], size), _batches(one_hot[chosen], size))
        if epoch in epochs:
            yield epoch, fitted


def _batches(rows: Rows, size: int) -> tf.Tensor:
    return tf.constant(rows.reshape(-1, size, rows.shape[1]))
