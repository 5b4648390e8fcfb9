"""Our functions against librosa 0.11: on recordings of all genres and on the edge cases. Without librosa they fail."""

from __future__ import annotations

import re

import librosa
import numpy as np
import pytest

import features_np as fx
from build.tables.feature_sets import SEED_FEATURE_SETS
from tests.features.recordings import full_tracks, recording
from tests.features.tolerances import FRAMES, LIBROSA_GROUPS, STATISTICS
from tests.golden.reference import librosa_features, our_features, statistics
from tests.golden.signals import SIGNALS, STATIONARY, WITHOUT_PITCH
from tests.shared_data import shared_data

TRACKS_PER_GENRE = 3
TRACKS = full_tracks(TRACKS_PER_GENRE)


def test_the_reference_is_the_pinned_one() -> None:
    assert librosa.__version__ == "0.11.0"


def test_there_are_thirty_tracks_of_ten_genres() -> None:
    shared_data("gtzan", "tracks.csv")
    assert len(TRACKS) == 30
    assert len({track.split(".")[0] for track in TRACKS}) == 10


def _assert_parity(y: np.ndarray, *, skip: set[str] = frozenset()) -> None:
    theirs, ours = librosa_features(y), our_features(y)
    assert theirs.keys() == ours.keys()
    for name, expected in theirs.items():
        assert ours[name].shape == expected.shape, name
        assert ours[name].dtype == expected.dtype, name
        if name in skip:
            continue
        if name in FRAMES:
            scale = max(float(expected.max()), 1e-12) if name == "melspectrogram" else 1.0
            worst = float(np.max(np.abs(ours[name] - expected)))
            assert worst <= FRAMES[name] * scale, f"{name} differs by {worst}"
        else:  # tempo and tuning
            assert np.array_equal(ours[name], expected), f"{name}: {ours[name]}, librosa {expected}"
    _assert_summary(y, theirs, skip)


def _assert_summary(y: np.ndarray, theirs: dict[str, np.ndarray], skip: set[str]) -> None:
    spec = fx.FeatureSpec(groups=LIBROSA_GROUPS)
    vector, expected, start = fx.summarize(y, spec), statistics(theirs), 0
    assert vector.dtype == np.float32
    assert vector.shape == (len(spec.vector_names),)
    for group in LIBROSA_GROUPS:
        part = vector[start : start + len(spec.group_names(group))]
        start += len(part)
        if {"chroma": "chroma_stft", "tempo": "tempo"}.get(group.split("_")[0]) in skip:
            continue
        if group == "tempo":
            assert part[0] == np.float32(expected["tempo"][0])
        else:
            assert np.max(np.abs(part - expected[group])) <= STATISTICS[group], group


@pytest.mark.parametrize("track", TRACKS or ["absent"])
def test_recordings(track: str) -> None:
    _assert_parity(recording(track))


@pytest.mark.parametrize("name", SIGNALS)
def test_synthetic_signals(name: str) -> None:
    skip = set()
    if name in STATIONARY:
        skip |= {"tempogram", "tempo"}
    if name in WITHOUT_PITCH:
        skip |= {"tuning", "tuning_of_power", "chroma_stft"}
    _assert_parity(SIGNALS[name](), skip=skip)


def test_chroma_without_pitch_equals_librosas_when_told_the_tuning() -> None:
    y = SIGNALS["click"]()
    expected = librosa.feature.chroma_stft(y=y, tuning=0.0)
    assert np.allclose(fx.feature.chroma_stft(y=y, tuning=0.0), expected, atol=FRAMES["chroma_stft"])


def test_tempo_of_silence_is_librosas() -> None:
    assert fx.feature.tempo(y=SIGNALS["silence"]()) == pytest.approx(117.45383522727273, abs=0)


def test_double_precision_stays_and_agrees_further() -> None:
    y = SIGNALS["music"]().astype(np.float64)
    theirs, ours = librosa_features(y), our_features(y)
    for name in ("melspectrogram", "mfcc", "chroma_stft", "onset_strength", "tempogram"):
        assert ours[name].dtype == theirs[name].dtype == np.float64
        assert np.allclose(ours[name], theirs[name], rtol=1e-6, atol=1e-9), name  # the filters are float32 in both


