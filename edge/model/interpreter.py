"""The only file that names a TFLite runtime.

Two runtimes can run the shipped model: ``tflite-runtime`` (2.3 MB, up to Python 3.11, NumPy 1) and its successor
``ai-edge-litert``. Importing one proves nothing (tflite-runtime imports under NumPy 2 and fails later), so a
runtime counts as usable once it has constructed an interpreter for the model at hand.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError, RuntimeMissing

#: Module that holds ``Interpreter``, in order of preference: the smaller one first.
RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")


@dataclass(frozen=True, slots=True)
class Quantization:
    """A tensor's own affine map between real values and integers: real = scale * (q - zero_point)."""

    scale: float
    zero_point: int
    dtype: np.dtype[Any]

    def quantize(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Round to nearest and clip to the integer type's range."""
        limits = np.iinfo(self.dtype)
        steps = np.rint(values / self.scale) + self.zero_point
        quantized: NDArray[Any] = np.clip(steps, limits.min, limits.max).astype(self.dtype)
        return quantized

    def dequantize(self, steps: NDArray[Any]) -> NDArray[np.float32]:
        """Return the real values that the integers stand for."""
        return ((steps.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)


class Interpreter:
    """A loaded model with one input and one output row: float32 in, float32 out, quantized inside."""

    def __init__(self, model: bytes, runtimes: Sequence[str] = RUNTIMES) -> None:
        """Load ``model`` with the first of ``runtimes`` that can; ``RuntimeMissing`` if none can."""
        self.runtime, self._interpreter = _construct(model, runtimes)
        self._input = _only(self._interpreter.get_input_details(), "input")
        self._output = _only(self._interpreter.get_output_details(), "output")
        self.n_inputs = int(self._input["shape"][-1])
        self.n_outputs = int(self._output["shape"][-1])
        self._quantize, self._dequantize = _converters(self._input, self._output)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the model on one row of shape (n_inputs,); returns shape (n_outputs,)."""
        self._interpreter.set_tensor(self._input["index"], self._quantize(values)[np.newaxis])
        self._interpreter.invoke()
        return self._dequantize(self._interpreter.get_tensor(self._output["index"])[0])


def _construct(model: bytes, runtimes: Sequence[str]) -> tuple[str, Any]:
    installed = False
    problems = []
    for name in runtimes:
        package = name.partition(".")[0].replace("_", "-")
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            problems.append(f"{package}: {_first_line(error)}")
            continue
        installed = True
        try:
            interpreter = module.Interpreter(model_content=model, num_threads=1)
            interpreter.allocate_tensors()
        except Exception as error:  # what a runtime raises here depends on the runtime and on NumPy
            problems.append(f"{package}: {_first_line(error)}")
            continue
        return package, interpreter
    remedy = "the model may be damaged, reinstall it" if installed else "pip install tflite-runtime or ai-edge-litert"
    raise RuntimeMissing(f"no TFLite runtime can load the model ({'; '.join(problems)}); {remedy}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _only(details: Sequence[dict[str, Any]], role: str) -> dict[str, Any]:
    if len(details) != 1:
        raise BundleError(f"the model has {len(details)} {role}s, one is expected")
    return details[0]


Converter = Callable[[NDArray[Any]], NDArray[Any]]


def _converters(input_: dict[str, Any], output: dict[str, Any]) -> tuple[Converter, Converter]:
    quantize, dequantize = (_quantization(tensor) for tensor in (input_, output))
    return quantize.quantize if quantize else np.asarray, dequantize.dequantize if dequantize else np.asarray


def _quantization(tensor: dict[str, Any]) -> Quantization | None:
    dtype = np.dtype(tensor["dtype"])
    if dtype == np.float32:
        return None
    scale, zero_point = tensor["quantization"]
    if scale <= 0 or not np.issubdtype(dtype, np.integer):
        raise BundleError(f"the model's tensor {tensor['name']!r} carries no usable quantization")
    return Quantization(float(scale), int(zero_point), dtype)
