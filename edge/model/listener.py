"""A listener: a convolutional network that describes one log-mel patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.interpreter import RUNTIMES, Interpreter
from edge.model.sidecar import ListenerUse


class ListenerNetwork:
    """Turns each patch into a row of all outputs, the styles' scores last."""

    def __init__(self, model: bytes, use: ListenerUse, runtimes: Sequence[str] = RUNTIMES) -> None:
        """Load ``model``; ``BundleError`` if it is not as ``use`` says, ``RuntimeMissing`` if nothing can run it."""
        self.use = use
        self.interpreter = Interpreter(model, runtimes)
        shape = use.patch_spec.shape
        if self.interpreter.input_shape != shape:
            raise BundleError(f"a patch is {shape}, the listener takes {self.interpreter.input_shape}")
        sizes = tuple(size for _, size in use.outputs) + ((len(use.styles),) if use.styles else ())
        if self.interpreter.output_sizes != sizes:
            raise BundleError(f"the listener gives {self.interpreter.output_sizes}, its sidecar says {sizes}")
        self.width = sum(sizes)  # numbers in a row

    def quantize(self, patches: NDArray[np.float32]) -> NDArray[Any]:
        """Return patches (n, n_frames, n_mels) as ``rows`` takes them, a quarter as large if they are integers."""
        return self.interpreter.quantize(patches)

    def rows(self, quantized: NDArray[Any]) -> NDArray[np.float32]:
        """Describe quantized patches (n, n_frames, n_mels), n >= 0, by float32 (n, width)."""
        if not len(quantized):
            return np.empty((0, self.width), dtype=np.float32)
        return np.concatenate(self.interpreter.run(quantized), axis=1)

    def statistics(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the statistics over patches of ``rows`` (n, width), n >= 1, in the order of the head's input."""
        outputs = rows[:, : self.use.n_per_patch].astype(np.float64)
        taken = [_STATISTICS[name](outputs) for name in self.use.statistics]
        ends = np.cumsum([size for _, size in self.use.outputs])[:-1]
        of_outputs = zip(*(np.split(values, ends) for values in taken), strict=True)
        return np.asarray(np.concatenate([part for parts in of_outputs for part in parts]), dtype=np.float32)


_STATISTICS: dict[str, Any] = {
    "mean": lambda rows: rows.mean(axis=0),
    "std": lambda rows: rows.std(axis=0),
    "max": lambda rows: rows.max(axis=0),
}
