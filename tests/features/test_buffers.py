"""The sliding buffer against an unbounded list."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features_np.window.buffers import SlidingBuffer

#: Rows that are added, and how many are needed afterwards.
STEPS = st.one_of(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100)), max_size=40),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=20, max_size=40),
)


@given(keep=st.integers(1, 90), steps=STEPS)
def test_the_newest_rows_are_there_and_the_memory_is_no_more_than_needed(
    keep: int, steps: list[tuple[int, int]]
) -> None:
    buffer, oldest = SlidingBuffer(keep, dtype=np.int64), 0
    untouched = -1
    buffer._data[:] = untouched
    most = 0
    for length, needed in steps:
        end = buffer.end + length
        most = max(most, min(keep, end - oldest))
        buffer.append(np.arange(buffer.end, end))
        assert buffer.end == end
        assert buffer.start == max(oldest, end - keep, 0)
        assert buffer.view(buffer.start, end).tolist() == list(range(buffer.start, end))
        oldest = max(buffer.start, end - needed)
        buffer.forget_before(oldest)
        assert buffer.start == oldest
    assert np.count_nonzero(buffer._data != untouched) <= 2 * most
