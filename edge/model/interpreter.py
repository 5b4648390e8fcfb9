"""The only file that names a TFLite runtime.

Two runtimes can run the shipped model: ``tflite-runtime`` (2.3 MB, up to Python 3.11, NumPy 1) and its successor
``ai-edge-litert``. Importing one proves nothing (tflite-runtime imports under NumPy 2 and fails later), so a
runtime counts as usable once it has constructed an interpreter for the model at hand.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError, RuntimeMissing

#: Module that holds ``Interpreter``, in order of preference: the smaller one first.
RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
#: Bytes that hold the C library's ``fenv_t`` of any architecture; the largest, x86-64's, takes 32.
_ENVIRONMENT_BYTES = 256
#: Maximum batch of a quantized model: an update seldom has more patches. tflite-runtime packs the
#: weights anew each time, so two together take 16 % less time than one after the other (LiteRT: 17 %), and give the
#: same integers.
MOST_TOGETHER = 3

Converter = Callable[[NDArray[Any]], NDArray[Any]]


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
    """A loaded model that takes items and gives one row of each, or several: float32 outside, quantized inside.

    Any thread may run it; runtimes allow one at a time.
    """

    def __init__(self, model: bytes, runtimes: Sequence[str] = RUNTIMES) -> None:
        """Load ``model`` with the first of ``runtimes`` that can; ``RuntimeMissing`` if none can.

        ``BundleError`` for a model of another kind. The outputs are in the order of their names in its signature.
        """
        self.runtime, self._interpreter = _construct(model, runtimes)
        inputs, outputs = self._interpreter.get_input_details(), _outputs(self._interpreter)
        if len(inputs) != 1:
            raise BundleError(f"the model has {len(inputs)} inputs, one is expected")
        self._input, self._outputs = _Tensor(inputs[0]), [_Tensor(details) for details in outputs]
        self.input_shape = self._input.shape  # of one item
        self.output_sizes = tuple(int(np.prod(output.shape)) for output in self._outputs)
        # Float sums would depend on the batch size.
        takes_any = inputs[0]["shape_signature"][0] == -1 and all(
            tensor.is_quantized for tensor in (self._input, *self._outputs)
        )
        self._most_together, self._n_together = MOST_TOGETHER if takes_any else 1, 1
        self._running = Lock()

    def quantize(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Return real values as the model takes them."""
        return self._input.quantize(values)

    def run(self, quantized: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Run the model on quantized items (n, *input_shape), n >= 1; returns rows (n, size) for each output."""
        step = self._most_together
        with self._running:
            parts = [self._run_together(quantized[first : first + step]) for first in range(0, len(quantized), step)]
        return parts[0] if len(parts) == 1 else [np.concatenate(rows) for rows in zip(*parts, strict=True)]

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the model on one item of ``input_shape``; returns the first output's row."""
        (row,) = self.run(self.quantize(values)[np.newaxis])[0]
        return np.asarray(row)

    def _run_together(self, quantized: NDArray[Any]) -> list[NDArray[np.float32]]:
        interpreter, n_items = self._interpreter, len(quantized)
        if n_items != self._n_together:
            interpreter.resize_tensor_input(self._input.index, quantized.shape)
            interpreter.allocate_tensors()
            self._n_together = n_items
        interpreter.set_tensor(self._input.index, quantized)
        interpreter.invoke()
        answers = ((output, interpreter.get_tensor(output.index)) for output in self._outputs)
        return [output.dequantize(steps.reshape(n_items, -1)) for output, steps in answers]


class _Tensor:
    """An input or output of a model, without its first dimension, which is 1."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        shape = tuple(int(length) for length in details["shape"])
        if len(shape) < 2 or shape[0] != 1 or min(shape) < 1:
            raise BundleError(f"the model's tensor {details['name']!r} is {shape}, not a row of numbers")
        self.index, self.shape = int(details["index"]), shape[1:]
        quantization = _quantization(details)
        self.is_quantized = quantization is not None
        self.quantize: Converter = quantization.quantize if quantization else np.asarray
        self.dequantize: Converter = quantization.dequantize if quantization else np.asarray


def _outputs(interpreter: Any) -> Sequence[Mapping[str, Any]]:
    """Return the details of the outputs, by the numbers at the ends of their names in the signature."""
    outputs: Sequence[Mapping[str, Any]] = interpreter.get_output_details()
    if len(outputs) == 1:
        return outputs
    signatures = list(interpreter.get_signature_list())
    if len(signatures) != 1:
        raise BundleError(f"the model has {len(outputs)} outputs and {len(signatures)} signatures, one is expected")
    named = interpreter.get_signature_runner(signatures[0]).get_output_details()
    return [named[name] for name in sorted(named, key=_numbered)]


def _numbered(name: str) -> tuple[str, int]:
    """Return a key that sorts ``output_10`` behind ``output_9``."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def _construct(model: bytes, runtimes: Sequence[str]) -> tuple[str, Any]:
    installed = False
    problems = []
    for name in runtimes:
        package = name.partition(".")[0].replace("_", "-")
        try:
            with _arithmetic_kept():
                module = importlib.import_module(name)
        except ImportError as error:
            problems.append(f"{package}: {_first_line(error)}")
            continue
        installed = True
        try:
            interpreter = module.Interpreter(model_content=model, num_threads=1)
            interpreter.allocate_tensors()
        except Exception as error:  # the exception depends on the runtime and on NumPy
            problems.append(f"{package}: {_first_line(error)}")
            continue
        return package, interpreter
    remedy = "the model may be damaged, reinstall it" if installed else "pip install tflite-runtime or ai-edge-litert"
    raise RuntimeMissing(f"no TFLite runtime can load the model ({'; '.join(problems)}); {remedy}")


@contextmanager
def _arithmetic_kept() -> Iterator[None]:
    """Restore the floating point environment after a library is loaded.

    tflite-runtime's for aarch64 sets flush-to-zero for this thread and its children, which affects NumPy, too, and
    makes it warn.
    """
    library = ctypes.CDLL(None)  # the C math library is loaded by NumPy
    if not hasattr(library, "fegetenv"):
        yield
        return
    kept = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    library.fegetenv(kept)
    try:
        yield
    finally:
        library.fesetenv(kept)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _quantization(tensor: Mapping[str, Any]) -> Quantization | None:
    dtype = np.dtype(tensor["dtype"])
    if dtype == np.float32:
        return None
    scale, zero_point = tensor["quantization"]
    if not 0 < scale < np.inf or not np.issubdtype(dtype, np.integer):
        raise BundleError(f"the model's tensor {tensor['name']!r} carries no usable quantization")
    return Quantization(float(scale), int(zero_point), dtype)
