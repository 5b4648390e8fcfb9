"""Common parts of all kinds of networks: recipes, fitted networks, and the normalization of inputs."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.corpora.task import Task
from build.models import int8
from build.models.int8 import ListenerModel
from edge.model.bundle import contents_of, load_bundle
from edge.model.inputs import inputs_digest
from edge.model.sidecar import ListenerUse
from features_np.spec import FeatureSpec

Rows = NDArray[np.float32]
Targets = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A fitted network with the normalization that its inputs need: (row - mean) / scale, within -clip..clip."""

    model: keras.Model
    mean: Rows
    scale: Rows
    clip: float = np.inf

    def normalize(self, rows: Rows) -> Rows:
        """Return rows as the network takes them, NaN as 0; the int8 model saturates where this clips."""
        return normalized(rows, self.mean, self.scale, self.clip)

    def logits(self, rows: Rows) -> Rows:
        """Return the float network's logits for feature rows, shape (n, labels)."""
        return np.asarray(self.model(self.normalize(rows), training=False), dtype=np.float32)


@dataclass(frozen=True)
class Sample:
    """Rows to fit to, with the target and the weight of each; None: all weigh the same."""

    rows: Rows
    targets: Targets
    weights: Weights | None = None


@dataclass(frozen=True)
class TaughtListener:
    """A listener's network, how a bundle uses it, and along which axes of its outputs records differ.

    The first listener of a bundle alone has such axes.
    """

    use: ListenerUse
    model: ListenerModel
    record_axes: NDArray[np.float32] | None = None
    made: str = ""  # how it was taught, in words for the model card

    def definition(self) -> dict[str, Any]:
        """Return the definition of its outputs, as in a sidecar; see ``edge.model.inputs``."""
        return {
            "name": self.use.name,
            "sha256": hashlib.sha256(self.model.network).hexdigest(),
            "patch_spec_digest": self.use.patch_spec.digest(),
            "outputs": [{"name": name, "size": size} for name, size in self.use.outputs],
            "statistics": list(self.use.statistics),
        }


def listeners_of_bundle(model: Path | None = None) -> tuple[TaughtListener, ...]:
    """Return the listeners of the bundle in a folder; None: the shipped one."""
    bundle, contents = load_bundle(model), contents_of(model)
    entries = zip(bundle.listeners, bundle.sidecar["listeners"], strict=True)
    return tuple(
        TaughtListener(
            use,
            ListenerModel(
                network=contents[use.file],
                origin=dict(entry["origin"]),
                quantization=entry.get("quantization", int8.FULL_INTEGER),
            ),
            None if number else bundle.record_axes,
        )
        for number, (use, entry) in enumerate(entries)
    )


class Recipe(ABC):
    """Everything that determines a fitted network except its data and seed.

    A subclass is a frozen dataclass. It owns the numbers that its network takes and their digest, the rows that it
    learns from, how it is fitted, and how the fitted network is quantized.
    """

    name: str
    #: Shrinkage of the discriminants that tell "no music", chosen on held-out folds of both for some hundred readable
    #: features; None: a logistic regression tells it.
    no_music_shrinkage: float | None = 0.7

    @property
    @abstractmethod
    def spec(self) -> FeatureSpec:
        """The features that the network takes."""

    @property
    def listeners(self) -> tuple[TaughtListener, ...]:
        """The listeners whose statistics the network takes, too."""
        return ()

    @property
    def columns(self) -> tuple[str, ...]:
        """One name for each number that the network takes."""
        of_listeners = (name for listener in self.listeners for name in listener.use.vector_names)
        return (*self.spec.vector_names, *of_listeners)

    @property
    def inputs(self) -> str:
        """The digest of the definitions of these numbers; see ``edge.model.inputs``."""
        definitions = [listener.definition() for listener in self.listeners]
        return inputs_digest({"feature_spec_digest": self.spec.digest(), "listeners": definitions})

    @property
    def with_variants(self) -> bool:
        """True if it is fitted to changed copies of the tracks, too."""
        return False

    def sample(self, task: Task, chosen: NDArray[np.bool_] | None = None) -> Sample:
        """Return the rows to fit to of those train tracks for which ``chosen``, shape (tracks,), is true; None: all."""
        return Sample(*task.sample(self.columns, chosen, with_variants=self.with_variants))

    @abstractmethod
    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int, weights: Weights | None = None) -> Fitted:
        """Fit a network to rows (n, columns), targets (n,) and weights (n,)."""

    def fit_sample(self, sample: Sample, *, n_labels: int, seed: int) -> Fitted:
        """Fit a network to a sample."""
        return self.fit(sample.rows, sample.targets, n_labels=n_labels, seed=seed, weights=sample.weights)

    def quantized(self, fitted: Fitted, representative: Rows) -> bytes:
        """Return the .tflite model, its tensors' ranges measured on representative rows."""
        return int8.to_int8(fitted.model, fitted.normalize(representative))

    def plain(self) -> Recipe:
        """Return the recipe without the parts that need many rows; itself if it has none."""
        return self

    def parts(self) -> dict[str, Recipe]:
        """Return variants of the recipe with parts left out, for an ablation, by name."""
        return {}

    def describe(self) -> dict[str, Any]:
        """Return descriptions of the recipe for a model card, by heading."""
        return {"recipe": str(self)}


def be_deterministic(seed: int) -> None:
    """Make TensorFlow reproducible from here on for the same seed on the same machine."""
    keras.utils.clear_session()  # layers are numbered from 1 again: their names are part of the converted file
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def normalized(rows: Rows, mean: Rows, scale: Rows, clip: float) -> Rows:
    """Return (rows - mean) / scale within -clip..clip, NaN as 0."""
    return np.clip(np.nan_to_num((rows - mean) / scale), -clip, clip).astype(np.float32)


def normalization(rows: Rows, weights: Weights | None = None) -> tuple[Rows, Rows]:
    """Return weighted mean and standard deviation of each column, NaN left out; a constant column gets scale 1."""
    known = np.isfinite(rows)
    shares = known if weights is None else weights[:, np.newaxis] * known
    total = np.maximum(shares.sum(axis=0), 1e-12)
    values = np.where(known, rows, 0.0).astype(np.float64)
    mean = (shares * values).sum(axis=0) / total
    scale = np.sqrt((shares * (values - mean) ** 2).sum(axis=0) / total)
    scale[scale < 1e-6] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
