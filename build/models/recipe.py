"""What every kind of network shares: what fits one, what a fitted one is, and how its inputs are normalized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Targets = NDArray[np.int64]


@dataclass(frozen=True)
class Fitted:
    """A fitted network with the normalization that its inputs need: (row - mean) / scale, within -clip..clip."""

    model: keras.Model
    mean: Rows
    scale: Rows
    clip: float = np.inf

    def normalize(self, rows: Rows) -> Rows:
        """Return rows as the network takes them; the int8 model saturates where this clips."""
        return np.clip((rows - self.mean) / self.scale, -self.clip, self.clip).astype(np.float32)

    def logits(self, rows: Rows) -> Rows:
        """Return the float network's logits for feature rows, shape (n, labels)."""
        return np.asarray(self.model(self.normalize(rows), training=False), dtype=np.float32)


class Recipe(Protocol):
    """Everything that makes a fitted network besides its data and its seed."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def groups(self) -> tuple[str, ...]:
        """The FeatureSpec's groups that it hears."""

    @property
    def with_variants(self) -> bool:
        """Whether it is fitted to changed copies of the tracks too."""

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int) -> Fitted:
        """Fit a network to feature rows."""


def be_deterministic(seed: int) -> None:
    """Make what TensorFlow does from here on the same for the same seed on the same machine."""
    keras.utils.clear_session()  # layers are numbered from 1 again: their names are part of the converted file
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def normalization(rows: Rows) -> tuple[Rows, Rows]:
    """Return mean and standard deviation of each column; a constant column gets scale 1."""
    mean, scale = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    scale[scale < 1e-6] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
