"""A model's self-test: a synthetic piece whose vector and probabilities are in the sidecar.

The trainer computes them once; every device computes them again (``livegenre selftest``). A difference is located: in
the features, if the device computes them differently from training; in a listener, if its network or runtime differs;
in the probabilities alone, if the head does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.checked import between, one_of, table, whole
from edge.errors import BundleError
from edge.model import sidecar as sidecars
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from edge.model.head_input import head_input
from features_np.vector.parameters import PITCH_CLASSES

#: The piece that new bundles are probed with: ten seconds, off the default tempo and key.
RECIPE: Mapping[str, Any] = {"seconds": 10.0, "tempo_bpm": 110.0, "key": "D", "seed": 1}

#: Limits of a recipe: longer pieces would exhaust a device's memory, other tempi its time.
RECIPE_RULES = {
    "seconds": between(3, 60),
    "tempo_bpm": between(30, 300),
    "key": one_of(*PITCH_CLASSES),
    "seed": whole(0, 1_000_000),
}

#: Largest difference of a feature, in units of the model's normalization: far below one int8 step, above what
#: another processor's rounding in FFT and matrix products comes to.
FEATURE_TOLERANCE = 0.01
#: Root mean square of the differences of a listener's statistics, in the same units: each runtime and processor
#: rounds in its int8 layers in its own way. Two runtimes differ by 0.05 (one number by 1.1), another key by 0.14.
LISTENER_TOLERANCE = 0.1
#: Largest difference of a probability: room for an input on the edge between two int8 steps.
PROBABILITY_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """Distance of one stage from what the sidecar expects, and the number of that stage that differs the most."""

    stage: str
    worst: str
    error: float  # of vectors in units of the normalization's scale
    tolerance: float

    @property
    def passed(self) -> bool:
        """True if it is within the tolerance."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        return f"{self.stage} {self.error:.2g} ({self.worst}; {self.tolerance} is allowed)"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Distance of this machine's numbers from those of the machine that made the bundle, stage by stage."""

    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """True if all differences are within their tolerances."""
        return all(difference.passed for difference in self.differences)

    def __str__(self) -> str:
        return "differences of " + ", ".join(map(str, self.differences))


def probe_vector(recipe: Mapping[str, Any], bundle: Bundle) -> NDArray[np.float32]:
    """Synthesize a probe's piece at the bundle's rate and return the head's input for it."""
    return head_input(synthesize(sample_rate=bundle.spec.sample_rate, **recipe), bundle)


def run_probe(bundle: Bundle) -> ProbeResult:
    """Compute the bundle's probe on this machine; ``BundleError`` if the sidecar has none that can be run."""
    try:
        probe = sidecars.entry(bundle.sidecar, "probe", table)
        expected = sidecars.numbers(probe, "vector", sidecars.MEAN)
        probabilities = sidecars.numbers(probe, "probabilities", between(0, 1))
        if (expected.size, probabilities.size) != (bundle.n_inputs, len(bundle.labels)):
            raise BundleError("it has a different number of elements from the model's; publish the model again")
        vector = probe_vector(_recipe(sidecars.entry(probe, "recipe", table)), bundle)
    except BundleError as error:
        raise BundleError(f"the sidecar's probe cannot be run: {error}") from error
    n_features = len(bundle.spec.vector_names)
    errors = np.abs(vector - expected) / bundle.scale
    stages = [_difference("features", bundle.vector_names[:n_features], errors[:n_features], FEATURE_TOLERANCE)]
    start = n_features
    for listener in bundle.listeners:
        of_it, start = errors[start : start + listener.n_numbers], start + listener.n_numbers
        difference = _difference(f"the {listener.name}", listener.vector_names, of_it, LISTENER_TOLERANCE)
        stages.append(replace(difference, error=float(np.sqrt(np.mean(of_it.astype(np.float64) ** 2)))))
    answer = np.abs(Classifier(bundle)(vector) - probabilities)
    return ProbeResult((*stages, _difference("probabilities", bundle.labels, answer, PROBABILITY_TOLERANCE)))


def _recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``synthesize`` that a sidecar asks for."""
    return {name: sidecars.entry(recipe, name, rule) for name, rule in RECIPE_RULES.items()}


def _difference(stage: str, names: Sequence[str], errors: NDArray[np.float32], tolerance: float) -> Difference:
    worst = int(np.argmax(errors))
    return Difference(stage, names[worst], float(errors[worst]), tolerance)
