"""The axes along which records differ are those of what tells records apart, whatever else is louder."""

from __future__ import annotations

import numpy as np

from build.listener.record_axes import N_AXES, record_axes

SIZE, N_RECORDS, N_PATCHES = 40, 100, 200


def made_up(seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return rows of patches, and the directions (numbers, directions) along which their records differ.

    Everything else moves ten times as much, but within each record.
    """
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((SIZE, SIZE)))[0]
    telling, idle = basis[:, :N_AXES], basis[:, N_AXES:]
    records = []
    for _ in range(N_RECORDS):
        rows = 10 * rng.standard_normal((N_PATCHES, SIZE - N_AXES)) @ idle.T
        rows += (3 * rng.standard_normal(N_AXES) + rng.standard_normal((N_PATCHES, N_AXES))) @ telling.T
        records.append((100 + rows).astype(np.float32))
    return records, telling


def test_what_moves_within_records_is_passed_over() -> None:
    records, telling = made_up(seed=1)
    kernel = record_axes(records)
    assert kernel.shape == (SIZE, N_AXES) and kernel.dtype == np.float32
    directions = np.linalg.qr(kernel)[0]
    shared = np.linalg.svd(directions.T @ telling, compute_uv=False)
    assert shared.min() > 0.9  # cosines of the angles between the two spaces


def test_seconds_of_a_record_lie_about_one_from_its_mean() -> None:
    records, _ = made_up(seed=2)
    kernel = record_axes(records)
    seconds = [(rows[:-1] + rows[1:]) / 2 @ kernel for rows in records]
    within = np.mean([np.var(places, axis=0) for places in seconds], axis=0)
    np.testing.assert_allclose(within, 1.0, rtol=0.02)


def test_recordings_too_short_to_vary_count_nothing() -> None:
    records, _ = made_up(seed=3)
    np.testing.assert_array_equal(record_axes([*records, records[0][:3], records[0][:0]]), record_axes(records))
