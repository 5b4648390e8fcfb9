"""A model's own test: a synthetic piece whose vector and probabilities stand in the sidecar.

The trainer computes them once; every device computes them again (``livegenre selftest``). If the vector differs, the
features are not those the model was trained on; if only the probabilities differ, the model or its runtime is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.errors import BundleError
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from features_np import summarize
from features_np.spec import FeatureSpec

#: The piece that new bundles are probed with: ten seconds, off the default tempo and key.
RECIPE: Mapping[str, Any] = {"seconds": 10.0, "tempo_bpm": 110.0, "key": "D", "seed": 1}

#: Largest difference of a vector's element, in units of the model's normalization: far below one int8 step, above
#: what another processor's rounding in FFT and matrix products comes to.
VECTOR_TOLERANCE = 0.01
#: Largest difference of a probability: room for an input on the edge between two int8 steps.
PROBABILITY_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How far this machine is from the machine that made the bundle."""

    worst_feature: str
    vector_error: float  # of that feature, in units of the normalization's scale
    probability_error: float

    @property
    def passed(self) -> bool:
        """Whether both differences are within their tolerances."""
        return self.vector_error <= VECTOR_TOLERANCE and self.probability_error <= PROBABILITY_TOLERANCE

    def __str__(self) -> str:
        return (
            f"features differ by at most {self.vector_error:.2g} of a standard deviation ({self.worst_feature}; "
            f"{VECTOR_TOLERANCE} is allowed), probabilities by {self.probability_error:.2g} "
            f"({PROBABILITY_TOLERANCE} is allowed)"
        )


def probe_vector(recipe: Mapping[str, Any], spec: FeatureSpec) -> NDArray[np.float32]:
    """Synthesize a probe's piece at the spec's rate and return its vector."""
    return summarize(synthesize(sample_rate=spec.sample_rate, **recipe), spec)


def run_probe(bundle: Bundle) -> ProbeResult:
    """Compute the bundle's probe on this machine; ``BundleError`` if the sidecar has none that can be run."""
    try:
        probe = bundle.sidecar["probe"]
        vector = probe_vector(probe["recipe"], bundle.spec)
        expected = np.array(probe["vector"], dtype=np.float32)
        probabilities = np.array(probe["probabilities"], dtype=np.float32)
        errors = np.abs(vector - expected) / bundle.scale
        return ProbeResult(
            worst_feature=bundle.spec.vector_names[int(np.argmax(errors))],
            vector_error=float(np.max(errors)),
            probability_error=float(np.max(np.abs(Classifier(bundle)(vector) - probabilities))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the sidecar's probe cannot be run ({error}); publish the model again") from error
