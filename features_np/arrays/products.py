"""Products of frames with filters, independent to the last bit of the number of frames.

A BLAS sums in another order for other shapes, and for the last rows of a block. So frames are multiplied in steps of a
fixed number of rows, and the last step is filled up with zeros: the results for a frame are identical in a whole
signal, in a stream, and in any block of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Rows of a step, the first choice first. All rows of a tile of OpenBLAS's kernels are summed in the same order; tiles
#: have 4, 8 or 12 rows. (With 16, the Haswell kernels sum the last 4 in another order.)
ROWS = (24, 12)
#: Multiplications up to which OpenBLAS uses one thread; several would split the rows anywhere.
ALONE = 1 << 18


def frame_product(rows: Array, weights: Array, out: Array | None = None) -> Array:
    """Return ``rows`` (n, k) times ``weights`` (k, m), each row as it would be by itself: (n, m), in ``out`` if given.

    ``rows`` may have further axes before, (..., n, k), if there is no ``out``.
    """
    if weights.shape[1] == 1 and out is None:  # a dot product of each row: steps would not be faster
        return np.asarray(np.matmul(rows[..., np.newaxis, :], weights))[..., 0, :]
    if rows.ndim > 2:
        return frame_product(rows.reshape(-1, rows.shape[-1]), weights).reshape(*rows.shape[:-1], -1)
    (n_rows, n_inputs), n_outputs = rows.shape, weights.shape[1]
    products: Array = np.empty((n_rows, n_outputs), np.result_type(rows, weights)) if out is None else out
    step = _rows_at_once(n_inputs, n_outputs, products.dtype, weights.flags.c_contiguous)
    rest = n_rows % step
    if rest:
        last = np.zeros((step, n_inputs), dtype=rows.dtype)
        last[:rest] = rows[n_rows - rest :]
        products[n_rows - rest :] = np.matmul(last, weights)[:rest]
        rows, part = rows[: n_rows - rest], products[: n_rows - rest]
    else:
        part = products
    if len(rows):
        np.matmul(rows.reshape(-1, step, n_inputs), weights, out=part.reshape(-1, step, n_outputs))
    return products


def whole_steps(n_rows: int) -> int:
    """Return ``n_rows`` rounded up to whole steps, for which the last rows are not copied."""
    return -(-n_rows // ROWS[0]) * ROWS[0]


@lru_cache(maxsize=256)
def _rows_at_once(n_inputs: int, n_outputs: int, dtype: np.dtype[Any], by_input: bool) -> int:
    """Return a number of rows that this BLAS sums in the same order at each place: one of ``ROWS``, or 1.

    Determined by a trial, since the order depends on shapes alone. ``by_input`` is the memory order of the weights.
    """
    for step in ROWS:
        if step * n_inputs * n_outputs <= ALONE:
            weights = _any_numbers(n_inputs, n_outputs).astype(dtype, order="C" if by_input else "F")
            places = np.arange(step)
            turned = (places + places[:, np.newaxis]) % step  # each row comes to each place
            products = np.matmul(_any_numbers(step, n_inputs).astype(dtype)[turned], weights)
            if np.array_equal(products, products[0][turned]):
                return step
    return 1


def _any_numbers(*shape: int) -> NDArray[np.float64]:
    """Return numbers of both signs and full precision, whose sum depends on its order in the last bits."""
    numbers = np.arange(np.prod(shape)) * np.sqrt(5.0)
    return np.asarray(numbers - np.rint(numbers)).reshape(shape)
