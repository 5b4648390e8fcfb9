"""The timbre groups: against plain formulas, against what must not change them, and on signals far too short."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from build.tables.feature_sets import MOVEMENT_GROUPS, TIMBRE_GROUPS
from edge.audio.demo import synthesize
from features_np import FeatureSpec, SpecError, summarize
from features_np.vector.groups import COARSE_CEPSTRA, COARSE_LEVELS, GROUPS, Series
from features_np.vector.parameters import PITCH_CLASSES
from features_np.vector.timbre import (
    MODULATION_FRAMES,
    below_peak,
    chroma_profile,
    coarse_cepstra,
    coarse_frames,
    modulation_energy,
)

SPEC = FeatureSpec(groups=TIMBRE_GROUPS)
COARSE = {"interval": SPEC.coarse_interval, "offset": SPEC.coarse_offset, "range_db": SPEC.coarse_range_db}


def timbre_statistics(frames: np.ndarray) -> dict[str, np.ndarray]:
    """The groups that coarse frames alone decide."""
    series = {COARSE_LEVELS: Series(frames, SPEC), COARSE_CEPSTRA: Series(coarse_cepstra(frames), SPEC)}
    groups = [GROUPS[name] for name in MOVEMENT_GROUPS if GROUPS[name].quantity in series]
    return {group.name: group.statistic(series[group.quantity]) for group in groups}


def levels(n_frames: int, seed: int = 0) -> np.ndarray:
    return below_peak(np.random.default_rng(seed).normal(-20, 9, (n_frames, 128)), 40.0)


def test_coarse_frames_lie_90_ms_apart_and_40_db_below_the_loudest() -> None:
    log_mel = np.repeat(np.arange(1300, dtype=np.float32)[:, np.newaxis], 128, axis=1)
    frames = coarse_frames([log_mel[:1], log_mel[1:1298], log_mel[1298:]], **COARSE)
    assert frames.shape == (336, 128)  # as many as a 30 s track's published frames
    assert frames.max() == 0.0 and frames.min() == -40.0
    taken = [int(3.8626 * index + 3.75) for index in range(336)]
    assert frames[-9:, 0].tolist() == [index - taken[-1] for index in taken[-9:]]
    seconds = (1300 * SPEC.hop_length / SPEC.sample_rate) / len(frames)
    assert seconds == pytest.approx(0.09, abs=0.001)


def test_statistics_follow_their_formulas() -> None:
    frames = levels(200)
    cepstra = np.array([scipy.fft.dct(frame, norm="ortho")[:20] for frame in frames])
    found = timbre_statistics(frames)
    np.testing.assert_allclose(found["timbre_mean"], np.mean(cepstra, axis=0))
    np.testing.assert_allclose(found["timbre_std"], np.std(cepstra, axis=0))
    np.testing.assert_allclose(found["timbre_step"], [np.mean(np.abs(np.diff(column))) for column in cepstra.T])
    np.testing.assert_allclose(found["timbre_slope"], [np.std(column[3:] - column[:-3]) for column in cepstra.T])
    covariance = np.cov(cepstra[:, :16].T)
    index = list(zip(*np.triu_indices(16), strict=True)).index((2, 5))
    assert found["timbre_covariance"][index] ** 2 == pytest.approx(abs(covariance[2, 5]))
    assert np.sign(found["timbre_covariance"][index]) == np.sign(covariance[2, 5])
    assert found["flux"][3] == pytest.approx(np.mean(np.abs(np.diff(frames[:, 24:32], axis=0))))
    assert found["roughness"][3] == pytest.approx(np.mean(np.abs(frames[:, 24:32] - frames[:, 25:33])))


def test_a_band_that_pulses_shows_at_its_modulation_frequency() -> None:
    frames = np.zeros((256, 8))
    frames[:, 5] = 10 * np.sin(2 * np.pi * 10 / MODULATION_FRAMES * np.arange(256))  # bin 10 is in the band 8 to 11
    energy = modulation_energy(frames)
    assert energy.shape == (9, 8)
    assert np.unravel_index(np.argmax(energy), energy.shape) == (5, 5)
    assert energy[:, :5].max() == 0.0


def test_gain_and_key_change_nothing() -> None:
    frames = levels(100)
    for group, values in timbre_statistics(below_peak(frames + 17.0, 40.0)).items():
        np.testing.assert_allclose(values, timbre_statistics(frames)[group], atol=1e-9)
    mean, deviation = np.random.default_rng(1).random((2, 12))
    for steps in range(1, 12):
        rotated = chroma_profile(np.roll(mean, steps), np.roll(deviation, steps))
        np.testing.assert_allclose(rotated, chroma_profile(mean, deviation), atol=1e-12)


def test_a_quieter_recording_sounds_the_same() -> None:
    names = [name for name in SPEC.vector_names if not name.startswith("tempo")]
    loud, quiet = (summarize(gain * synthesize(8.0, key="C"), SPEC) for gain in (1.0, 0.05))
    np.testing.assert_allclose(quiet[: len(names)], loud[: len(names)], atol=0.02)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6 * 22_050), st.integers(0, 100), st.sampled_from(["noise", "silence", "click"]))
def test_any_length_gives_finite_numbers(n_samples: int, seed: int, kind: str) -> None:
    signal = np.zeros(n_samples, dtype=np.float32)
    if kind == "noise":
        signal += np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)
    elif kind == "click":
        signal[n_samples // 2] = 1.0
    vector = summarize(signal, SPEC)
    assert vector.shape == (359,) and np.all(np.isfinite(vector))


def test_modulation_of_a_short_signal_has_the_energy_of_a_long_one() -> None:
    noise = np.random.default_rng(3).normal(0, 3, (640, 8))
    long = np.expm1(modulation_energy(noise)).mean()
    short = np.mean([np.expm1(modulation_energy(noise[start : start + 40])).mean() for start in range(0, 600, 40)])
    assert short == pytest.approx(long, rel=0.25)


def test_names_are_one_per_element_and_bands_must_divide() -> None:
    assert len(set(SPEC.vector_names)) == len(SPEC.vector_names) == 359
    assert SPEC.vector_names[0] == "chroma_profile_000" and SPEC.vector_names[-1] == "tempo_bpm"
    assert len(PITCH_CLASSES) * 2 + 2 * 7 == 38
    with pytest.raises(SpecError, match="n_mels is 120, must be a multiple of 16"):
        FeatureSpec(n_mels=120, groups=TIMBRE_GROUPS)
