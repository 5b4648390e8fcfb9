"""A new record is detected by its sound; a continuing one is not split."""

from __future__ import annotations

from itertools import pairwise

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
SECONDS = record_change.Seconds(SPEC.sample_rate, SPEC.hop_length, SPEC.n_fft)
NOTHING = record_change.RecordMemory(SECONDS)
DULL = synthesize(20.0, tempo_bpm=100.0)
BRIGHT = 0.5 * np.diff(synthesize(20.0, tempo_bpm=130.0, key="F#"), prepend=np.float32(0))


def records(samples: NDArray[np.float32], step_s: float = 1.0) -> list[tuple[float, float]]:
    """Return the seconds at which another record was noticed, and where it is said to begin in the end."""
    stream, memory, noticed = FeatureStream(SPEC), NOTHING, []
    step = round(step_s * RATE)
    for end in range(step, len(samples) + 1, step):
        stream.push(samples[end - step : end].astype(np.float32))
        before, memory = memory, record_change.hear_frames(memory, *stream.log_mel())
        began_s = memory.began_frame * SPEC.hop_length / RATE
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
    sounds /= np.sqrt(31)
    for end in range(6, len(sounds) + 1):
        began.append(record_change.last_change(sounds[:end], record_change.PENALTY))
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
    assert memory.next_second == SECONDS.after(500) + len(memory.sounds)
    assert len(memory.sounds) == 2


@settings(deadline=None)
@given(second=st.integers(0, 10**7), frame=st.integers(0, 10**8))
def test_a_second_ends_with_the_newest_frame_however_long_one_has_listened(second: int, frame: int) -> None:
    end = SECONDS.frame(second + 1)
    last_sample = (end - 1) * SPEC.hop_length + SPEC.n_fft // 2
    assert SPEC.hop_length <= (second + 1) * RATE - last_sample < 2 * SPEC.hop_length
    assert 41 <= end - SECONDS.frame(second) <= 44
    assert SECONDS.frame(SECONDS.after(frame)) >= frame
    assert SECONDS.after(frame) == 0 or SECONDS.frame(SECONDS.after(frame) - 1) < frame


@pytest.mark.parametrize("listened_s", [2, 17, 333, 666])
def test_what_came_by_the_end_of_a_second_is_looked_at_then(listened_s: int) -> None:
    """At no time does what is described lag behind: by frames of their own number seconds would drift to and fro."""
    stream, memory = FeatureStream(SPEC), NOTHING
    stream.push(np.resize(DULL, listened_s * RATE))
    for second in range(listened_s, listened_s + 3):
        memory = record_change.hear_frames(memory, *stream.log_mel())
        assert memory.next_second == second
        stream.push(DULL[:RATE])


def on_axes(places: NDArray[np.float64]) -> record_change.OnRecordAxes:
    """Return two patches a second, each at its second's place (seconds, axes)."""
    ends = np.array([SECONDS.frame(second) + half for second in range(len(places)) for half in (21, 42)])
    return record_change.OnRecordAxes(ends, np.repeat(places, 2, axis=0).astype(np.float32))


def test_a_record_that_the_listener_alone_tells_from_the_last_is_noticed() -> None:
    """The spectrum stays the same; the listener's answers move by some of their deviations within a record."""
    rng = np.random.default_rng(1)
    log_mel = np.tile(rng.normal(-30, 5, (43, 128)), (31, 1)).astype(np.float32)
    places = rng.normal(size=(30, 16))
    memory = record_change.hear_frames(NOTHING, 0, log_mel, on_axes(places))
    assert memory.began == 0
    places[12:] += 5.0
    memory = record_change.hear_frames(NOTHING, 0, log_mel, on_axes(places))
    assert memory.began == 12
    assert record_change.hear_frames(NOTHING, 0, log_mel).began == 0


