"""Products of frames: each frame's results do not depend on the frames beside it, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features_np.arrays import products
from features_np.arrays.order import median
from features_np.arrays.products import frame_product


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 60), st.integers(1, 300), st.sampled_from((1, 7, 8, 12, 30))),
    dtype=st.sampled_from((np.float32, np.float64)),
    order=st.sampled_from("CF"),
    seed=st.integers(0, 1_000),
)
def test_a_row_is_the_same_alone_and_among_others(
    shape: tuple[int, int, int], dtype: type, order: str, seed: int
) -> None:
    n_rows, n_inputs, n_outputs = shape
    noise = np.random.default_rng(seed)
    rows = noise.standard_normal((n_rows, n_inputs)).astype(dtype)
    weights = noise.standard_normal((n_inputs, n_outputs)).astype(dtype, order=order)
    together = frame_product(rows, weights)
    assert together.dtype == dtype
    assert np.array_equal(together, np.concatenate([frame_product(row[np.newaxis], weights) for row in rows]))
    assert np.array_equal(together[::-1], frame_product(np.ascontiguousarray(rows[::-1]), weights))
    exact = rows.astype(np.float64) @ weights.astype(np.float64)
    assert np.allclose(together, exact, rtol=0, atol=n_inputs * np.finfo(dtype).eps * 8)


def test_a_number_of_rows_that_are_not_summed_alike_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A BLAS that adds something to the last row of a step; rows are then multiplied one by one."""
    multiply = np.matmul

    def last_row_differs(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        result = multiply(rows, weights)
        if rows.shape[-2] > 1:
            result[..., -1, :] *= 1 + 1e-6
        return result

    trial = products._rows_at_once.__wrapped__
    assert trial(100, 8, np.dtype(np.float32), True) in products.ROWS
    monkeypatch.setattr(np, "matmul", last_row_differs)
    assert trial(100, 8, np.dtype(np.float32), True) == 1


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=40))
def test_the_median_is_numpys(values: list[float]) -> None:
    for dtype in (np.float32, np.float64):
        array = np.array(values, dtype=dtype)
        assert median(array) == np.median(array)
