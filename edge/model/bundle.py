"""A model is a bundle: TFLite networks and a JSON sidecar that defines their inputs and outputs.

The *head* takes the numbers that describe a window of audio and gives one logit for each label. If there are
*listeners*, each takes the patches of its own front end, and statistics of its outputs over the window are part of the
head's input. Everything that could silently disagree is checked when a bundle is loaded: digests of the networks,
definitions of features and patches, numbers of inputs and outputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from edge.checked import table, text
from edge.errors import BundleError, RuntimeMissing
from edge.model import sidecar as sidecars
from edge.model.interpreter import Interpreter
from edge.model.listener import ListenerNetwork
from edge.model.sidecar import ModelUse

MODEL_FILE = "genres.tflite"
SIDECAR_FILE = "genres.json"
#: The shipped models with a name, and their folders beside the default model.
NAMED = ("classic",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(ModelUse):
    """A checked model; ``sidecar`` is the whole JSON document, with the training data, metrics and the probe.

    ``networks`` are the listeners', in their order.
    """

    interpreter: Interpreter
    networks: tuple[ListenerNetwork, ...]
    sidecar: Mapping[str, Any]


def load_bundle(model: Path | str | None = None, *, try_first: bool = True) -> Bundle:
    """Load the bundle in the folder ``model``, the shipped one of that name, or the default.

    One that does not ship with this package runs in another process first, unless ``try_first`` is False, which is for
    its maker. ``BundleError`` if it does not fit, ``RuntimeMissing`` if nothing here can run it.
    """
    root = folder_of(model)
    sidecar, use = _read_sidecar(root)
    networks = _read_networks(root, sidecar, use)
    try:
        if try_first and not is_shipped(model):
            from edge.model.trial import try_out  # not needed for shipped models

            try_out(networks)
        return _build(use, sidecar, networks)
    except (BundleError, RuntimeMissing) as error:
        raise type(error)(f"{root}: {error}") from error


def folder_of(model: Path | str | None) -> Traversable:
    """Return where the bundle is that ``load_bundle`` would load."""
    if model is None:
        return files("edge.models")
    return files("edge.models") / str(model) if is_shipped(model) else Path(model)


def is_shipped(model: Path | str | None) -> bool:
    """Return True if ``load_bundle`` would take a model that ships with this package."""
    return model is None or str(model) in NAMED


def contents_of(model: Path | str | None) -> dict[str, bytes]:
    """Return the files of the bundle that ``load_bundle`` would load, by name."""
    root = folder_of(model)
    sidecar, use = _read_sidecar(root)
    return {SIDECAR_FILE: _read(root, SIDECAR_FILE), **_read_networks(root, sidecar, use)}


def _read(root: Traversable, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        remedy = f"a model is a folder with {MODEL_FILE} and {SIDECAR_FILE}"
        raise BundleError(f"{root / name}: {error.strerror}; {remedy}") from error


def _read_sidecar(root: Traversable) -> tuple[Mapping[str, Any], ModelUse]:
    content = _read(root, SIDECAR_FILE)
    try:
        sidecar = sidecars.parse_json(content)
        sidecars.entry(sidecars.entry(sidecar, "model", table), "sha256", text)
        return sidecar, sidecars.model_use(sidecar)
    except BundleError as error:
        raise BundleError(f"{root / SIDECAR_FILE}: {error}") from error


def _read_networks(root: Traversable, sidecar: Mapping[str, Any], use: ModelUse) -> dict[str, bytes]:
    files_said = {MODEL_FILE: sidecar["model"]}
    files_said |= {listener.file: said for listener, said in zip(use.listeners, sidecar["listeners"], strict=True)}
    return {name: _read_network(root, name, said) for name, said in files_said.items()}


def _read_network(root: Traversable, name: str, said: Mapping[str, Any]) -> bytes:
    network = _read(root, name)
    if hashlib.sha256(network).hexdigest() != said["sha256"]:
        raise BundleError(f"{root / name}: is not the file its sidecar describes (SHA-256 differs); copy both again")
    return network


def _build(use: ModelUse, sidecar: Mapping[str, Any], networks: Mapping[str, bytes]) -> Bundle:
    interpreter = Interpreter(networks[MODEL_FILE])
    if interpreter.input_shape != (use.n_inputs,):
        raise BundleError(f"the features are {use.n_inputs}, the model's inputs {interpreter.input_shape}")
    if interpreter.output_sizes != (len(use.labels),):
        raise BundleError(f"{len(use.labels)} labels for {interpreter.output_sizes} outputs of the model")
    listeners = tuple(ListenerNetwork(networks[listener.file], listener) for listener in use.listeners)
    known = {field.name: getattr(use, field.name) for field in fields(ModelUse)}
    return Bundle(**known, interpreter=interpreter, networks=listeners, sidecar=sidecar)
