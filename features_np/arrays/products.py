"""Products of frames with filters, whose last digits do not depend on how many frames are multiplied at once.

A BLAS sums in another order for other shapes, and for the last rows of a block; what is multiplied row by row always
has one shape. So a frame is the same, to the bit, in a whole signal, in a stream, and in any block of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def row_by_row(rows: Array, weights: Array, out: Array | None = None) -> Array:
    """Return ``rows`` (..., n, k) times ``weights`` (k, m), each row by itself: (..., n, m), in ``out`` if given."""
    products = None if out is None else out[..., np.newaxis, :]
    return np.asarray(np.matmul(rows[..., np.newaxis, :], weights, out=products))[..., 0, :]
