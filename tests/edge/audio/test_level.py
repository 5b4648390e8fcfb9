"""The mix that is heard: the mean of the channels, unless they cancel each other out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.audio.level import CANCELLED, mono
from features_np import pcm


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 300),
    gains=st.lists(st.sampled_from([1.0, -1.0, 0.999, 0.5, 0.0]), min_size=1, max_size=4),
    loudness=st.floats(-6.0, 0.0),
    noise=st.floats(-9.0, 0.0),
)
def test_the_loudest_channel_is_heard_where_the_mix_is_40_db_below_it(
    seed: int, n: int, gains: list[float], loudness: float, noise: float
) -> None:
    rng = np.random.default_rng(seed)
    sound = 10.0**loudness * rng.standard_normal((n, 1))
    frames = (sound * gains + 10.0**noise * rng.standard_normal((n, len(gains)))).astype(np.float32)
    expected = pcm.to_mono(frames.T)
    powers = np.einsum("ij,ij->j", frames, frames)
    if len(gains) > 1 and n and float(expected @ expected) < CANCELLED * powers.max():
        expected = frames[:, powers.argmax()]
    np.testing.assert_array_equal(mono(frames), expected)


def test_a_sound_in_opposite_phase_is_heard() -> None:
    sound = np.sin(np.arange(1000, dtype=np.float32) / 7)
    np.testing.assert_array_equal(mono(np.stack((sound, -sound), axis=1)), sound)
    np.testing.assert_array_equal(mono(np.zeros((5, 2), dtype=np.float32)), np.zeros(5))
