"""Several channels: what librosa makes of them, and of each by itself, and the same in as many dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import pytest

import features_np as fx
from tests.golden.signals import SIGNALS

Call = Callable[[Any, np.ndarray], Any]
SECONDS = 3


def _channels() -> np.ndarray:
    music, noise = (SIGNALS[name]()[: SECONDS * 22_050] for name in ("music", "noise"))
    return np.stack((music, 0.05 * noise[: len(music)] + 0.5 * music, music[::-1]))


#: With how far the answers may differ, in units of the largest.
FUNCTIONS: dict[str, tuple[float, Call]] = {
    "stft": (1e-6, lambda m, y: m.stft(y)),
    "melspectrogram": (3e-6, lambda m, y: m.feature.melspectrogram(y=y)),
    "mfcc": (1e-4, lambda m, y: m.feature.mfcc(y=y)),
    "mfcc of S": (1e-4, lambda m, y: m.feature.mfcc(S=m.power_to_db(np.abs(m.stft(y)) ** 2))),
    "chroma_stft": (1e-4, lambda m, y: m.feature.chroma_stft(y=y)),
    "chroma_stft of S": (1e-4, lambda m, y: m.feature.chroma_stft(S=np.abs(m.stft(y)) ** 2, tuning=0.1)),
    "tonnetz": (1e-4, lambda m, y: m.feature.tonnetz(chroma=m.feature.chroma_stft(y=y))),
    "delta": (1e-5, lambda m, y: m.feature.delta(m.feature.rms(y=y))),
    "rms": (1e-6, lambda m, y: m.feature.rms(y=y)),
    "rms of S": (1e-5, lambda m, y: m.feature.rms(S=np.abs(m.stft(y)))),
    "zero_crossing_rate": (0, lambda m, y: m.feature.zero_crossing_rate(y)),
    "zero_crossings": (0, lambda m, y: m.zero_crossings(y)),
    "spectral_centroid": (1e-5, lambda m, y: m.feature.spectral_centroid(y=y)),
    "spectral_bandwidth": (1e-5, lambda m, y: m.feature.spectral_bandwidth(y=y)),
    "spectral_rolloff": (1e-2, lambda m, y: m.feature.spectral_rolloff(y=y)),
    "spectral_flatness": (1e-4, lambda m, y: m.feature.spectral_flatness(y=y)),
    "spectral_contrast": (1e-4, lambda m, y: m.feature.spectral_contrast(y=y)),
    "onset_strength": (1e-4, lambda m, y: m.onset.onset_strength(y=y)),
    "onset_strength, detrended": (1e-4, lambda m, y: m.onset.onset_strength(y=y, detrend=True, max_size=3)),
    "onset_detect": (0, lambda m, y: m.onset.onset_detect(y=y, sparse=False)),
    "tempogram": (1e-4, lambda m, y: m.feature.tempogram(y=y, win_length=100)),
    "tempo": (0, lambda m, y: m.feature.tempo(y=y)),
    "tempo of frames": (0, lambda m, y: m.feature.tempo(y=y, aggregate=None)),
    "estimate_tuning": (0, lambda m, y: m.estimate_tuning(y=y)),
    "beat_track": (0, lambda m, y: m.beat.beat_track(y=y, sparse=False)[1]),
    "beat_track, tempi given": (
        0,
        lambda m, y: m.beat.beat_track(y=y, sparse=False, bpm=np.full(y.shape[:-1], 97.0))[1],
    ),
    "to_mono": (1e-6, lambda m, y: m.to_mono(y)),
    "resample": (1, lambda m, y: m.resample(y, orig_sr=22_050, target_sr=16_000)),
    "trim": (0, lambda m, y: m.effects.trim(y, top_db=20)[1]),
    "preemphasis": (1e-6, lambda m, y: m.effects.preemphasis(y)),
    "magphase": (1e-5, lambda m, y: m.magphase(m.stft(y))[0]),
    "normalize": (1e-6, lambda m, y: m.util.normalize(y, axis=-1)),
    "frame": (0, lambda m, y: m.util.frame(y, frame_length=100, hop_length=33)),
    "frame along the first axis": (0, lambda m, y: m.util.frame(y.T, frame_length=100, hop_length=33, axis=0)),
    "fix_length": (0, lambda m, y: m.util.fix_length(y, size=99_999)),
    "sync": (1e-6, lambda m, y: m.util.sync(y, [100, 5_000], aggregate=np.median)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_channels_are_librosas(name: str) -> None:
    bound, call = FUNCTIONS[name]
    y = _channels()
    ours, theirs = np.asarray(call(fx, y)), np.asarray(call(librosa, y))
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    scale = float(np.max(np.abs(theirs), initial=1e-9))
    assert np.max(np.abs(np.subtract(ours, theirs, dtype=np.result_type(theirs, np.float64)))) <= bound * scale


@pytest.mark.parametrize("name", ["stft", "mfcc", "chroma_stft", "tempo", "rms of S", "zero_crossing_rate", "sync"])
def test_more_dimensions_are_more_channels(name: str) -> None:
    call, y = FUNCTIONS[name][1], _channels()
    assert np.array_equal(call(fx, y.reshape(1, 3, -1))[0], call(fx, y))


def test_one_channel_of_two_dimensions_is_not_mono() -> None:
    y = _channels()[:1]
    assert fx.feature.mfcc(y=y).shape[0] == 1
    assert np.array_equal(fx.feature.mfcc(y=y)[0], fx.feature.mfcc(y=y[0]))


def test_what_is_sparse_is_of_one_channel() -> None:
    for call in (fx.beat.beat_track, fx.onset.onset_detect):
        with pytest.raises(fx.ParameterError, match="sparse=False"):
            call(y=_channels())