@given(cuts=st.sets(st.integers(1, 1289), max_size=12), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_how_often_one_looks_does_not_matter_beside_a_listener(cuts: set[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_mel, places = rng.normal(-30, 5, (1290, 128)).astype(np.float32), rng.normal(size=(30, 16))
    heard, memory = on_axes(places), NOTHING
    for end in (*sorted(cuts), 1290):
        known = np.searchsorted(heard.ends, end, side="right")
        so_far = record_change.OnRecordAxes(heard.ends[:known], heard.places[:known])
        if known:
            memory = record_change.hear_frames(memory, 0, log_mel[:end], so_far)
    at_once = record_change.hear_frames(NOTHING, 0, log_mel, heard)
    np.testing.assert_array_equal(memory.sounds, at_once.sounds)


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(0, 43, 1.5), (43, 86, 3.5), (10, 20, 1.0), (200, 243, 4.0), (30, 44, 2.0)]
)
def test_a_second_lies_where_its_patches_do_or_the_nearest_before(start: int, stop: int, expected: float) -> None:
    heard = record_change.OnRecordAxes(np.arange(1, 5) * 21.5, np.array([[1.0], [2.0], [3.0], [4.0]], dtype=np.float32))
    assert heard.between(start, stop) == [expected]


def test_a_model_that_hears_no_mel_bands_knows_of_no_records() -> None:
    stream = FeatureStream(FeatureSpec(groups=("zcr_mean",)))
    stream.push(DULL)
    assert record_change.hear_frames(NOTHING, *stream.log_mel()) == NOTHING


def cost(sounds: NDArray[np.float64], begins: tuple[int, ...]) -> float:
    parts = np.split(sounds, begins)
    scatter = sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts)
    return scatter + record_change.PENALTY * len(parts)


def partitions(first: int, n: int) -> list[tuple[int, ...]]:
    """Return all ways to cut ``n`` seconds from ``first`` on into records that are long enough."""
    shortest = record_change.MIN_RECORD_S
    found: list[tuple[int, ...]] = [()] if n - first >= shortest else []
    for cut in range(first + shortest, n - shortest + 1):
        found += [(cut, *rest) for rest in partitions(cut, n)]
    return found


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 14), n_records=st.integers(1, 3))
def test_the_partition_is_the_best_of_all(seed: int, n: int, n_records: int) -> None:
    rng = np.random.default_rng(seed)
    sounds = rng.normal(size=(n, 5)) + 4 * rng.normal(size=(n_records, 5))[np.sort(rng.integers(0, n_records, n))]
    sounds /= np.sqrt(5)
    best = min(partitions(0, n), key=lambda begins: cost(sounds, begins))
    assert record_change.last_change(sounds, record_change.PENALTY) == (best[-1] if best else 0)


@settings(deadline=None)
@given(rate=st.integers(4_000, 96_000), n_fft=st.integers(32, 32_768), share=st.floats(0.001, 1.0))
def test_every_second_has_a_frame_however_long_frames_are(rate: int, n_fft: int, share: float) -> None:
    n_fft *= 2
    seconds = record_change.Seconds(rate, max(1, round(share * n_fft)), n_fft)
    starts = [seconds.frame(second) for second in range(40)]
    assert starts[0] == 0 and all(after > before for before, after in pairwise(starts))
    for frame in range(starts[10]):
        second = seconds.after(frame)
        assert seconds.frame(second) >= frame and (second == 0 or seconds.frame(second - 1) < frame)


def test_frames_longer_than_a_second_are_heard() -> None:
    rng = np.random.default_rng(0)
    for hop_length, n_fft in ((512, 32_768), (32_768, 32_768)):
        memory = record_change.RecordMemory(record_change.Seconds(8_000, hop_length, n_fft))
        for n_frames in (1, 30, 100):
            memory = record_change.hear_frames(memory, 0, rng.normal(size=(n_frames, 128)).astype(np.float32))
        assert memory.sounds and np.isfinite(memory.sounds).all()
