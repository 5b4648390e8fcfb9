"""The resampler: a stream equals one call, tones keep their height, features of a copy at another rate stay close."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from features_np.spec import LIBROSA_GROUPS
from tests.golden.signals import SIGNALS

BLOCK_SIZES = st.lists(st.sampled_from((0, 1, 2, 17, 511, 512, 513, 4_410, 44_100)), max_size=8)
RATES = st.sampled_from(
    ((48_000, 22_050), (44_100, 22_050), (16_000, 22_050), (22_050, 48_000), (8_000, 11_025), (44_099, 22_050))
)


def _noise(n: int) -> np.ndarray:
    return (0.3 * np.random.default_rng(n).standard_normal(n)).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(sizes=BLOCK_SIZES, rates=RATES)
def test_stream_equals_one_call(sizes: list[int], rates: tuple[int, int]) -> None:
    orig_sr, target_sr = rates
    y = _noise(sum(sizes))
    resampler = fx.Resampler(orig_sr, target_sr)
    for _ in range(2):  # flush resets: the second round must be the first
        blocks = [resampler.push(block) for block in np.split(y, np.cumsum(sizes)[:-1] if sizes else [])]
        streamed = np.concatenate([*blocks, resampler.flush()])
        expected = fx.resample(y, orig_sr=orig_sr, target_sr=target_sr)
        assert streamed.dtype == np.float32
        assert len(streamed) == -(-len(y) * target_sr // orig_sr)
        assert np.array_equal(streamed, expected)


def test_reset_forgets_and_without_it_the_past_is_heard() -> None:
    resampler = fx.Resampler(48_000, 22_050)
    silence, noise = np.zeros(4800, dtype=np.float32), _noise(4800)
    first = resampler.push(silence)
    resampler.push(noise)
    resampler.reset()
    assert np.array_equal(resampler.push(silence), first)
    resampler.push(noise)
    assert np.any(resampler.push(silence))


@pytest.mark.parametrize(
    ("orig_sr", "target_sr"), [(48_000, 22_050), (44_100, 22_050), (16_000, 22_050), (96_000, 22_050)]
)
def test_tones_keep_their_height_up_to_the_cutoff_and_vanish_beyond(orig_sr: int, target_sr: int) -> None:
    def tone(hertz: float, rate: int) -> np.ndarray:
        return np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)

    middle = slice(target_sr // 4, -target_sr // 4)
    nyquist = min(orig_sr, target_sr) / 2
    for share in (0.01, 0.3, 0.8, 0.94):
        ours = fx.resample(tone(share * nyquist, orig_sr), orig_sr=orig_sr, target_sr=target_sr)
        assert np.max(np.abs(ours - tone(share * nyquist, target_sr))[middle]) < 2e-3, share  # 0.02 dB
    if orig_sr > target_sr:
        beyond = fx.resample(tone(1.03 * nyquist, orig_sr), orig_sr=orig_sr, target_sr=target_sr)
        assert np.max(np.abs(beyond[middle])) < 1e-4  # -80 dB


@pytest.mark.parametrize(
    ("orig_sr", "target_sr"), [(48_000, 22_050), (44_100, 22_050), (16_000, 22_050), (8_000, 11_025)]
)
def test_the_fast_way_is_the_filter_applied_output_by_output(
    orig_sr: int, target_sr: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = _noise(orig_sr)
    fast = fx.resample(y, orig_sr=orig_sr, target_sr=target_sr)
    monkeypatch.setattr(import_module("features_np.resample"), "MAX_PHASES", 0)  # the function has its name
    one_by_one = fx.resample(y, orig_sr=orig_sr, target_sr=target_sr)
    assert np.max(np.abs(fast - one_by_one)) < 1e-5  # -100 dB: what the filter lets through beyond its end


def test_features_of_a_48_khz_copy_stay_close() -> None:
    """Bounds: what the band above 0.94 of Nyquist moves, which is lost and where the hi-hats are. Tempo must stay."""
    y = SIGNALS["music"]()
    spec = fx.FeatureSpec(groups=LIBROSA_GROUPS)
    copy = fx.resample(fx.resample(y, orig_sr=22_050, target_sr=48_000), orig_sr=48_000, target_sr=22_050)
    assert len(copy) == len(y)
    names, here, there = spec.vector_names, fx.summarize(y, spec), fx.summarize(copy, spec)
    bounds = {"mfcc": 1.0, "chroma": 0.01, "tempo": 0.0, "zcr": 0.01, "rolloff": 300.0, "centroid": 150.0}
    for name, original, resampled in zip(names, here, there, strict=True):
        assert abs(original - resampled) <= bounds[name.split("_", maxsplit=1)[0]], name


def test_equal_rates_copy() -> None:
    y = _noise(100)
    same = fx.resample(y, orig_sr=22_050, target_sr=22_050)
    assert np.array_equal(same, y)
    assert same is not y


@pytest.mark.parametrize("rate", [0, -1, 22_050.5, 1_000_000, True, float("nan")])
def test_a_rate_that_cannot_be_is_an_error(rate: float) -> None:
    with pytest.raises(fx.SampleRateError, match="whole"):
        fx.Resampler(rate, 22_050)
