"""Inputs for all machines, and differences between two machines' results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from edge.model.head_input import head_input
from features_np.patches import PatchStream
from tests.golden.signals import SIGNALS, STATIONARY, WITHOUT_PITCH
from tests.golden.yamnet import patch_signals
from tests.packaging.machines.answers import MODELS

Arrays = Mapping[str, NDArray[Any]]

#: Pieces that the whole way is tried with, from samples to probabilities; lengths in seconds. The first genre leads by
#: more than two runtimes may differ.
PIECES: Mapping[str, Mapping[str, Any]] = {
    f"{tempo_bpm:.0f} in {key}": {"seconds": 6.0, "tempo_bpm": tempo_bpm, "key": key, "seed": seed}
    for seed, (tempo_bpm, key) in enumerate([(70, "C"), (92, "D"), (110, "F#"), (124, "A"), (136, "E"), (82, "G")])
}


#: What a sidecar says of a network that adds up integers, or says nothing of.
FULL_INTEGER = "full integer"
#: Of the pieces' patches, the listener alone is asked about one in so many: it is slow where it is emulated.
PATCHES_APART = 4


def write_inputs(path: Path) -> None:
    """Write what every machine answers."""
    arrays: dict[str, NDArray[Any]] = {f"signal/{name}": make() for name, make in SIGNALS.items()}
    arrays |= {f"patches/{name}": y for name, y in patch_signals().items()}
    pieces = {name: synthesize(**recipe) for name, recipe in PIECES.items()}
    arrays |= {f"piece/{name}": y for name, y in pieces.items()}
    for model, folder in MODELS.items():
        bundle = load_bundle(folder)
        vectors = np.array([head_input(y, bundle) for y in pieces.values()])
        arrays[f"quantized/{model}_head"] = bundle.interpreter.quantize((vectors - bundle.mean) / bundle.scale)
        for network in bundle.networks:
            spec = network.use.patch_spec
            heard = [PatchStream(spec, sr_in=bundle.spec.sample_rate).push(y) for y in pieces.values()]
            arrays[f"quantized/{network.use.name}"] = network.quantize(np.concatenate(heard)[::PATCHES_APART])
    np.savez(path, **arrays)


def compare(theirs: Arrays, reference: Arrays) -> dict[str, float]:
    """Return how far two machines' answers are apart, stage by stage; each stage of networks by itself.

    ``features`` and ``patches``: largest difference of the golden signals; of those whose value is a ratio of rounding
    errors, nothing. ``NETWORK steps``: largest difference in steps of its integer output, for the same integers in;
    ``NETWORK share``: how many of the outputs differ. ``NETWORK difference``, of one whose outputs are floats: the
    largest, in their standard deviations. ``listener rms``: of the statistics that the head hears, over
    the whole way, in units of its normalization; ``probability``: largest difference of one.
    """
    unstable = STATIONARY | WITHOUT_PITCH
    names = [name for name in SIGNALS if name not in unstable]
    found = {
        "features": max(_largest(theirs, reference, f"features/{name}") for name in names),
        "patches": max(_largest(theirs, reference, name) for name in reference if name.startswith("patches/")),
    }
    for name in (name for name in reference if name.startswith("network/")):
        network, differences = name.removeprefix("network/"), theirs[name] - reference[name]
        if network in _float_outputs():
            found[f"{network} difference"] = float(np.abs(differences).max() / reference[name].std())
            continue
        steps = np.rint(differences / np.diff(np.unique(reference[name])).min())
        found[f"{network} steps"] = float(np.abs(steps).max())
        found[f"{network} share"] = float(np.mean(steps != 0))
    for model, folder in MODELS.items():
        n_features = len(load_bundle(folder).spec.vector_names)
        vectors = [theirs[name] - reference[name] for name in reference if name.startswith(f"vector/{model}/")]
        if any(len(vector) > n_features for vector in vectors):
            found["listener rms"] = max(float(np.sqrt(np.mean(vector[n_features:] ** 2))) for vector in vectors)
        probabilities = [name for name in reference if name.startswith(f"probabilities/{model}/")]
        found[f"{model} probability"] = max(_largest(theirs, reference, name) for name in probabilities)
    return found


def _float_outputs() -> set[str]:
    """Return the outputs of those listeners that add up floats."""
    bundles = [load_bundle(folder) for folder in MODELS.values()]
    of_bundles = [zip(bundle.listeners, bundle.sidecar["listeners"], strict=True) for bundle in bundles]
    return {
        f"{use.name} {name}"
        for listeners in of_bundles
        for use, said in listeners
        if not said.get("quantization", FULL_INTEGER).startswith(FULL_INTEGER)
        for name, _ in use.outputs
    }


def _largest(theirs: Arrays, reference: Arrays, name: str) -> float:
    return float(np.max(np.abs(theirs[name] - reference[name])))
