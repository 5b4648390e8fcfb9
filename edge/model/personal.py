"""The personal layer: a correction of the head's answer, learned on this device.

    the head's probabilities ─▶ logarithms ─────────────┐
    the head's input ─▶ normalized, each view of length 1 ─▶ weights ─▶ + ─▶ softmax ─▶ probabilities

A view is one group of inputs: the readable features, or one output of a listener. The weights are
fitted by ``edge.learning`` to corrections, beside the reference rows, and change the head's answer only as far as these
require. A person's own genres are further labels, after those of the bundle.

The layer belongs to one head. It is a file beside the history, never part of a bundle.
"""

from __future__ import annotations

import io
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.archive import DAMAGED
from edge.model.bundle import Bundle
from edge.model.inputs import inputs_digest
from edge.written import write_whole

log = logging.getLogger(__name__)

#: Seconds between checks of the file.
LOOK_EVERY_S = 2.0
#: The file's layout; another number means another program wrote it.
FORMAT = 1
#: Maximum size of the file in bytes, and number of own genres.
MOST_BYTES, MOST_OWN = 4_000_000, 64
#: Bound of normalized inputs: one that was nearly constant in training must not outweigh all others.
CLIP = 5.0
#: Lower bound of the head's probabilities: a person may still say what it rules out.
FLOOR = 1e-3
#: Prior log odds of an own genre, without weights.
OWN_LOGIT = -1.5
#: Weights of the readable features relative to one output of a listener, and of the constant.
READABLE_WEIGHT, CONSTANT_WEIGHT = 0.5, 0.05
REMEDY = "`livegenre learn` makes it anew from the corrections"

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PersonalLayer:
    """A fitted layer: ``weights`` (n_inputs + 1, n_labels), float32, the last row being the constant's.

    ``labels`` are the bundle's, then those of one's own.
    """

    labels: tuple[str, ...]
    weights: Rows

    def probabilities(self, bundle: Bundle, vector: Rows, probabilities: Rows) -> Rows:
        """Return the answer, float32 (n_labels,), for the head's input and its probabilities."""
        logits = offsets(probabilities[np.newaxis], len(self.labels)) + views(bundle, vector[np.newaxis]) @ self.weights
        return np.asarray(softmax_rows(logits)[0], dtype=np.float32)


def views(bundle: Bundle, vectors: Rows) -> Rows:
    """Return inputs of the head, (n, n_inputs), as the layer takes them: float32 (n, n_inputs + 1), a constant last."""
    normalized = np.clip(np.nan_to_num((vectors - bundle.mean) / bundle.scale), -CLIP, CLIP)
    sizes = _sizes(bundle)
    total, parts, start = sum(weight for _, weight in sizes), [], 0
    for size, weight in sizes:
        part = normalized[:, start : start + size]
        length = np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
        parts.append(np.sqrt(weight / total) * part / length)
        start += size
    parts.append(np.full((len(vectors), 1), np.sqrt(CONSTANT_WEIGHT)))
    return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)


def _sizes(bundle: Bundle) -> list[tuple[int, float]]:
    """Return how many inputs of the head each view has, and its weight."""
    sizes = [(len(bundle.spec.vector_names), READABLE_WEIGHT)]
    sizes += [(size * len(listener.statistics), 1.0) for listener in bundle.listeners for _, size in listener.outputs]
    return sizes


def offsets(probabilities: Rows, n_labels: int) -> NDArray[np.float64]:
    """Return the logits before the weights, (n, n_labels), for the head's probabilities (n, its labels)."""
    own = np.full((len(probabilities), n_labels - probabilities.shape[1]), OWN_LOGIT)
    return np.concatenate([np.log(np.maximum(probabilities.astype(np.float64), FLOOR)), own], axis=1)


def softmax_rows(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities for rows of logits (n, labels)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def layer_beside(history: Path) -> Path:
    """Return the file of the layer that is used where a history is kept."""
    return history.with_name(f"{history.name}.personal.npz")


class LayerWatch:
    """Watches the layer beside a history; ``layer`` is the one to use, None for the bundle's own answer."""

    def __init__(self, history: Path, bundle: Bundle) -> None:
        self.layer: PersonalLayer | None = None
        self._path, self._bundle = layer_beside(history), bundle
        self._seen: tuple[int, int, int] | None = None
        self._next_look = 0.0
        self.look()

    def look(self) -> bool:
        """Reload the file if it has changed; returns whether ``layer`` has.

        Checks once in ``LOOK_EVERY_S``. Errors are logged in one line.
        """
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_S
        seen = self._state()
        if seen == self._seen:
            return False
        self._seen, before = seen, self.layer
        try:
            self.layer = read_layer(self._path, self._bundle)
        except BundleError as error:
            self.layer = None
            log.warning("%s", error)
        return self.layer is not before

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def write_layer(path: Path, layer: PersonalLayer, bundle: Bundle) -> None:
    """Write a layer over a bundle's head, in place of what stood there; raises ``OSError``."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        format=np.array(FORMAT),
        head=np.array(head_of(bundle)),
        labels=np.array(layer.labels),
        weights=layer.weights,
    )
    write_whole(path, file.getvalue())


def read_layer(path: Path, bundle: Bundle) -> PersonalLayer | None:
    """Return the layer in a file; None where there is none.

    ``BundleError`` for one that is damaged, or that was fitted over another head: then the bundle's own answer stands.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}; the model answers without it") from error
    try:
        return _parsed(content, bundle)
    except BundleError as error:
        raise BundleError(f"{path}: {error}; set aside until {REMEDY}") from error
    except DAMAGED as error:
        raise BundleError(f"{path}: is damaged; set aside until {REMEDY}") from error


def _parsed(content: bytes, bundle: Bundle) -> PersonalLayer:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if int(arrays["format"]) != FORMAT:
            raise BundleError("was written by another version of livegenre")
        if str(arrays["head"]) != head_of(bundle):
            raise BundleError("was learned over another model")
        labels, weights = tuple(str(label) for label in arrays["labels"]), arrays["weights"]
    own = labels[len(bundle.labels) :]
    is_ours = labels[: len(bundle.labels)] == bundle.labels and len(set(labels)) == len(labels)
    fits = weights.shape == (bundle.n_inputs + 1, len(labels)) and weights.dtype == np.float32
    if not is_ours or not fits or len(own) > MOST_OWN or not np.isfinite(weights).all():
        raise BundleError("is damaged")
    return PersonalLayer(labels, weights)


def head_of(bundle: Bundle) -> str:
    """Return an identifier of a head and its inputs: weights are valid for one head only."""
    return f"{inputs_digest(bundle.sidecar)} {bundle.sidecar['model']['sha256']}"
