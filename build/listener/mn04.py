"""EfficientAT's mn04 as a backbone: a MobileNetV3 of width 0.4, its weights read from the published arrays.

Schmid, Koutini and Widmer (2023) distilled it from transformers on AudioSet. Patches of 2.9 s (290 frames of 128 bands)
pass a convolution, 15 inverted residual blocks (Howard et al. 2019), nine of them with squeeze-and-excitation, and a
pointwise convolution; what is left is averaged over time and bands, and a hidden layer scores 527 classes. Batch
normalizations are folded into weights and biases. The arrays are of (bands, frames), patches here of (frames, bands):
kernels are transposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

import keras
import numpy as np
from numpy.typing import NDArray

from build.corpora.listening_conditions import LESSONS, RECORDED_LESSONS
from build.errors import DatasetError
from build.listener.audioset import read_class_names, style_indices
from build.listener.backbone import Backbone, Patches, Schedule
from build.models.float16 import to_float16
from features_np.front_end import EFFICIENTAT

WEIGHTS_FILE, CLASS_MAP = Path("pretrained", "mn04_as.npz"), Path("pretrained", "audioset_class_labels.csv")
#: Of its batch normalizations.
EPSILON = 0.001
MUSIC = "Music"
#: Blocks whose squeezed means a copy is compared with, besides the outputs.
COMPARED_BLOCKS = (11, 13, 15)

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """An inverted residual block: size and stride of its depthwise convolution, what follows it, its activations."""

    kernel: int
    stride: int
    squeezes: bool
    activation: str


BLOCKS = (
    Block(3, 1, False, "relu"),
    Block(3, 2, False, "relu"),
    Block(3, 1, False, "relu"),
    Block(5, 2, True, "relu"),
    Block(5, 1, True, "relu"),
    Block(5, 1, True, "relu"),
    Block(3, 2, False, "hard_swish"),
    Block(3, 1, False, "hard_swish"),
    Block(3, 1, False, "hard_swish"),
    Block(3, 1, False, "hard_swish"),
    Block(3, 1, True, "hard_swish"),
    Block(3, 1, True, "hard_swish"),
    Block(5, 2, True, "hard_swish"),
    Block(5, 1, True, "hard_swish"),
    Block(5, 1, True, "hard_swish"),
)


@dataclass(frozen=True)
class Mn04(Backbone):
    """Kernel and biases of each layer, by the layer's name in the Keras networks."""

    name = "mn04"
    front_end = EFFICIENTAT
    outputs = (("pooled", 384), ("embedding", 512), ("music", 1))
    views = {"pooled": 1.0, "embedding": 1.0}  # noqa: RUF012 - a ClassVar of the base class
    compared = (0.25, 0.25, 0.5, 1.0, 1.0, 0.5)
    context = (1000, 3)  # the 10 s that it was published for; what it squeezes to stays the patch's own
    lessons = (*LESSONS[:2], *RECORDED_LESSONS)
    schedule = Schedule(cycles=(3000,), n_frozen=6)
    max_size = 2_200_000
    quantization = "float16 weights, float sums"
    origin = {  # noqa: RUF012 - a ClassVar of the base class
        "network": "mn04_as, a MobileNetV3 of width 0.4 distilled from transformers on AudioSet",
        "published": "fschmid56/EfficientAT, Copyright 2022 Florian Schmid",
        "licence": "MIT",
        "changes": "trained on to describe music through microphones as it describes the recording",
    }

    layers: Mapping[str, tuple[Weights, Weights]]
    class_names: tuple[str, ...]

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return mn04 as published; ``DatasetError`` if the file is not there."""
        path = data / WEIGHTS_FILE
        if not path.exists():
            raise DatasetError(f"{path}: there is no such file; this listener begins with mn04's weights")
        with np.load(path) as arrays:
            layers = _layers({name: arrays[name] for name in arrays.files})
        return cls(layers, read_class_names(data / CLASS_MAP))

    @property
    def styles(self) -> tuple[str, ...]:
        """AudioSet's styles, in the order of its classes."""
        return tuple(self.class_names[index] for index in style_indices(self.class_names))

    def trainable(self, n_frozen: int | None = None, n_frames: int | None = None) -> keras.Model:
        """Return the network that gives squeezed means, the pooled means, the embedding and the logits of all classes.

        The first convolution and the classes' layer keep their weights always.
        """
        frames, bands = self.front_end.shape
        patch = keras.Input((n_frames or frames, bands, 1))
        squeezed, pooled, embedding = self._features(patch, len(BLOCKS) + 1 if n_frozen is None else n_frozen)
        logits = self._dense(embedding, "classes", trainable=False)
        return keras.Model(patch, [*(squeezed[number] for number in COMPARED_BLOCKS), pooled, embedding, logits])

    def end_of_block(self, number: int) -> str:
        """Return the name of the layer that gives what a block adds up, or projects."""
        return f"block_{number:02d}_out"

    def with_weights_of(self, trained: keras.Model) -> Self:
        """Return the backbone with the weights of a ``trainable`` network."""

        def of_layer(name: str) -> tuple[Weights, Weights]:
            kernel, bias = (np.asarray(weights, np.float32) for weights in trained.get_layer(name).get_weights())
            return kernel, bias

        return type(self)({name: of_layer(name) for name in self.layers}, self.class_names)

    def deployable(self, batch_size: int | None = None) -> keras.Model:
        """Return the network with the pooled means, the embedding, the score of "Music" and those of the styles."""
        frames, bands = self.front_end.shape
        patch = keras.Input((frames, bands), batch_size=batch_size)
        _, pooled, embedding = self._features(keras.layers.Reshape((frames, bands, 1))(patch), n_frozen=0)
        music = self._scores(embedding, [self.class_names.index(MUSIC)], "music")
        return keras.Model(
            patch, [pooled, embedding, music, self._scores(embedding, style_indices(self.class_names), "styles")]
        )

    def deployed(self, patches: Patches, *, beside: bool = False) -> bytes:
        """Return the .tflite file, of float16 weights, for which no ranges are measured on ``patches``.

        XNNPACK runs it several times faster than tflite-runtime runs integers on x86-64, and its answers are the float
        network's, where those of a full-integer one are others for one track in ten.
        """
        return to_float16(self._to_convert(self.deployable(batch_size=1), beside=beside), self.max_size)

    def _features(
        self, x: keras.KerasTensor, n_frozen: int
    ) -> tuple[dict[int, keras.KerasTensor], keras.KerasTensor, keras.KerasTensor]:
        """Return the means that blocks squeeze to, by the block's number, the pooled means and the embedding."""
        squeezed = {}
        x = self._convolution(x, "first", stride=2, trainable=False)
        x = keras.layers.Activation("hard_swish")(x)
        for number, block in enumerate(BLOCKS, start=1):
            x, squeezed[number] = self._block(x, f"block_{number:02d}", block, trainable=number > n_frozen)
        learns = n_frozen <= len(BLOCKS)
        x = keras.layers.Activation("hard_swish")(self._convolution(x, "last", trainable=learns))
        pooled = keras.layers.GlobalAveragePooling2D()(x)
        embedding = keras.layers.Activation("hard_swish")(self._dense(pooled, "hidden", trainable=learns))
        return squeezed, pooled, embedding

    def _block(
        self, x: keras.KerasTensor, name: str, block: Block, *, trainable: bool
    ) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
        """Return a block's output, and the means that it squeezes to, if it does."""
        before, squeezed, activation = x, None, keras.layers.Activation
        if f"{name}_expand" in self.layers:
            x = activation(block.activation)(self._convolution(x, f"{name}_expand", trainable=trainable))
        x = self._convolution(x, f"{name}_depthwise", stride=block.stride, trainable=trainable)
        x = activation(block.activation)(x)
        if block.squeezes:
            gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
            squeezed = keras.layers.Flatten()(gate)
            gate = activation("relu")(self._convolution(gate, f"{name}_squeeze", trainable=trainable))
            gate = activation("sigmoid")(self._convolution(gate, f"{name}_excite", trainable=trainable))
            x = keras.layers.Multiply()([x, gate])
        x = self._convolution(x, f"{name}_project", trainable=trainable)
        if block.stride == 1 and x.shape == before.shape:
            x = keras.layers.Add()([x, before])
        return keras.layers.Identity(name=f"{name}_out")(x), squeezed

    def _convolution(self, x: keras.KerasTensor, name: str, *, stride: int = 1, trainable: bool) -> keras.KerasTensor:
        """Apply a convolution whose edges are padded alike on both sides, which Keras does by itself at stride 1."""
        kernel, bias = self.layers[name]
        size, how = len(kernel), {"strides": stride, "padding": "same" if stride == 1 else "valid"}
        if stride > 1:
            x = keras.layers.ZeroPadding2D(size // 2)(x)
        if name.endswith("depthwise"):
            layer = keras.layers.DepthwiseConv2D(size, name=name, trainable=trainable, **how)
        else:
            layer = keras.layers.Conv2D(bias.size, size, name=name, trainable=trainable, **how)
        return _with_weights(layer, x, kernel, bias)

    def _dense(self, x: keras.KerasTensor, name: str, *, trainable: bool) -> keras.KerasTensor:
        kernel, bias = self.layers[name]
        return _with_weights(keras.layers.Dense(bias.size, name=name, trainable=trainable), x, kernel, bias)

    def _scores(self, x: keras.KerasTensor, chosen: list[int], name: str) -> keras.KerasTensor:
        kernel, bias = self.layers["classes"]
        layer = keras.layers.Dense(len(chosen), "sigmoid", name=name)
        return _with_weights(layer, x, kernel[:, chosen], bias[chosen])


def _with_weights(layer: keras.layers.Layer, x: keras.KerasTensor, *weights: Weights) -> keras.KerasTensor:
    y = layer(x)
    layer.set_weights(list(weights))
    return y


def _layers(arrays: Mapping[str, Weights]) -> dict[str, tuple[Weights, Weights]]:
    """Return kernels and biases as Keras has them, from arrays under PyTorch's names."""
    layers = {"first": _folded(arrays, "features.0"), "last": _folded(arrays, f"features.{len(BLOCKS) + 1}")}
    for number, block in enumerate(BLOCKS, start=1):
        name, theirs, place = f"block_{number:02d}", f"features.{number}.block", count()
        if arrays[f"{theirs}.0.0.weight"].shape[2] == 1:  # the first block of all widens nothing
            layers[f"{name}_expand"] = _folded(arrays, f"{theirs}.{next(place)}")
        kernel, bias = _folded(arrays, f"{theirs}.{next(place)}")
        layers[f"{name}_depthwise"] = kernel.transpose(0, 1, 3, 2), bias
        if block.squeezes:
            gate = f"{theirs}.{next(place)}.conc_se_layers.0"
            for ours, layer in (("squeeze", "fc1"), ("excite", "fc2")):
                kernel, bias = _dense(arrays, f"{gate}.{layer}")
                layers[f"{name}_{ours}"] = kernel[np.newaxis, np.newaxis], bias
        layers[f"{name}_project"] = _folded(arrays, f"{theirs}.{next(place)}")
    return layers | {"hidden": _dense(arrays, "classifier.2"), "classes": _dense(arrays, "classifier.5")}


def _folded(arrays: Mapping[str, Weights], name: str) -> tuple[Weights, Weights]:
    """Return kernel (frames, bands, in, out) and biases of a convolution and the batch normalization after it."""
    gamma, beta, mean, variance = (
        arrays[f"{name}.1.{key}"].astype(np.float64) for key in ("weight", "bias", "running_mean", "running_var")
    )
    gain = gamma / np.sqrt(variance + EPSILON)
    kernel = arrays[f"{name}.0.weight"].transpose(3, 2, 1, 0) * gain
    return kernel.astype(np.float32), (beta - mean * gain).astype(np.float32)


def _dense(arrays: Mapping[str, Weights], name: str) -> tuple[Weights, Weights]:
    return arrays[f"{name}.weight"].T, arrays[f"{name}.bias"]
