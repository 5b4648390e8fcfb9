"""The weights that the listener begins with: YAMNet's, read from the published int8 file and made floats again.

YAMNet (Gemmeke et al. 2017 for AudioSet, Howard et al. 2017 for the network) hears patches of 96 frames of 64 bands
through a convolution and 13 pairs of a depthwise and a pointwise one, each cut off at 6, then averages what is left
over time and bands and gives 521 classes a score. Its batch normalizations are folded into weights and biases.
"""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.errors import DatasetError
from build.tables.feature_table import SHARED_DATA

YAMNET = SHARED_DATA / "pretrained" / "yamnet.tflite"
CLASS_MAP = SHARED_DATA / "pretrained" / "yamnet_class_map.csv"

#: Strides of the 13 depthwise convolutions.
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
#: What is said of the weights wherever they go.
ORIGIN = {
    "network": "YAMNet, a MobileNet v1 trained on AudioSet",
    "published": "lite-model/yamnet/classification/tflite/1, by the TensorFlow authors",
    "licence": "Apache-2.0",
    "changes": "trained on to describe music through simulated microphones as it describes the recording",
}

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Convolution:
    """A kernel as Keras has it, (height, width, in, out), depthwise (height, width, in, 1), and its biases."""

    kernel: Weights
    bias: Weights


@dataclass(frozen=True, slots=True)
class Listener:
    """All weights of the network: the first convolution, pairs of depthwise and pointwise ones, and the classes'."""

    first: Convolution
    pairs: tuple[tuple[Convolution, Convolution], ...]
    classes: Convolution  # kernel (1024, 521): one score for each of AudioSet's classes


def read_yamnet(path: Path = YAMNET) -> Listener:
    """Read the published file; ``DatasetError`` if it is not that file."""
    if not path.exists():
        raise DatasetError(f"{path}: there is no such file; the listener begins with YAMNet's weights")
    with warnings.catch_warnings(action="ignore"):  # it is deprecated in favour of a package that edge may not have
        interpreter = tf.lite.Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}

    def weights(index: int) -> Weights:
        scales, zeros, axis = (tensors[index]["quantization_parameters"][key] for key in _QUANTIZATION)
        shape = [1] * len(tensors[index]["shape"])
        shape[axis] = len(scales)
        steps = interpreter.get_tensor(index).astype(np.float32)
        return np.asarray((steps - zeros.reshape(shape)) * scales.reshape(shape), dtype=np.float32)

    # Kernels lie in the file from the first convolution on, each followed by its biases and its output.
    kernels = [Convolution(weights(index), weights(index + 1)) for index in range(33, 112, 3)]
    ordered = [Convolution(item.kernel.transpose(1, 2, 3, 0), item.bias) for item in kernels]
    return Listener(
        first=ordered[0],
        pairs=tuple(zip(ordered[1::2], ordered[2::2], strict=True)),
        classes=Convolution(weights(116).T, weights(117)),
    )


def class_names(path: Path = CLASS_MAP) -> tuple[str, ...]:
    """Return AudioSet's 521 class names in the order of the scores."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(row["display_name"] for row in csv.DictReader(file))


_QUANTIZATION = ("scales", "zero_points", "quantized_dimension")
