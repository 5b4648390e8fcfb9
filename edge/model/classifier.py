"""From what describes a window to probabilities, the one way it is done: on the device and in every evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.bundle import Bundle


class Classifier:
    """Callable that scores vectors with a bundle's model."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __call__(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score one vector of shape (n_inputs,), as ``head_input`` and ``HeadInputStream.vector`` return it.

        Returns float32 probabilities of shape (n_labels,), in the order of ``bundle.labels``; they sum to 1.
        ``BundleError`` for a model whose answer is not a number.
        """
        bundle = self.bundle
        logits = bundle.interpreter((vector - bundle.mean) / bundle.scale)
        if not np.isfinite(logits).all():
            raise BundleError(f"model {bundle.name!r} answers with something that is not a number; publish it again")
        return softmax(logits / bundle.temperature)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities for logits of shape (n,); shifted by the maximum, so no logit overflows."""
    powers = np.exp(logits - np.max(logits))
    return np.asarray(powers / np.sum(powers), dtype=np.float32)
