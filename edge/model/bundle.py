"""A model is a bundle: a TFLite file and a JSON sidecar that says what goes in and what comes out.

Everything that could silently disagree is checked when a bundle is loaded: the model's digest, the feature
definition's digest, the number of inputs and outputs. What is left after that is a model that means what it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.interpreter import Interpreter
from features_np.errors import SpecError
from features_np.spec import FeatureSpec

#: The sidecar's layout; another number means another program wrote it.
FORMAT = 1
MODEL_FILE = "genres.tflite"
SIDECAR_FILE = "genres.json"


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What must be known to use a model.

    ``mean`` and ``scale`` (float32, one per vector element) normalize a vector before quantization;
    ``temperature`` divides the model's logits before softmax; ``labels`` are in output order.
    """

    name: str
    labels: tuple[str, ...]
    spec: FeatureSpec
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    temperature: float


@dataclass(frozen=True, slots=True)
class Bundle(ModelUse):
    """A checked model; ``sidecar`` is the whole JSON document, with the training data, metrics and the probe."""

    interpreter: Interpreter
    sidecar: Mapping[str, Any]


def load_bundle(folder: Path | None = None) -> Bundle:
    """Load the bundle in ``folder``, or the one that ships with this package; ``BundleError`` if it does not fit."""
    root: Traversable = folder if folder is not None else files("edge.models")
    sidecar = _read_sidecar(root)
    try:
        return _build(_read(root, MODEL_FILE), sidecar)
    except KeyError as error:
        raise BundleError(f"{root / SIDECAR_FILE}: lacks {error.args[0]!r}; publish the model again") from error
    except (TypeError, AttributeError, SpecError) as error:
        raise BundleError(f"{root / SIDECAR_FILE}: {error}") from error


def _read(root: Traversable, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        remedy = f"a model is a folder with {MODEL_FILE} and {SIDECAR_FILE}"
        raise BundleError(f"{root / name}: {error.strerror}; {remedy}") from error


def _read_sidecar(root: Traversable) -> dict[str, Any]:
    content = _read(root, SIDECAR_FILE)
    try:
        sidecar = json.loads(content)
    except ValueError as error:
        raise BundleError(f"{root / SIDECAR_FILE}: is not JSON ({error}); publish the model again") from error
    if not isinstance(sidecar, dict) or sidecar.get("format") != FORMAT:
        raise BundleError(f"{root / SIDECAR_FILE}: is not a format {FORMAT} sidecar; this livegenre reads no other")
    return sidecar


def _build(model: bytes, sidecar: dict[str, Any]) -> Bundle:
    if hashlib.sha256(model).hexdigest() != sidecar["model"]["sha256"]:
        raise BundleError(f"{MODEL_FILE} is not the file its sidecar describes (SHA-256 differs); copy both again")
    spec = FeatureSpec.from_dict(sidecar["feature_spec"])
    if spec.digest() != sidecar["feature_spec_digest"]:
        raise BundleError("the model was trained on another revision of the features; update livegenre or retrain")
    interpreter = Interpreter(model)
    bundle = Bundle(
        name=sidecar["name"],
        labels=tuple(sidecar["labels"]),
        spec=spec,
        mean=np.asarray(sidecar["normalization"]["mean"], dtype=np.float32),
        scale=np.asarray(sidecar["normalization"]["scale"], dtype=np.float32),
        temperature=float(sidecar["temperature"]),
        interpreter=interpreter,
        sidecar=sidecar,
    )
    _check_shapes(bundle)
    return bundle


def _check_shapes(bundle: Bundle) -> None:
    n_features = len(bundle.spec.vector_names)
    if not n_features == bundle.mean.size == bundle.scale.size == bundle.interpreter.n_inputs:
        raise BundleError(
            f"the features are {n_features}, the normalization {bundle.mean.size} and {bundle.scale.size}, "
            f"the model's inputs {bundle.interpreter.n_inputs}: they must be equal"
        )
    if len(bundle.labels) != bundle.interpreter.n_outputs:
        raise BundleError(f"{len(bundle.labels)} labels for {bundle.interpreter.n_outputs} outputs of the model")
    if not (np.all(np.isfinite(bundle.mean)) and np.all(bundle.scale > 0) and bundle.temperature > 0):
        raise BundleError("normalization and temperature must be finite and above zero")
