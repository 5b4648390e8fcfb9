"""Conversion of a float network to a full-integer int8 TFLite model, and measurement of its error."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from build.errors import ConversionError
from edge.model.interpreter import Interpreter

Rows = NDArray[np.float32]

#: Maximum model size in bytes.
MAX_SIZE = 300_000
#: Name of this quantization in sidecars.
FULL_INTEGER = "full integer, inputs and outputs included"


@dataclass(frozen=True, kw_only=True)
class ListenerModel:
    """A converted listener.

    ``origin`` says in words where its weights came from, who made them, and under which licence.
    """

    network: bytes
    origin: Mapping[str, str]
    quantization: str = FULL_INTEGER


def to_int8(model: keras.Model, representative: Rows, max_size: int = MAX_SIZE, *, wide: bool = False) -> bytes:
    """Convert a network of one input to int8, including input and outputs; if ``wide``, to int16 except for weights.

    ``representative`` holds inputs, shape (n, ...): the ranges of all tensors are measured on them, and on the device
    an input outside their range saturates. Raises ``ConversionError`` if a float tensor is left or the model has more
    than ``max_size`` bytes.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[np.newaxis]] for row in representative)
    operators = tf.lite.OpsSet
    converter.target_spec.supported_ops = [
        operators.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if wide
        else operators.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if wide else tf.int8
    with quiet():
        content: bytes = converter.convert()
    require_int8(content)
    if len(content) > max_size:
        raise ConversionError(f"the model has {len(content):,} bytes, more than {max_size:,}; make the network smaller")
    return content


def require_int8(content: bytes) -> None:
    """Raise ``ConversionError`` if a tensor of the model is not an integer."""
    with warnings.catch_warnings(action="ignore"):  # deprecated in favour of a package that edge does not depend on
        interpreter = tf.lite.Interpreter(model_content=content)
    for tensor in interpreter.get_tensor_details():
        if np.issubdtype(tensor["dtype"], np.floating):
            raise ConversionError(f"tensor {tensor['name']!r} stayed {np.dtype(tensor['dtype'])}: not fully quantized")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of the int8 model with its float network on the same rows."""

    n: int
    same_answer: float  # share of rows with the same most probable label
    float_accuracy: float
    int8_accuracy: float

    def to_dict(self) -> dict[str, float | int]:
        """Return JSON-ready values."""
        return {
            "n": self.n,
            "same_answer": round(self.same_answer, 4),
            "float_accuracy": round(self.float_accuracy, 4),
            "int8_accuracy": round(self.int8_accuracy, 4),
        }


def compare(content: bytes, normalized: Rows, float_logits: Rows, targets: NDArray[np.int64]) -> Agreement:
    """Compare the int8 model, run by the device's interpreter on normalized rows, with the float network's logits."""
    interpreter = Interpreter(content)
    answers = np.array([interpreter(row).argmax() for row in normalized])
    expected = float_logits.argmax(axis=1)
    return Agreement(
        n=len(normalized),
        same_answer=float(np.mean(answers == expected)),
        float_accuracy=float(np.mean(expected == targets)),
        int8_accuracy=float(np.mean(answers == targets)),
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence the converter's notices, Python's as well as C++'s, which no Python setting reaches."""
    sys.stderr.flush()
    saved = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            with contextlib.redirect_stdout(sink), warnings.catch_warnings(action="ignore"):
                yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
