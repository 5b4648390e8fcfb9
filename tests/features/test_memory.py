"""Half an hour of audio within the signal, the result and 64 MB; and what is computed twice for it is the same."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

import features_np as fx
from edge.audio.demo import synthesize
from features_np.spectra import mel, spectrum

FUNCTIONS: dict[str, Callable[[np.ndarray], object]] = {
    "mfcc": lambda y: fx.feature.mfcc(y=y),
    "chroma_stft": lambda y: fx.feature.chroma_stft(y=y),
    "beat_track": lambda y: fx.beat.beat_track(y=y)[1],
    "tempo": lambda y: fx.feature.tempo(y=y),
    "zero_crossing_rate": fx.feature.zero_crossing_rate,
    "spectral_contrast": lambda y: fx.feature.spectral_contrast(y=y),
}


@pytest.fixture(scope="module")
def half_an_hour() -> np.ndarray:
    return np.resize(synthesize(30.0), 30 * 60 * 22_050)


@pytest.mark.parametrize("name", ["mfcc", "chroma_stft", "beat_track", "zero_crossing_rate"])
def test_a_long_signal_is_not_copied(name: str, half_an_hour: np.ndarray) -> None:
    tracemalloc.start()
    try:
        result = FUNCTIONS[name](half_an_hour)
        above = tracemalloc.get_traced_memory()[1] - np.asarray(result).nbytes
    finally:
        tracemalloc.stop()
    assert above < 64 * 2**20


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_computed_twice_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    y = synthesize(20.0)
    expected = FUNCTIONS[name](y)
    for module in (mel, spectrum):
        monkeypatch.setattr(module, "KEPT_BYTES", 0)
    assert np.allclose(FUNCTIONS[name](y), expected, atol=1e-4)
