"""The resampler: a stream equals one call, tones keep their height, features of a copy at another rate stay close."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from edge.diagnostics.selftest import PARITY_TOLERANCES
from features_np.signals import resampling
from tests.golden.signals import SIGNALS

BLOCK_SIZES = st.lists(st.sampled_from((0, 1, 2, 17, 511, 512, 513, 4_410, 44_100)), max_size=8)
RATES = st.sampled_from(
    (
        (48_000, 22_050),
        (44_100, 22_050),
        (16_000, 22_050),
        (22_050, 48_000),
        (8_000, 11_025),
        (44_099, 22_050),
        (22_255, 16_000),
    )
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
        expected = fx.resample(y, orig_sr=orig_sr, target_sr=target_sr, fix=False)
        assert streamed.dtype == np.float32
        assert len(streamed) == -(-len(y) * target_sr // orig_sr)
        assert np.array_equal(streamed, expected)


def test_librosas_length_may_be_a_sample_longer_and_no_other_differs() -> None:
    """At rates whose ratio is rounded up as a float, whole seconds have a sample too many in librosa, and here."""
    second = _noise(22_050)
    one, exact = (fx.resample(second, orig_sr=22_050, target_sr=48_000, fix=fix) for fix in (True, False))
    assert (len(one), len(exact)) == (48_001, 48_000)
    assert np.array_equal(one[:-1], exact)
    assert one[-1] == 0


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
    ("orig_sr", "target_sr"),
    [(48_000, 22_050), (44_100, 22_050), (16_000, 22_050), (96_000, 22_050), (44_099, 22_050), (191_999, 16_000)],
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
    ("orig_sr", "target_sr"),
    [(48_000, 22_050), (44_100, 22_050), (16_000, 22_050), (8_000, 11_025), (44_099, 22_050), (22_255, 16_000)],
)
def test_either_way_is_the_filter_applied_output_by_output(orig_sr: int, target_sr: int) -> None:
    y = _noise(orig_sr)
    ours = fx.resample(y, orig_sr=orig_sr, target_sr=target_sr)
    share = min(1.0, target_sr / orig_sr)
    for output in (0, 1, 77, target_sr // 3, target_sr - 1):
        distance = np.arange(orig_sr) - output * orig_sr / target_sr
        place = np.clip(distance / np.ceil(resampling.ZERO_CROSSINGS / share), -1.0, 1.0)
        taps = resampling.windowed_sinc(resampling.CUTOFF * share * distance, place, resampling.KAISER_BETA)
        taps[np.abs(place) == 1.0] = 0.0
        gain = resampling.CUTOFF * share / np.i0(resampling.KAISER_BETA)
        assert ours[output] == pytest.approx(gain * taps @ y, abs=1e-5), output  # -100 dB


@settings(deadline=None, max_examples=60)
@given(orig_sr=st.integers(4_000, 384_000), target_sr=st.sampled_from((16_000, 22_050, 48_000)))
def test_any_rate_keeps_every_sample_in_its_place_with_little_memory(orig_sr: int, target_sr: int) -> None:
    """Two pulses, which lie between samples: the output has them where they were, and no more and no fewer samples."""

    def pulses(rate: int) -> np.ndarray:
        t = np.arange(round(1.1 * rate)) / rate
        return sum(np.exp(-(((t - at) * 2_000.0) ** 2)) for at in (0.0, 0.300_007, 1.05)).astype(np.float32)

    y, expected = pulses(orig_sr), pulses(target_sr)
    for cached in (resampling.plan_of, resampling.fast_convolution):
        cached.cache_clear()
    tracemalloc.start()
    try:
        resampler = fx.Resampler(orig_sr, target_sr)
        blocks = [resampler.push(block) for block in np.array_split(y, 9)]
        needed = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    ours = np.concatenate([*blocks, resampler.flush()])
    assert len(ours) == -(-len(y) * target_sr // orig_sr)
    inner = slice(target_sr // 50, round(1.08 * target_sr))  # the pulses go on before the beginning
    assert np.max(np.abs(ours[inner] - expected[inner])) < 1e-4
    assert needed < 4_000_000  # bytes, outputs and all


@pytest.mark.parametrize("orig_sr", [44_099, 191_999, 383_999, 326_500])
def test_the_first_second_at_an_odd_rate_takes_no_time(orig_sr: int) -> None:
    y, seconds = _noise(orig_sr), []
    for _ in range(5):
        for cached in (resampling.plan_of, resampling.fast_convolution):
            cached.cache_clear()
        began = time.process_time()
        fx.Resampler(orig_sr, 22_050).push(y)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.05


@pytest.mark.parametrize("orig_sr", [8_000, 44_099, 44_100, 48_000, 191_999])
def test_thirty_seconds_at_any_rate_are_as_many_samples(orig_sr: int) -> None:
    """A file's end is not lost in the filter, nor is what comes before a gap: flush has it."""
    resampler, n_samples = fx.Resampler(orig_sr, 22_050), 0
    for _ in range(30):
        n_samples += len(resampler.push(_noise(orig_sr)))
        assert n_samples <= 30 * 22_050
    assert n_samples > (30 - resampler.delay_s) * 22_050 - 2
    assert n_samples + len(resampler.flush()) == 30 * 22_050


def test_features_of_a_48_khz_copy_stay_close() -> None:
    """Bounds: what the band above 0.94 of Nyquist moves, which is lost and where the hi-hats are. Tempo must stay."""
    y = SIGNALS["music"]()
    spec = fx.FeatureSpec(groups=tuple(PARITY_TOLERANCES))
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
