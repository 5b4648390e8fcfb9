"""Another record is noticed by its sound; the same one going on is not another."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import novelty
from edge.demo import synthesize

RATE = 22_050
DULL = synthesize(20.0, tempo_bpm=100.0)
BRIGHT = 0.5 * np.diff(synthesize(20.0, tempo_bpm=130.0, key="F#"), prepend=np.float32(0))


def changes(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return the seconds at which a change was noticed, and where it is said to be."""
    memory = novelty.Memory()
    noticed = []
    for second, piece in enumerate(np.split(samples, len(samples) // RATE), 1):
        memory, began = novelty.step(memory, piece.astype(np.float32), RATE)
        noticed += [(second, second - began)] if began else []
    return noticed


def test_another_record_is_noticed_once_and_within_its_first_four_seconds() -> None:
    ((noticed, began),) = changes(np.concatenate([DULL, BRIGHT]))
    assert noticed <= 20 + novelty.NEW_S
    assert began == 20


@pytest.mark.parametrize("record", [DULL, BRIGHT])
def test_a_record_that_goes_on_is_not_another(record: NDArray[np.float32]) -> None:
    assert changes(np.concatenate([record, record])) == []


def test_the_volume_knob_is_not_another_record() -> None:
    assert changes(np.concatenate([DULL, 0.1 * DULL])) == []


def test_silence_has_a_shape_too() -> None:
    assert np.all(novelty.shape(np.zeros(RATE, np.float32), RATE) == 0)
