"""YAMNet as a backbone: its weights read from the published int8 file, and its Keras networks.

YAMNet (Gemmeke et al. 2017 for AudioSet, Howard et al. 2017 for the network) takes patches of 96 frames of 64 bands
through a convolution and 13 pairs of a depthwise and a pointwise one, each cut off at 6, then averages what is left
over time and bands and scores 521 classes. Its batch normalizations are folded into weights and biases.

Pointwise convolutions are matrix products over the channels. TensorFlow trains them several times faster when they
are written as such; the device's runtime wants them as convolutions, whose int8 weights have a scale for each channel.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.errors import DatasetError
from build.listener.audioset import read_class_names, style_indices
from build.listener.backbone import Backbone
from features_np.front_end import YAMNET

WEIGHTS_FILE, CLASS_MAP = Path("pretrained", "yamnet.tflite"), Path("pretrained", "yamnet_class_map.csv")

#: Strides of the 13 depthwise convolutions.
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
#: The pointwise convolutions whose output the head takes: the 9th still knows timbre; and the last.
DEPTHS = (9, 13)
#: Those after which the copy is compared with its teacher.
COMPARED_DEPTHS = (7, 9, 12, 13)

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Convolution:
    """A kernel as Keras has it, (height, width, in, out), depthwise (height, width, in, 1), and its biases."""

    kernel: Weights
    bias: Weights


@dataclass(frozen=True)
class Yamnet(Backbone):
    """The first convolution, the pairs of depthwise and pointwise ones, and the classes' dense layer."""

    name = "yamnet"
    front_end = YAMNET
    outputs = (("pointwise_09", 512), ("embedding", 1024))
    compared = (0.5, 1.0, 1.0, 1.0)
    origin = {  # noqa: RUF012 - a ClassVar of the base class
        "network": "YAMNet, a MobileNet v1 trained on AudioSet",
        "published": "lite-model/yamnet/classification/tflite/1, by the TensorFlow authors",
        "licence": "Apache-2.0",
        "changes": "trained on to describe music through simulated microphones as it describes the recording",
    }

    first: Convolution
    pairs: tuple[tuple[Convolution, Convolution], ...]
    classes: Convolution  # kernel (1024, 521): one score for each of AudioSet's classes
    class_names: tuple[str, ...]

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return YAMNet as published; ``DatasetError`` if the file is not there."""
        path = data / WEIGHTS_FILE
        if not path.exists():
            raise DatasetError(f"{path}: there is no such file; the listener begins with YAMNet's weights")
        with warnings.catch_warnings(action="ignore"):  # deprecated in favour of a package that edge may not have
            interpreter = tf.lite.Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
        # Kernels lie in the file from the first convolution on, each followed by its biases and its output.
        kernels = [_read(interpreter, index) for index in range(33, 112, 3)]
        ordered = [Convolution(item.kernel.transpose(1, 2, 3, 0), item.bias) for item in kernels]
        classes = _read(interpreter, 116)
        return cls(
            first=ordered[0],
            pairs=tuple(zip(ordered[1::2], ordered[2::2], strict=True)),
            classes=Convolution(classes.kernel.T, classes.bias),
            class_names=read_class_names(data / CLASS_MAP),
        )

    @property
    def styles(self) -> tuple[str, ...]:
        """AudioSet's styles, in the order of its classes."""
        return tuple(self.class_names[index] for index in style_indices(self.class_names))

    def trainable(self, n_frozen: int | None = None, n_frames: int | None = None) -> keras.Model:
        """Return the network with the means after ``COMPARED_DEPTHS`` as outputs; a block is a pair of convolutions.

        The first convolution keeps its weights always. Matrix products are computed in bfloat16, which the processors
        of today's workstations do several times faster.
        """
        n_frozen = len(self.pairs) if n_frozen is None else n_frozen
        x = patch = keras.Input((n_frames or self.front_end.n_frames, self.front_end.n_mels, 1))
        x = _apply(x, keras.layers.Conv2D(32, 3, strides=2, padding="same", trainable=False), self.first)
        pooled = {}
        for depth, ((depthwise, pointwise), stride) in enumerate(zip(self.pairs, STRIDES, strict=True), start=1):
            learns = depth > n_frozen
            name = f"depthwise_{depth:02d}"
            layer = keras.layers.DepthwiseConv2D(3, strides=stride, padding="same", trainable=learns, name=name)
            x = _apply(x, layer, depthwise)
            name = f"pointwise_{depth:02d}"
            dense = keras.layers.Dense(pointwise.bias.size, trainable=learns, dtype="mixed_bfloat16", name=name)
            x = _apply(x, dense, Convolution(pointwise.kernel[0, 0], pointwise.bias))
            if depth in COMPARED_DEPTHS:
                pooled[depth] = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
        return keras.Model(patch, [pooled[depth] for depth in COMPARED_DEPTHS])

    def end_of_block(self, number: int) -> str:
        """Return the name of a pair's pointwise convolution."""
        return f"pointwise_{number:02d}"

    def with_weights_of(self, trained: keras.Model) -> Self:
        """Return the backbone with the weights of a ``trainable`` network."""

        def pair(depth: int) -> tuple[Convolution, Convolution]:
            kernel, bias = trained.get_layer(f"depthwise_{depth:02d}").get_weights()
            depthwise = Convolution(np.asarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32))
            kernel, bias = trained.get_layer(f"pointwise_{depth:02d}").get_weights()
            pointwise = np.asarray(kernel, dtype=np.float32)[np.newaxis, np.newaxis]
            return depthwise, Convolution(pointwise, np.asarray(bias, dtype=np.float32))

        pairs = tuple(pair(depth) for depth in range(1, len(STRIDES) + 1))
        return type(self)(self.first, pairs, self.classes, self.class_names)

    def deployable(self) -> keras.Model:
        """Return the network with the means over time and bands after ``DEPTHS``, and the styles' scores."""
        n_frames, n_mels = self.front_end.n_frames, self.front_end.n_mels
        patch = keras.Input((n_frames, n_mels))
        x = keras.layers.Reshape((n_frames, n_mels, 1))(patch)
        x = _apply(x, keras.layers.Conv2D(32, 3, strides=2, padding="same"), self.first)
        pooled = {}
        for depth, ((depthwise, pointwise), stride) in enumerate(zip(self.pairs, STRIDES, strict=True), start=1):
            x = _apply(x, keras.layers.DepthwiseConv2D(3, strides=stride, padding="same"), depthwise)
            x = _apply(x, keras.layers.Conv2D(pointwise.bias.size, 1), pointwise)
            pooled[depth] = keras.layers.GlobalAveragePooling2D()(x) if depth in DEPTHS else None
        chosen = style_indices(self.class_names)
        styles = keras.layers.Dense(len(chosen), "sigmoid")
        scores = styles(pooled[DEPTHS[-1]])
        styles.set_weights([self.classes.kernel[:, chosen], self.classes.bias[chosen]])
        return keras.Model(patch, [*(pooled[depth] for depth in DEPTHS), scores])


def _apply(x: keras.KerasTensor, layer: keras.layers.Layer, weights: Convolution) -> keras.KerasTensor:
    """Apply a layer with the given weights, then the cut-off at 6 that every layer of the network has."""
    y = layer(x)
    layer.set_weights([weights.kernel, weights.bias])
    return keras.layers.ReLU(6.0)(y)


def _read(interpreter: tf.lite.Interpreter, index: int) -> Convolution:
    """Return the int8 kernel at ``index`` and the biases that follow it as floats."""
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}

    def weights(index: int) -> Weights:
        quantization = tensors[index]["quantization_parameters"]
        scales, zeros = quantization["scales"], quantization["zero_points"]
        shape = [1] * len(tensors[index]["shape"])
        shape[quantization["quantized_dimension"]] = len(scales)
        steps = interpreter.get_tensor(index).astype(np.float32)
        return np.asarray((steps - zeros.reshape(shape)) * scales.reshape(shape), dtype=np.float32)

    return Convolution(weights(index), weights(index + 1))
