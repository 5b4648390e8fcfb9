"""The interface of a backbone: a pretrained network from which a listener is taught.

A subclass holds the weights and is immutable. It declares its front end, its outputs, its styles and where it came
from, and builds two Keras networks with these weights: one to train, one to convert. Nothing else in the lab knows
one backbone from another; ``build.listener.registry`` names them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import keras
import numpy as np
from numpy.typing import NDArray

from build.audio.condition import Condition
from build.corpora.listening_conditions import LESSONS
from build.models.int8 import to_int8
from edge.model.sidecar import ListenerUse
from features_np.front_end import PatchSpec

Patches = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and rate of the teaching: in each cycle the rate falls to nearly zero along a cosine."""

    cycles: tuple[int, ...] = (1100, 2600)  # steps
    batch_size: int = 64
    learning_rate: float = 1e-3
    n_frozen: int = 3  # blocks, from the first on, whose weights stay as they are


class Backbone(ABC):
    """A pretrained network with its weights.

    Attributes
    ----------
    name : str
        Key in the registry and value of ``--backbone``.
    front_end : PatchSpec
        Turns audio into the patches that the network takes.
    outputs : tuple of (str, int)
        Name and size of each embedding, in the order of the deployed network's outputs; the styles' scores follow.
    views : mapping of str to float, or None
        Weight of each embedding in the head's answer; those that it does not name are for "no music" alone. None: all
        weigh 1.
    statistics : tuple of str
        Taken of each embedding over a window's patches for the head.
    compared : tuple of float
        Weight of each output of ``trainable`` in the loss between the teacher and its copy.
    context : tuple of int
        Frames of the recording around a patch that the teacher is given, and how many outputs of ``trainable``, counted
        from the last, are its answers to these instead of the patch alone; (0, 0): none.
    lessons : tuple of Condition
        Conditions that it is taught to ignore.
    schedule : Schedule
        How it is taught.
    max_size : int
        Largest deployed network in bytes.
    quantization : str
        How the deployed network is quantized, for the sidecar and the model card.
    origin : mapping
        ``network``, ``published``, ``licence`` and ``changes``, in words for the model card.
    """

    name: ClassVar[str]
    front_end: ClassVar[PatchSpec]
    outputs: ClassVar[tuple[tuple[str, int], ...]]
    views: ClassVar[Mapping[str, float] | None] = None
    statistics: ClassVar[tuple[str, ...]] = ("mean",)
    compared: ClassVar[tuple[float, ...]]
    context: ClassVar[tuple[int, int]] = (0, 0)
    lessons: ClassVar[tuple[Condition, ...]] = LESSONS
    schedule: ClassVar[Schedule] = Schedule()
    max_size: ClassVar[int] = 4_000_000
    quantization: ClassVar[str] = "full integer, inputs and outputs included"
    origin: ClassVar[Mapping[str, str]]

    @classmethod
    @abstractmethod
    def read(cls, data: Path) -> Self:
        """Return it with its published weights, read from under ``data``; ``DatasetError`` if they are not there."""

    @property
    @abstractmethod
    def styles(self) -> tuple[str, ...]:
        """AudioSet's names of the styles that the deployed network's last output scores, in its order."""

    @abstractmethod
    def trainable(self, n_frozen: int | None = None, n_frames: int | None = None) -> keras.Model:
        """Return the network to train: patches (n, frames, mels, 1) in, one float32 output for each of ``compared``.

        The first ``n_frozen`` blocks keep their weights; None: all do, as in a teacher. ``n_frames`` are those of a
        patch, where they are not the front end's.
        """

    @abstractmethod
    def end_of_block(self, number: int) -> str:
        """Return the name of the layer of ``trainable`` whose output is all that the blocks after this one take."""

    @abstractmethod
    def with_weights_of(self, trained: keras.Model) -> Self:
        """Return the backbone with the weights of a ``trainable`` network."""

    @abstractmethod
    def deployable(self) -> keras.Model:
        """Return the network to convert: patches (n, frames, mels) in, ``outputs`` and then the styles' scores out."""

    def deployed(self, patches: Patches, *, beside: bool = False) -> bytes:
        """Return the .tflite file, its tensors' ranges measured on patches (n, frames, mels).

        ``beside`` another listener it scores no styles: the first of a bundle alone does.
        """
        return to_int8(self._to_convert(self.deployable(), beside=beside), patches, self.max_size)

    def _to_convert(self, network: keras.Model, *, beside: bool) -> keras.Model:
        return keras.Model(network.input, network.outputs[: len(self.outputs)]) if beside else network

    def use(self, *, beside: bool = False) -> ListenerUse:
        """Return the use that a bundle's sidecar declares for the deployed network; see ``deployed``."""
        return ListenerUse(
            patch_spec=self.front_end,
            outputs=self.outputs,
            statistics=self.statistics,
            styles=() if beside else self.styles,
            name=self.name if beside else "listener",
        )
