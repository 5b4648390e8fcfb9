"""Fitting a personal layer: multinomial logistic regression with the head's answer as an offset.

The loss is the cross-entropy of the examples, each with a weight, and a penalty on the squared length of the weights,
which pulls towards the head's own answer. It is convex, so the result is unique. There are far
fewer examples than inputs, so the weights are sought as sums of the examples (the dual form), by steps that a bound on
the curvature makes safe (Böhning, "Multinomial logistic regression algorithm", 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.model.personal import softmax_rows

#: Maximum number of steps, and the largest change of a logit at which to stop.
MOST_STEPS, TOLERANCE = 200, 5e-3

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to fit to: ``inputs`` (n, inputs) as ``edge.model.personal.views`` gives them, ``offsets`` (n, labels),
    ``targets`` (n, labels), probabilities to be answered, and ``weights`` (n,), above zero."""

    inputs: NDArray[np.float32]
    offsets: Matrix
    targets: Matrix
    weights: Matrix

    def of(self, chosen: NDArray[np.bool_]) -> Examples:
        """Return those for which ``chosen`` (n,) is true."""
        return Examples(self.inputs[chosen], self.offsets[chosen], self.targets[chosen], self.weights[chosen])


def fit(examples: Examples, penalty: float) -> NDArray[np.float32]:
    """Return the weights (inputs, labels) that fit the examples best under a ``penalty`` on their squared length."""
    inputs = examples.inputs.astype(np.float64)
    products = inputs @ inputs.T
    # Of any step d of the logits the curvature is at most half the weighted square of d.
    curvature = 0.5 * examples.weights
    step = np.linalg.inv(curvature[:, np.newaxis] * products + penalty * np.eye(len(inputs)))
    logits_of_step = products @ step
    logits = wanted = np.zeros_like(examples.offsets)
    for _ in range(MOST_STEPS):
        missing = examples.targets - softmax_rows(examples.offsets + logits)
        wanted = examples.weights[:, np.newaxis] * missing + curvature[:, np.newaxis] * logits
        before, logits = logits, logits_of_step @ wanted
        if np.abs(logits - before).max() < TOLERANCE:
            break
    return np.asarray(inputs.T @ (step @ wanted), dtype=np.float32)
