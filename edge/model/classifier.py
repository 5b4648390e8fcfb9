"""From a head's input to probabilities, on the device and in every evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.bundle import Bundle

if TYPE_CHECKING:
    from edge.model.personal import PersonalLayer


class Classifier:
    """Callable that scores vectors with a bundle's model, and with a personal layer over it where there is one."""

    def __init__(self, bundle: Bundle, personal: PersonalLayer | None = None) -> None:
        self.bundle = bundle
        self.personal = personal

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the answers, in their order: the bundle's, then genres of one's own."""
        return self.bundle.labels if self.personal is None else self.personal.labels

    def __call__(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score one vector of shape (n_inputs,), as ``head_input`` and ``HeadInputStream.vector`` return it.

        Returns float32 probabilities of shape (n_labels,), in the order of ``labels``; they sum to 1.
        ``BundleError`` for a model whose answer is not a number.
        """
        probabilities = self.of_bundle(vector)
        if self.personal is None:
            return probabilities
        return self.personal.probabilities(self.bundle, vector, probabilities)

    def of_bundle(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score one vector with the bundle's model alone."""
        bundle = self.bundle
        logits = bundle.interpreter((vector - bundle.mean) / bundle.scale)
        if not np.isfinite(logits).all():
            raise BundleError(f"model {bundle.name!r} answers with something that is not a number; publish it again")
        return softmax(logits / bundle.temperature)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities for logits of shape (n,); shifted by the maximum, so no logit overflows."""
    powers = np.exp(logits - np.max(logits))
    return np.asarray(powers / np.sum(powers), dtype=np.float32)
