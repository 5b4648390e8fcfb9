"""``import features_np as librosa``: what librosa's documentation shows of these functions, run with either.

The calls are those of librosa's documented examples, on signals of our own making.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import librosa
import numpy as np
import pytest

import features_np
from edge.audio.demo import synthesize

Call = Callable[[Any, np.ndarray, int], Any]

#: Modules that stand for librosa's.
PLACES = ("beat", "effects", "feature", "filters", "onset", "util")


def _clicks() -> np.ndarray:
    y = 0.001 * np.random.default_rng(0).standard_normal(8 * 22_050).astype(np.float32)
    y[:: 22_050 * 60 // 100] += 0.8
    return y


SIGNALS = {
    "music": lambda: synthesize(8.0, tempo_bpm=110, key="D"),
    "clicks": _clicks,
    "noise": lambda: 0.1 * np.random.default_rng(1).standard_normal(4 * 22_050).astype(np.float32),
}


def _power(librosa: Any, y: np.ndarray, n_fft: int = 2048) -> np.ndarray:
    return np.abs(librosa.stft(y, n_fft=n_fft)) ** 2


#: Each with how far the answers may differ: in dB for cepstra and levels, Hz for frequencies; 0 is equality. The
#: contrast's valleys lie 100 dB below the loudest bin, where float32 transforms end; in float64 it differs by 1e-9.
EXAMPLES: dict[str, tuple[float, Call]] = {
    "stft": (2e-3, lambda librosa, y, sr: np.abs(librosa.stft(y))),
    "stft, half the hop": (2e-3, lambda librosa, y, sr: np.abs(librosa.stft(y, hop_length=256))),
    "amplitude_to_db": (0.05, lambda librosa, y, sr: librosa.amplitude_to_db(_power(librosa, y) ** 0.5, ref=np.max)),
    "power_to_db": (0.05, lambda librosa, y, sr: librosa.power_to_db(_power(librosa, y), ref=np.max)),
    "power_to_db of the median": (0.05, lambda librosa, y, sr: librosa.power_to_db(_power(librosa, y), ref=np.median)),
    "db_to_power": (1e-6, lambda librosa, y, sr: librosa.db_to_power(np.linspace(-80, 0, 9), ref=2.0)),
    "db_to_amplitude": (1e-6, lambda librosa, y, sr: librosa.db_to_amplitude(np.linspace(-80, 0, 9))),
    "mfcc": (2e-3, lambda librosa, y, sr: librosa.feature.mfcc(y=y, sr=sr)),
    "mfcc, htk": (2e-3, lambda librosa, y, sr: librosa.feature.mfcc(y=y, sr=sr, hop_length=1024, htk=True)),
    "mfcc of decibels": (
        2e-3,
        lambda librosa, y, sr: librosa.feature.mfcc(
            S=librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr, n_mels=128, fmax=8_000))
        ),
    ),
    "mfcc, dct 3": (2e-2, lambda librosa, y, sr: librosa.feature.mfcc(y=y, sr=sr, n_mfcc=40, dct_type=3)),
    "melspectrogram of S": (2e-3, lambda librosa, y, sr: librosa.feature.melspectrogram(S=_power(librosa, y), sr=sr)),
    "melspectrogram": (2e-3, lambda librosa, y, sr: librosa.feature.melspectrogram(y=y, sr=sr, n_mels=128, fmax=8000)),
    "chroma_stft": (1e-4, lambda librosa, y, sr: librosa.feature.chroma_stft(y=y, sr=sr)),
    "chroma_stft of magnitudes": (
        1e-4,
        lambda librosa, y, sr: librosa.feature.chroma_stft(S=np.abs(librosa.stft(y)), sr=sr),
    ),
    "chroma_stft of long frames": (
        1e-4,
        lambda librosa, y, sr: librosa.feature.chroma_stft(S=_power(librosa, y, 4096), sr=sr),
    ),
    "rms": (1e-6, lambda librosa, y, sr: librosa.feature.rms(y=y)),
    "rms of S": (1e-5, lambda librosa, y, sr: librosa.feature.rms(S=np.abs(librosa.stft(y)))),
    "rms, not centred": (1e-6, lambda librosa, y, sr: librosa.feature.rms(y=y, frame_length=1000, center=False)),
    "zero_crossing_rate": (0, lambda librosa, y, sr: librosa.feature.zero_crossing_rate(y)),
    "spectral_centroid": (0.02, lambda librosa, y, sr: librosa.feature.spectral_centroid(y=y, sr=sr)),
    "spectral_centroid of S": (
        0.02,
        lambda librosa, y, sr: librosa.feature.spectral_centroid(
            S=np.abs(librosa.stft(y)), freq=librosa.fft_frequencies(sr=sr) * 2
        ),
    ),
    "spectral_bandwidth": (0.05, lambda librosa, y, sr: librosa.feature.spectral_bandwidth(y=y, sr=sr)),
    "spectral_bandwidth, p": (
        0.2,
        lambda librosa, y, sr: librosa.feature.spectral_bandwidth(S=np.abs(librosa.stft(y)), p=3, norm=False),
    ),
    "spectral_rolloff": (11.0, lambda librosa, y, sr: librosa.feature.spectral_rolloff(y=y, sr=sr, roll_percent=0.99)),
    "spectral_rolloff, low": (
        11.0,
        lambda librosa, y, sr: librosa.feature.spectral_rolloff(S=_power(librosa, y) ** 0.5, sr=sr, roll_percent=0.01),
    ),
    "spectral_flatness": (1e-4, lambda librosa, y, sr: librosa.feature.spectral_flatness(y=y)),
    "spectral_flatness of S": (
        1e-4,
        lambda librosa, y, sr: librosa.feature.spectral_flatness(S=_power(librosa, y), power=1.0),
    ),
    "spectral_contrast in float64": (
        1e-6,
        lambda librosa, y, sr: librosa.feature.spectral_contrast(y=y.astype(np.float64), sr=sr),
    ),
    "spectral_contrast": (0.5, lambda librosa, y, sr: librosa.feature.spectral_contrast(y=y, sr=sr)),
    "spectral_contrast of S": (
        2e-3,
        lambda librosa, y, sr: librosa.feature.spectral_contrast(
            S=np.abs(librosa.stft(y)), sr=sr, n_bands=4, fmin=100.0, quantile=0.1, linear=True
        ),
    ),
    "tonnetz": (
        1e-4,
        lambda librosa, y, sr: librosa.feature.tonnetz(chroma=librosa.feature.chroma_stft(y=y, sr=sr), sr=sr),
    ),
    "delta": (2e-3, lambda librosa, y, sr: librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sr))),
    "delta, second": (2e-3, lambda librosa, y, sr: librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sr), order=2)),
    "delta, nearest": (
        2e-3,
        lambda librosa, y, sr: librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sr), width=5, mode="nearest"),
    ),
    "delta, mirror": (
        2e-3,
        lambda librosa, y, sr: librosa.feature.delta(librosa.feature.rms(y=y), width=7, mode="mirror"),
    ),
    "onset_strength": (1e-4, lambda librosa, y, sr: librosa.onset.onset_strength(y=y, sr=sr)),
    "onset_strength, median": (
        1e-3,
        lambda librosa, y, sr: librosa.onset.onset_strength(y=y, sr=sr, aggregate=np.median, fmax=8000, n_mels=256),
    ),
    "tempogram": (
        1e-4,
        lambda librosa, y, sr: librosa.feature.tempogram(
            onset_envelope=librosa.onset.onset_strength(y=y, sr=sr), sr=sr, hop_length=512
        ),
    ),
    "tempo": (0, lambda librosa, y, sr: librosa.feature.tempo(y=y, sr=sr)),
    "tempo of onsets": (
        0,
        lambda librosa, y, sr: librosa.feature.tempo(onset_envelope=librosa.onset.onset_strength(y=y), sr=sr),
    ),
    "estimate_tuning": (0, lambda librosa, y, sr: librosa.estimate_tuning(y=y, sr=sr)),
    "estimate_tuning of S": (0, lambda librosa, y, sr: librosa.estimate_tuning(S=np.abs(librosa.stft(y)), sr=sr)),
    "beat_track": (0, lambda librosa, y, sr: librosa.beat.beat_track(y=y, sr=sr)),
    "beat_track of onsets": (
        0,
        lambda librosa, y, sr: librosa.beat.beat_track(onset_envelope=librosa.onset.onset_strength(y=y), sr=sr),
    ),
    "beat_track in seconds": (
        0,
        lambda librosa, y, sr: librosa.beat.beat_track(y=y, sr=sr, bpm=100, trim=False, units="time"),
    ),
    "beat_track in samples": (
        0,
        lambda librosa, y, sr: librosa.beat.beat_track(y=y, sr=sr, start_bpm=60, tightness=50, units="samples"),
    ),
    "to_mono": (1e-7, lambda librosa, y, sr: librosa.to_mono(np.stack((y, y[::-1])))),
    "to_mono of mono": (0, lambda librosa, y, sr: librosa.to_mono(y)),
    "resample": (5e-2, lambda librosa, y, sr: librosa.resample(y, orig_sr=sr, target_sr=8_000).shape),
    "frames_to_time": (0, lambda librosa, y, sr: librosa.frames_to_time(np.arange(9), sr=sr, n_fft=2048)),
    "time_to_frames": (0, lambda librosa, y, sr: librosa.time_to_frames([0.1, 0.5, 2.0], sr=sr, hop_length=256)),
    "hz_to_mel": (1e-12, lambda librosa, y, sr: librosa.hz_to_mel([110, 220, 4_400])),
    "mel_to_hz": (1e-9, lambda librosa, y, sr: librosa.mel_to_hz([1, 2, 33], htk=True)),
    "mel_frequencies": (1e-9, lambda librosa, y, sr: librosa.mel_frequencies(n_mels=40)),
    "fft_frequencies": (0, lambda librosa, y, sr: librosa.fft_frequencies(sr=sr, n_fft=16)),
    "filters.mel": (1e-9, lambda librosa, y, sr: librosa.filters.mel(sr=22_050, n_fft=2048, fmax=8_000)),
    "filters.chroma": (1e-6, lambda librosa, y, sr: librosa.filters.chroma(sr=22_050, n_fft=4096, n_chroma=24)),
}


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_give_the_same_with_either(name: str, signal: str) -> None:
    (bound, call), y = EXAMPLES[name], SIGNALS[signal]()
    theirs, ours = (call(module, y.copy(), 22_050) for module in (librosa, features_np))
    parts = zip(theirs, ours, strict=True) if isinstance(theirs, tuple) else [(theirs, ours)]
    for expected, found in parts:
        assert np.shape(found) == np.shape(expected)
        assert np.asarray(found).dtype.kind == np.asarray(expected).dtype.kind
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0))) if "stft" in name or "mel" in name else 1.0
        assert np.max(np.abs(np.subtract(found, expected)), initial=0.0) <= bound * scale


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("", "cqt"),
        ("", "pyin"),
        ("feature", "chroma_cqt"),
        ("onset", "onset_strength_multi"),
        ("beat", "plp"),
        ("filters", "cq"),
        ("util", "axis_sort"),
        ("effects", "hpss"),
    ],
)
def test_what_only_librosa_has_says_so(module: str, name: str) -> None:
    found = getattr(features_np, module) if module else features_np
    with pytest.raises(AttributeError, match=re.escape(".".join(filter(None, ("librosa", module, name))))):
        getattr(found, name)


def test_every_name_is_at_librosas_place_or_is_ours() -> None:
    ours = {name for name in features_np.__all__ if not hasattr(librosa, name)}
    assert ours == {
        "FeatureError",
        "FeatureSpec",
        "FeatureStream",
        "PatchSpec",
        "PatchStream",
        "Resampler",
        "SampleRateError",
        "SignalError",
        "SpecError",
        "float32_to_int16",
        "int16_to_float32",
        "log_mel_patches",
        "summarize",
    }
    for module in PLACES:
        assert all(hasattr(getattr(librosa, module), name) for name in getattr(features_np, module).__all__)


def _modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(features_np.__path__, "features_np.")]
    return [features_np, *map(importlib.import_module, names)]


def test_no_module_is_hidden_behind_a_function_of_its_name() -> None:
    for module in _modules():
        parent, _, name = module.__name__.rpartition(".")
        assert not parent or getattr(importlib.import_module(parent), name) is module


def test_arguments_have_librosas_defaults() -> None:
    for place in ("", *PLACES):
        ours, theirs = ((getattr(root, place) if place else root) for root in (features_np, librosa))
        for name in ours.__all__:
            if not inspect.isfunction(getattr(ours, name)) or not hasattr(theirs, name):
                continue
            known = inspect.signature(getattr(theirs, name)).parameters
            for argument in inspect.signature(getattr(ours, name)).parameters.values():
                if argument.name in known and argument.kind != argument.VAR_KEYWORD:
                    assert argument.default == known[argument.name].default, (name, argument.name)
                else:
                    assert "kwargs" in known, (name, argument.name)


def test_every_argument_of_librosas_is_taken() -> None:
    """By its name, or by the name of what it is passed on to."""
    for place in ("", *PLACES):
        ours, theirs = ((getattr(root, place) if place else root) for root in (features_np, librosa))
        for name in ours.__all__:
            if not inspect.isfunction(getattr(ours, name)) or not hasattr(theirs, name):
                continue
            known = inspect.signature(getattr(ours, name)).parameters
            missing = inspect.signature(getattr(theirs, name)).parameters.keys() - known.keys() - {"kwargs", "filename"}
            assert not missing, (name, missing)


def test_every_public_function_explains_every_argument_with_an_example() -> None:
    for module in (features_np, *(getattr(features_np, place) for place in PLACES)):
        for name in module.__all__:
            function = getattr(module, name)
            if not inspect.isfunction(function):
                continue
            text = inspect.getdoc(function) or ""
            for argument in inspect.signature(function).parameters:
                assert re.search(rf"^(\*\*)?{argument} : ", text, flags=re.MULTILINE), (name, argument)
            for section in ("Parameters", "Returns", "Examples"):
                assert f"{section}\n{'-' * len(section)}\n" in text, (name, section)


def test_every_public_class_explains_what_it_is_made_with() -> None:
    classes = [
        getattr(features_np, name) for name in features_np.__all__ if inspect.isclass(getattr(features_np, name))
    ]
    assert len(classes) > 4
    for made in classes:
        if issubclass(made, Exception):
            continue
        for argument in inspect.signature(made).parameters:
            text = inspect.getdoc(made) or ""
            assert re.search(rf"^(\w+, )*{argument}(, \w+)* : ", text, flags=re.MULTILINE), (made, argument)


@pytest.mark.parametrize("module", _modules(), ids=lambda module: module.__name__)
def test_examples_in_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.filterwarnings("default")
def test_empty_mel_filters_are_warned_of_where_the_library_was_called() -> None:
    y = SIGNALS["noise"]()
    for module in (librosa, features_np):
        with pytest.warns(UserWarning, match="mpty"):
            module.feature.melspectrogram(y=y, sr=22_050, n_fft=256, n_mels=128)
        with pytest.warns(UserWarning, match="mpty"):
            module.filters.mel(sr=22_050, n_fft=256, n_mels=128)
    with pytest.warns(UserWarning, match="Empty filters detected") as caught:
        features_np.feature.mfcc(y=y, n_fft=256)
    assert caught[0].filename == __file__
