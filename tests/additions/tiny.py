"""A backbone of one convolution and the mean over time and bands, behind another front end than YAMNet's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import keras
import numpy as np

from build.listener.backbone import Backbone, Schedule
from features_np.front_end import EFFICIENTAT

SPEC = replace(EFFICIENTAT, n_mels=32, n_frames=50, patch_hop=50)
KERNEL = (5, 4, 1, 6)


@dataclass(frozen=True)
class Tiny(Backbone):
    """Random weights."""

    name = "tiny"
    front_end = SPEC
    outputs = (("embedding", KERNEL[-1]),)
    compared = (1.0,)
    schedule = Schedule(cycles=(30,), batch_size=8, n_frozen=0)
    origin = {"network": "random", "published": "nowhere", "licence": "none", "changes": "taught"}  # noqa: RUF012

    kernel: np.ndarray

    @classmethod
    def read(cls, data: Path) -> Self:
        return cls(np.random.default_rng(0).normal(0, 0.3, KERNEL).astype(np.float32))

    @property
    def styles(self) -> tuple[str, ...]:
        return ("Jazz", "Rock music")

    def _mean(self, x: keras.KerasTensor, *, trainable: bool) -> keras.KerasTensor:
        layer = keras.layers.Conv2D(KERNEL[-1], KERNEL[:2], use_bias=False, trainable=trainable, name="convolution")
        y = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(layer(x)))
        layer.set_weights([self.kernel])
        return y

    def trainable(self, n_frozen: int | None = None, n_frames: int | None = None) -> keras.Model:
        patch = keras.Input((n_frames or SPEC.n_frames, SPEC.n_mels, 1))
        return keras.Model(patch, [self._mean(patch, trainable=n_frozen is not None)])

    def end_of_block(self, number: int) -> str:
        raise AssertionError("it has no blocks that could keep their weights")

    def with_weights_of(self, trained: keras.Model) -> Self:
        return replace(self, kernel=trained.get_layer("convolution").get_weights()[0])

    def deployable(self) -> keras.Model:
        patch = keras.Input(SPEC.shape)
        mean = self._mean(keras.layers.Reshape((*SPEC.shape, 1))(patch), trainable=False)
        return keras.Model(patch, [mean, keras.layers.Dense(2, "sigmoid")(mean)])
