"""Values by their size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def median(values: Array) -> Any:
    """Return ``numpy.median`` of floats (n,), n >= 1, none of which is NaN, in a fraction of its time."""
    half = len(values) // 2
    parted = np.partition(values, half)
    upper = parted[half]
    return upper if len(values) % 2 else (parted[:half].max() + upper) / values.dtype.type(2)