OTHER_ARGUMENTS = {
    "mfcc as in speech": lambda m, y: m.mfcc(
        y=y, sr=16_000, n_mfcc=13, n_fft=512, hop_length=160, win_length=400, n_mels=40, fmin=20, fmax=7600, htk=True
    ),
    "mfcc with liftering": lambda m, y: m.mfcc(y=y, lifter=22, norm=None, dct_type=3),
    "mfcc of mel decibels": lambda m, y: m.mfcc(S=np.linspace(-80, 0, 640, dtype=np.float32).reshape(128, 5)),
    "mel without norm, magnitude": lambda m, y: m.melspectrogram(y=y, n_mels=64, power=1.0, norm=None),
    "mel with unit peaks": lambda m, y: m.melspectrogram(y=y, norm=np.inf, power=1.5),
    "mel, reflected, not centred": lambda m, y: m.melspectrogram(y=y, center=False, n_fft=1024, hop_length=300),
    "mel, reflected": lambda m, y: m.melspectrogram(y=y, pad_mode="reflect", window=np.hamming(2048)),
    "chroma in 24 bins": lambda m, y: m.chroma_stft(y=y, n_chroma=24, norm=2),
    "chroma, wide, from A": lambda m, y: m.chroma_stft(y=y, tuning=0.2, octwidth=None, base_c=False, norm=None),
    "roll-off": lambda m, y: m.spectral_rolloff(y=y, roll_percent=0.5, sr=44_100),
    "centroid": lambda m, y: m.spectral_centroid(y=y, sr=44_100, n_fft=1000, hop_length=250),
    "zero crossings": lambda m, y: m.zero_crossing_rate(y, frame_length=1000, hop_length=300, center=False),
    "tempogram": lambda m, y: m.tempogram(y=y, win_length=101, norm=None),
    "tempogram, not centred": lambda m, y: m.tempogram(y=y, win_length=64, center=False, hop_length=256),
    "tempo": lambda m, y: m.tempo(y=y, start_bpm=60, std_bpm=0.5, ac_size=4, max_tempo=None, hop_length=256),
}


@pytest.mark.parametrize("case", OTHER_ARGUMENTS)
def test_other_arguments_than_the_defaults(case: str) -> None:
    y = SIGNALS["music"]()[: 4 * 22_050]
    expected, ours = OTHER_ARGUMENTS[case](librosa.feature, y), OTHER_ARGUMENTS[case](fx.feature, y)
    assert ours.shape == expected.shape
    assert np.allclose(ours, expected, rtol=1e-4, atol=2e-3), np.max(np.abs(ours - expected))


ODD = 2_047
ODD_LENGTHS = {
    "centroid": lambda m, y: m.spectral_centroid(y=y, n_fft=ODD),
    "centroid of S": lambda m, y: m.spectral_centroid(S=np.abs(librosa.stft(y, n_fft=ODD)), n_fft=ODD),
    "centroid of S, n_fft untold": lambda m, y: m.spectral_centroid(S=np.abs(librosa.stft(y, n_fft=1_001))),
    "roll-off": lambda m, y: m.spectral_rolloff(y=y, n_fft=ODD),
    "mel": lambda m, y: m.melspectrogram(y=y, n_fft=ODD),
    "mel of S": lambda m, y: m.melspectrogram(S=np.abs(librosa.stft(y, n_fft=ODD)) ** 2, n_fft=ODD),
    "chroma": lambda m, y: m.chroma_stft(y=y, n_fft=ODD, tuning=0.0),
    "chroma, tuned": lambda m, y: m.chroma_stft(y=y, n_fft=ODD),
}


@pytest.mark.parametrize("case", ODD_LENGTHS)
def test_frames_of_an_odd_length(case: str) -> None:
    """The bins of an odd length lie otherwise than those of the even one that has as many."""
    y = SIGNALS["music"]()[: 4 * 22_050]
    expected, ours = ODD_LENGTHS[case](librosa.feature, y), ODD_LENGTHS[case](fx.feature, y)
    assert ours.shape == expected.shape
    bounds = {
        "centroid": FRAMES["spectral_centroid"],
        "roll-off": FRAMES["spectral_rolloff"],
        "mel": FRAMES["melspectrogram"] * expected.max(),
        "chroma": FRAMES["chroma_stft"],
    }
    assert np.max(np.abs(ours - expected)) <= bounds[re.split("[ ,]", case)[0]]


def test_tuning_of_frames_of_an_odd_length() -> None:
    y = SIGNALS["music"]()[: 4 * 22_050]
    assert fx.estimate_tuning(y=y, n_fft=ODD) == librosa.estimate_tuning(y=y, n_fft=ODD)


def test_onset_strength_with_other_arguments() -> None:
    y = SIGNALS["music"]()[: 4 * 22_050]
    for arguments in ({"lag": 2}, {"center": False}, {"n_fft": 1024, "hop_length": 256, "n_mels": 40, "fmax": 8000}):
        expected = librosa.onset.onset_strength(y=y, **arguments)
        ours = fx.onset.onset_strength(y=y, **arguments)
        assert ours.shape == expected.shape
        assert np.allclose(ours, expected, atol=FRAMES["onset_strength"]), arguments


def test_power_to_db_equals_librosas() -> None:
    S = np.geomspace(1e-14, 1e3, 200, dtype=np.float32).reshape(10, 20)
    for arguments in ({}, {"ref": 10.0}, {"top_db": None}, {"amin": 1e-3, "top_db": 20.0}):
        assert np.allclose(fx.power_to_db(S, **arguments), librosa.power_to_db(S, **arguments), atol=1e-4), arguments


@pytest.mark.parametrize("name", SEED_FEATURE_SETS)
def test_every_feature_set_of_the_seed_is_part_of_the_whole(name: str) -> None:
    y = SIGNALS["music"]()
    whole = fx.FeatureSpec(groups=LIBROSA_GROUPS)
    values = dict(zip(whole.vector_names, fx.summarize(y, whole), strict=True))
    spec = fx.FeatureSpec(groups=SEED_FEATURE_SETS[name])
    assert len(spec.vector_names) == int(name.split("-", maxsplit=1)[0])
    assert np.array_equal(fx.summarize(y, spec), [values[key] for key in spec.vector_names])
