"""The head beside the listener: a linear discriminant for each view of the window, and a perceptron on all of them.

A *view* is a run of columns that tell of one thing: the readable features, or one depth of the listener. Each has a
discriminant of its own, so that none drowns the others by its number of columns, and counts by its weight. Their sum is
one dense layer. It is right more often on recordings, the perceptron through microphones and on other collections;
both together are as good as the better of the two everywhere (see the model card).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from build.models.discriminant import centred
from build.models.recipe import Fitted, Rows, Targets, be_deterministic
from build.models.weighted_perceptron import fit_perceptron

Weights = NDArray[np.float64]

#: Share of the identity in each view's within-class covariance.
SHRINKAGE = 0.2
#: Standard deviations at which inputs saturate, as int8 inputs do.
CLIP = 3.0
#: How much of the answer is the perceptron's.
PERCEPTRON_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class View:
    """Columns ``start`` to ``stop`` of a row, and how much their discriminant counts."""

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
    mute: Sequence[int] = (),
    perceptron_share: float = PERCEPTRON_SHARE,
    seed: int = 0,
) -> Fitted:
    """Fit to rows (n, columns), targets (n,) and weights (n,) of the rows; columns ``mute`` count for nothing.

    A NaN, where a window had no patch, is taken for the column's mean.
    """
    mean, scale = weighted_normalization(rows, weights)
    inputs = normalized(rows, mean, scale)
    inputs[:, list(mute)] = 0.0
    kernel, bias = np.zeros((rows.shape[1], n_labels)), np.zeros(n_labels)
    for view in views:
        columns = slice(view.start, view.stop)
        part, offset = centred(*discriminant(inputs[:, columns], targets, weights, n_labels))
        gain = view.weight / (inputs[:, columns] @ part + offset).std()
        kernel[columns] += gain * part
        bias += gain * offset
    gain = (1 - perceptron_share) / (inputs @ kernel + bias).std()
    kernel, bias = gain * kernel, gain * bias
    if not perceptron_share:
        be_deterministic(seed)
        return Fitted(_linear(kernel, bias), mean, scale, CLIP)
    heard = np.zeros(rows.shape[1], dtype=np.bool_)
    for view in views:
        heard[view.start : view.stop] = True
    heard[list(mute)] = False
    perceptron = fit_perceptron(inputs * heard, targets, weights, n_labels, seed)
    hidden = next(layer for layer in perceptron.layers if layer.get_weights())
    hidden.set_weights([hidden.get_weights()[0] * heard[:, np.newaxis], hidden.get_weights()[1]])
    logits = np.asarray(perceptron(inputs.astype(np.float32)))
    share = float(perceptron_share / (logits - logits.mean(axis=1, keepdims=True)).std())
    row = keras.Input((rows.shape[1],))
    return Fitted(keras.Model(row, _linear(kernel, bias)(row) + share * perceptron(row)), mean, scale, CLIP)


def _linear(kernel: Weights, bias: Weights) -> keras.Model:
    network = keras.Sequential([keras.Input((len(kernel),)), keras.layers.Dense(len(bias))], name="discriminants")
    network.layers[-1].set_weights([kernel, bias])
    return network


def weighted_normalization(rows: Rows, weights: Weights) -> tuple[Rows, Rows]:
    """Return weighted mean and standard deviation of each column, NaN left out; a constant column gets scale 1."""
    known = np.isfinite(rows)
    shares = weights[:, np.newaxis] * known
    total = np.maximum(shares.sum(axis=0), 1e-12)
    values = np.where(known, rows, 0.0).astype(np.float64)
    mean = (shares * values).sum(axis=0) / total
    scale = np.sqrt((shares * (values - mean) ** 2).sum(axis=0) / total)
    scale[scale < 1e-6] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)


def normalized(rows: Rows, mean: Rows, scale: Rows) -> NDArray[np.float64]:
    """Return rows as the head takes them, NaN as 0."""
    return np.clip(np.nan_to_num((rows - mean) / scale), -CLIP, CLIP).astype(np.float64)


def discriminant(
    inputs: NDArray[np.float64], targets: Targets, weights: Weights, n_labels: int, shrinkage: float = SHRINKAGE
) -> tuple[Weights, Weights]:
    """Return kernel (columns, labels) and bias (labels,) of a discriminant with equal priors (Fisher 1936).

    The within-class covariance is of weighted rows, and shrunken towards a multiple of the identity.
    """
    present = [targets == label for label in range(n_labels)]
    means = np.array([np.average(inputs[chosen], axis=0, weights=weights[chosen]) for chosen in present])
    rest = (inputs - means[targets]) * np.sqrt(weights / weights.sum())[:, np.newaxis]
    covariance = (1 - shrinkage) * (rest.T @ rest)
    variance = np.square(rest).sum() / inputs.shape[1]
    covariance[np.diag_indices_from(covariance)] += shrinkage * variance
    kernel = np.linalg.solve(covariance, means.T)
    return kernel, -0.5 * np.einsum("ij,ji->i", means, kernel)
