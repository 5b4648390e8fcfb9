"""The closed form of the mean tempogram against the mean of librosa's tempogram, to rounding."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features_np.rhythm.pulse import mean_tempogram
from tests.features.recordings import full_tracks, recording

#: The running sums lose four digits at most (FAINT) of sixteen.
TOLERANCE = 1e-11


def assert_is_the_mean(envelope: np.ndarray, win_length: int) -> None:
    expected = librosa.feature.tempogram(onset_envelope=envelope, win_length=win_length).mean(axis=1)
    assert np.max(np.abs(mean_tempogram(envelope, win_length) - expected)) < TOLERANCE


@pytest.mark.parametrize("track", full_tracks(1) or ["absent"])
def test_recordings(track: str) -> None:
    assert_is_the_mean(librosa.onset.onset_strength(y=recording(track)).astype(np.float64), 344)


@settings(deadline=None, max_examples=100)
@given(
    n_frames=st.integers(1, 700),
    win_length=st.integers(2, 400),
    density=st.sampled_from((0.0, 0.01, 0.3, 1.0)),
    decades=st.sampled_from((0, 3, 12)),
    seed=st.integers(0, 1000),
)
def test_any_envelope(n_frames: int, win_length: int, density: float, decades: int, seed: int) -> None:
    """Sparse ones leave columns empty; those of many orders of magnitude have columns that drown in the sums."""
    noise = np.random.default_rng(seed)
    envelope = noise.random(n_frames) * (noise.random(n_frames) < density)
    assert_is_the_mean(envelope * 10.0 ** (-decades * np.linspace(0, 1, n_frames)), win_length)
