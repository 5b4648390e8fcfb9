"""The axes along which records differ are those of what tells records apart, whatever else is louder."""

from __future__ import annotations

import numpy as np
import pytest

from build.listener.record_axes import N_AXES, patches_in_a_second, record_axes
from features_np.front_end import PatchSpec

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
    kernel = record_axes(records, 2)
    assert kernel.shape == (SIZE, N_AXES) and kernel.dtype == np.float32
    directions = np.linalg.qr(kernel)[0]
    shared = np.linalg.svd(directions.T @ telling, compute_uv=False)
    assert shared.min() > 0.9  # cosines of the angles between the two spaces


def test_seconds_of_a_record_lie_about_one_from_its_mean() -> None:
    records, _ = made_up(seed=2)
    kernel = record_axes(records, 2)
    seconds = [(rows[:-1] + rows[1:]) / 2 @ kernel for rows in records]
    within = np.mean([np.var(places, axis=0) for places in seconds], axis=0)
    np.testing.assert_allclose(within, 1.0, rtol=0.02)


def test_recordings_too_short_to_vary_count_nothing() -> None:
    records, _ = made_up(seed=3)
    np.testing.assert_array_equal(record_axes([*records, records[0][:3], records[0][:0]], 2), record_axes(records, 2))


@pytest.mark.parametrize(("patch_hop", "per_second"), [(48, 2), (96, 1), (24, 4)])
def test_a_second_has_as_many_patches_as_the_front_end_gives(patch_hop: int, per_second: int) -> None:
    assert patches_in_a_second(PatchSpec(patch_hop=patch_hop)) == per_second
    records, _ = made_up(seed=4)
    kernel = record_axes(records, per_second)
    seconds = [
        np.mean([rows[i : len(rows) - per_second + 1 + i] for i in range(per_second)], axis=0) for rows in records
    ]
    within = np.mean([np.var(places @ kernel, axis=0) for places in seconds], axis=0)
    np.testing.assert_allclose(within, 1.0, rtol=0.02)
