"""The simulated microphone and the changes of frames: they do what they say, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build.audio.simulated_microphone import (
    EVALUATION_ROOMS,
    SAMPLE_RATE,
    Part,
    Surroundings,
    respond,
    simulate,
    surroundings,
)
from build.corpora.frame_variants import FrameAugmentation, change_frames
from build.models.row_variants import Augmentation, RowAugmenter
from edge.audio.demo import synthesize
from features_np import FeatureSpec, summarize
from tests.shared_data import shared_data

NOWHERE = Surroundings(rooms=(np.array([1.0]),), noises=())


def frames(n_frames: int = 200, seed: int = 0) -> np.ndarray:
    levels = np.random.default_rng(seed).normal(-20, 8, (n_frames, 128))
    return np.maximum(levels - levels.max(), -40.0)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(SAMPLE_RATE // 2, 2 * SAMPLE_RATE))
def test_a_microphone_records_as_many_samples_within_full_scale(seed: int, n_samples: int) -> None:
    music = synthesize(2.0)[:n_samples]
    degraded = simulate(music, NOWHERE, np.random.default_rng(seed))
    assert degraded.shape == music.shape and degraded.dtype == np.float32
    assert np.all(np.isfinite(degraded)) and 0.01 < np.max(np.abs(degraded)) <= 1.3  # a codec may overshoot
    again = simulate(music, NOWHERE, np.random.default_rng(seed))
    assert np.array_equal(degraded, again)


def test_silence_stays_near_silence() -> None:
    degraded = simulate(np.zeros(SAMPLE_RATE, dtype=np.float32), NOWHERE, np.random.default_rng(0))
    assert np.all(np.isfinite(degraded))


def test_a_response_changes_levels_as_it_says() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 1000 * time)
    quieter = respond(tone, np.full(64, -6.0206))
    np.testing.assert_allclose(quieter[1000:-1000], tone[1000:-1000] / 2, atol=1e-3)


def test_rooms_and_noises_of_evaluation_are_not_those_of_training() -> None:
    shared_data("impulse_responses")
    training, evaluation = surroundings(Part.TRAINING), surroundings(Part.EVALUATION)
    for kind in ("rooms", "noises"):
        ours, theirs = ({item.tobytes() for item in getattr(part, kind)} for part in (training, evaluation))
        assert len(ours) >= 9 and len(theirs) >= 9
        assert not ours & theirs
    assert len(EVALUATION_ROOMS) == 3


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_changed_frames_are_frames(seed: int) -> None:
    everything = FrameAugmentation(crop=(20, 50, 500), stretch=0.08, shift=2)
    changed = change_frames(frames(), everything, np.random.default_rng(seed))
    assert changed.shape[1] == 128 and 19 <= len(changed) <= 218
    assert changed.max() == 0.0 and changed.min() >= -40.0 and np.all(np.isfinite(changed))
    again = change_frames(frames(), everything, np.random.default_rng(seed))
    assert np.array_equal(changed, again)


def test_each_change_does_its_part() -> None:
    original = frames()
    rng = np.random.default_rng(1)
    assert np.array_equal(change_frames(original, FrameAugmentation(), rng), original)
    assert len(change_frames(original, FrameAugmentation(crop=(50,)), rng)) == 50
    one_band = np.full((10, 128), -40.0)
    one_band[:, 60] = 0.0
    shifted = {int(change_frames(one_band, FrameAugmentation(shift=2), rng)[0].argmax()) for _ in range(50)}
    assert shifted == {58, 59, 60, 61, 62}
    faster = [len(change_frames(original, FrameAugmentation(stretch=0.08), rng)) for _ in range(50)]
    assert 184 <= min(faster) < 200 < max(faster) <= 218


def test_a_gain_on_rows_is_the_gain_of_audio() -> None:
    """The claim behind the row augmentation: a flat response adds a constant to the first MFCC mean alone."""
    spec = FeatureSpec()
    y = synthesize(4.0)
    difference = summarize(0.5 * y, spec) - summarize(y, spec)
    expected = -20 * np.log10(2) * np.sqrt(spec.n_mels)
    assert difference[0] == pytest.approx(expected, rel=1e-3)
    assert np.max(np.abs(difference[1:])) < 0.01
    row = summarize(y, spec)[np.newaxis]
    augmenter = RowAugmenter(Augmentation(gain_db=6.0206), spec, np.ones(85, dtype=np.float32))
    changed = augmenter.rows(np.repeat(row, 400, axis=0), np.random.default_rng(0)) - row
    assert np.abs(changed[:, 0]).max() == pytest.approx(-expected, rel=0.02)
    assert np.max(np.abs(changed[:, 1:30])) < 1e-3 and np.all(changed[:, 30:] == 0)


def test_a_transposition_on_rows_rotates_means_and_deviations_together() -> None:
    spec = FeatureSpec(groups=("chroma_mean", "chroma_std"))
    row = np.arange(24, dtype=np.float32)[np.newaxis]
    augmenter = RowAugmenter(Augmentation(transpose=True), spec, np.ones(24, dtype=np.float32))
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(100):
        changed = augmenter.rows(row, rng)[0]
        steps = int(changed.argmin())
        seen.add(steps)
        assert np.array_equal(changed, np.concatenate([np.roll(row[0, :12], steps), np.roll(row[0, 12:], steps)]))
    assert seen == set(range(12))
