"""Products of frames with filters, independent to the last bit of the number of frames.

A BLAS sums in another order for other shapes, and for the last rows of a block; multiplied row by row, the shape is
always the same. So the results for a frame are identical in a whole signal, in a stream, and in any block of it.
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
