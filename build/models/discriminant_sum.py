"""A linear discriminant for each view of the window, and a perceptron on all of them, added up.

A *view* is a run of columns that describe one thing: the readable features, or one depth of the listener. Each has its
own discriminant and a weight, so that none dominates by its number of columns. Their sum is one dense layer. It is more
accurate on recordings, the perceptron through microphones and on other collections; the sum is as good as the better of
the two everywhere (see the model card).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from build.models.discriminant import discriminant, linear_network
from build.models.perceptron import HEAD_PERCEPTRON, train_on_draws
from build.models.recipe import Fitted, Rows, Targets, Weights, be_deterministic, normalization, normalized

#: Share of the identity in each view's within-class covariance, with hundreds of rows a label.
SHRINKAGE = 0.2
#: Standard deviations at which inputs saturate, as int8 inputs do.
CLIP = 3.0
#: Share of the perceptron in the answer.
PERCEPTRON_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class View:
    """Columns ``start`` to ``stop`` of a row, and the weight of their discriminant."""

    name: str
    start: int
    stop: int
    weight: float = 1.0


def fit_sum(
    rows: Rows,
    targets: Targets,
    weights: Weights,
    *,
    views: Sequence[View],
    n_labels: int,
    ignored_columns: Sequence[int] = (),
    perceptron_share: float = PERCEPTRON_SHARE,
    shrinkage: float = SHRINKAGE,
    seed: int = 0,
) -> Fitted:
    """Fit to rows (n, columns), targets (n,) and weights (n,) of the rows; ``ignored_columns`` have no weight.

    A NaN (a window without a patch) is replaced by the column's mean.
    """
    mean, scale = normalization(rows, weights)
    inputs = normalized(rows, mean, scale, CLIP).astype(np.float64)
    inputs[:, list(ignored_columns)] = 0.0
    kernel, bias = np.zeros((rows.shape[1], n_labels)), np.zeros(n_labels)
    for view in views:
        columns = slice(view.start, view.stop)
        part, offset = discriminant(inputs[:, columns], targets, weights, n_labels, shrinkage)
        gain = view.weight / (inputs[:, columns] @ part + offset).std()
        kernel[columns] += gain * part
        bias += gain * offset
    gain = (1 - perceptron_share) / (inputs @ kernel + bias).std()
    kernel, bias = gain * kernel, gain * bias
    if not perceptron_share:
        be_deterministic(seed)
        return Fitted(_linear(kernel, bias), mean, scale, CLIP)
    kept = np.zeros(rows.shape[1], dtype=np.bool_)
    for view in views:
        kept[view.start : view.stop] = True
    kept[list(ignored_columns)] = False
    perceptron = train_on_draws(HEAD_PERCEPTRON, inputs * kept, targets, weights, n_labels=n_labels, seed=seed)
    hidden = next(layer for layer in perceptron.layers if layer.get_weights())
    hidden.set_weights([hidden.get_weights()[0] * kept[:, np.newaxis], hidden.get_weights()[1]])
    logits = np.asarray(perceptron(inputs.astype(np.float32)))
    share = float(perceptron_share / (logits - logits.mean(axis=1, keepdims=True)).std())
    row = keras.Input((rows.shape[1],))
    return Fitted(keras.Model(row, _linear(kernel, bias)(row) + share * perceptron(row)), mean, scale, CLIP)


def _linear(kernel: NDArray[np.float64], bias: NDArray[np.float64]) -> keras.Model:
    network = linear_network(len(kernel), len(bias), "discriminants")
    network.layers[-1].set_weights([kernel, bias])
    return network
