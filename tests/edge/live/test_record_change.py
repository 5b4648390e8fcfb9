"""Another record is noticed by its sound; the same one going on is not another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.live import record_change
from features_np import FeatureSpec, FeatureStream

RATE = 22_050
SPEC = FeatureSpec()
NOTHING = record_change.RecordMemory(n_frames=43)
DULL = synthesize(20.0, tempo_bpm=100.0)
BRIGHT = 0.5 * np.diff(synthesize(20.0, tempo_bpm=130.0, key="F#"), prepend=np.float32(0))


def records(samples: NDArray[np.float32], step_s: float = 1.0) -> list[tuple[float, float]]:
    """Return the seconds at which another record was noticed, and where it is said to begin in the end."""
    stream, memory, noticed = FeatureStream(SPEC), NOTHING, []
    step = round(step_s * RATE)
    for end in range(step, len(samples) + 1, step):
        stream.push(samples[end - step : end].astype(np.float32))
        before, memory = memory, record_change.hear_frames(memory, *stream.log_mel())
        began_s = memory.began * SPEC.hop_length / RATE
        if record_change.is_another(before, memory):
            noticed.append((end / RATE, began_s))
        elif noticed:
            noticed[-1] = noticed[-1][0], began_s
    return noticed


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize("change_s", [20.0, 19.5, 13.3])
@pytest.mark.parametrize(("first", "second"), [(DULL, BRIGHT), (BRIGHT, DULL)])
def test_another_record_is_noticed_once_and_within_five_seconds(
    first: NDArray[np.float32], second: NDArray[np.float32], change_s: float
) -> None:
    ((noticed, began),) = records(np.concatenate([first[: round(change_s * RATE)], second]))
    assert noticed <= change_s + 5
    assert began == pytest.approx(change_s, abs=1.0)


@pytest.mark.parametrize("gap_s", [0.7, 1.5])
def test_a_gap_between_records_belongs_to_neither_for_long(gap_s: float) -> None:
    ((noticed, began),) = records(np.concatenate([DULL, silence(gap_s), BRIGHT]))
    assert noticed <= 20 + gap_s + 5
    assert 20 - 1 <= began <= 20 + gap_s + 1


@pytest.mark.parametrize("record", [DULL, BRIGHT])
def test_a_record_that_goes_on_is_not_another(record: NDArray[np.float32]) -> None:
    assert records(np.concatenate([record, record, record])) == []


def test_a_rest_does_not_make_another_record() -> None:
    assert records(np.concatenate([DULL[: 10 * RATE], silence(1.0), DULL])) == []


def test_the_volume_knob_does_not_make_another_record() -> None:
    assert records(np.concatenate([DULL, 0.1 * DULL])) == []


def test_what_was_taken_for_a_change_is_taken_back() -> None:
    """Four seconds that sound a little different, and then the record as before: the window reaches back again."""
    rng = np.random.default_rng(1)
    usual, other = rng.normal(size=31), 2.6
    began = []
    sounds = np.array([usual + other * (20 <= second < 24) + 0.1 * rng.normal(size=31) for second in range(40)])
    for end in range(6, len(sounds) + 1):
        began.append(record_change.last_change(sounds[:end]))
    assert 20 in began
    assert began[-1] == 0


def test_where_a_record_began_is_still_known_when_that_was_long_ago() -> None:
    samples = np.concatenate([DULL, BRIGHT, BRIGHT, BRIGHT])
    ((noticed, began),) = records(samples)
    assert noticed < 25
    assert began == pytest.approx(20, abs=1.5)


def test_how_the_stream_is_cut_does_not_matter() -> None:
    samples = np.concatenate([DULL, BRIGHT])
    (often,), (seldom,) = records(samples, 0.5), records(samples, 4.0)
    assert often[1] == seldom[1]


def test_frames_that_were_lost_begin_it_anew() -> None:
    log_mel = np.zeros((100, 128), np.float32)
    memory = record_change.hear_frames(record_change.hear_frames(NOTHING, 0, log_mel), 500, log_mel)
    assert memory.next_frame == 500 + 2 * NOTHING.n_frames
    assert len(memory.sounds) == 2


def test_a_model_that_hears_no_mel_bands_knows_of_no_records() -> None:
    stream = FeatureStream(FeatureSpec(groups=("zcr_mean",)))
    stream.push(DULL)
    assert record_change.hear_frames(NOTHING, *stream.log_mel()) == NOTHING


def cost(sounds: NDArray[np.float64], begins: tuple[int, ...]) -> float:
    parts = np.split(sounds, begins)
    scatter = sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts)
    return scatter / sounds.shape[1] + record_change.PENALTY * len(parts)


def partitions(first: int, n: int) -> list[tuple[int, ...]]:
    """Return all ways to cut ``n`` seconds from ``first`` on into records that are long enough."""
    shortest = record_change.SHORTEST
    found: list[tuple[int, ...]] = [()] if n - first >= shortest else []
    for cut in range(first + shortest, n - shortest + 1):
        found += [(cut, *rest) for rest in partitions(cut, n)]
    return found


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 14), n_records=st.integers(1, 3))
def test_the_partition_is_the_best_of_all(seed: int, n: int, n_records: int) -> None:
    rng = np.random.default_rng(seed)
    sounds = rng.normal(size=(n, 5)) + 4 * rng.normal(size=(n_records, 5))[np.sort(rng.integers(0, n_records, n))]
    best = min(partitions(0, n), key=lambda begins: cost(sounds, begins))
    assert record_change.last_change(sounds) == (best[-1] if best else 0)
