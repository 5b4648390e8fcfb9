"""Numbers that once were others than librosa's: each on music, of recordings where there are any."""

from __future__ import annotations

import json

import librosa
import numpy as np
import pytest

import features_np as fx
from tests.features.recordings import full_tracks, recording
from tests.golden.signals import SIGNALS

#: Tracks whose beats moved by a frame or two when the local score was cut to single precision, and one of each genre.
TRACKS = full_tracks(1)


@pytest.mark.parametrize("track", TRACKS or ["absent"])
def test_beats_and_contrast_of_recordings(track: str) -> None:
    y = recording(track)
    tempo, beats = fx.beat.beat_track(y=y)
    expected_tempo, expected = librosa.beat.beat_track(y=y)
    assert np.array_equal(tempo, expected_tempo)
    assert np.array_equal(beats, expected)
    contrast = fx.feature.spectral_contrast(y=y)
    assert np.max(np.abs(contrast - librosa.feature.spectral_contrast(y=y))) < 1e-2  # dB


def test_beats_are_those_of_a_score_in_double_precision() -> None:
    """Paths whose scores differ in the eighth digit: single precision takes another."""
    noise, equal = np.random.default_rng(0), 0
    for _ in range(60):
        envelope = noise.random(1_292).astype(np.float32) ** 4
        ours, theirs = (module.beat.beat_track(onset_envelope=envelope, trim=False)[1] for module in (fx, librosa))
        equal += np.array_equal(ours, theirs)
    assert equal == 60


@pytest.mark.parametrize("cut", [4_000, 8_000])
def test_contrast_where_a_recording_ends_below_the_highest_band(cut: int) -> None:
    """A codec's remains in the top band are 100 dB down, where single precision has its own noise."""
    y = SIGNALS["music"]()[: 4 * 22_050]
    spectrum = np.fft.rfft(y)
    spectrum[int(cut / 22_050 * len(y)) :] *= 1e-6
    low = np.fft.irfft(spectrum, len(y)).astype(np.float32)
    for name in ("spectral_contrast", "spectral_flatness"):
        ours, theirs = (getattr(module.feature, name)(y=low) for module in (fx, librosa))
        assert np.max(np.abs(ours - theirs)) < 1e-2
    assert (
        np.max(np.abs(fx.amplitude_to_db(np.abs(fx.stft(low))) - librosa.amplitude_to_db(np.abs(librosa.stft(low)))))
        < 1e-2
    )


def test_onset_strength_of_whole_numbers() -> None:
    S = np.random.default_rng(0).integers(-80, 0, (128, 40))
    ours, theirs = (module.onset.onset_strength(S=S) for module in (fx, librosa))
    assert ours.dtype == theirs.dtype and ours.any()
    assert np.allclose(ours, theirs)


def test_mfcc_of_channels_of_decibels() -> None:
    S = -80 * np.random.default_rng(0).random((2, 128, 5))
    ours, theirs = (module.feature.mfcc(S=S, n_mfcc=13, lifter=22) for module in (fx, librosa))
    assert ours.shape == theirs.shape == (2, 13, 5)
    assert np.allclose(ours, theirs)


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_a_window_of_any_length(length: int) -> None:
    for name in ("hann", "hamming", "blackman"):
        ours, theirs = (module.filters.get_window(name, length) for module in (fx, librosa))
        assert np.allclose(ours, theirs)


@pytest.mark.parametrize(
    ("n", "orig", "target"), [(44_100, 44_100, 48_000), (1_000, 22_050, 16_000), (3, 8_000, 7_999)]
)
def test_resample_has_as_many_samples(n: int, orig: int, target: int) -> None:
    y = SIGNALS["music"]()[:n]
    for options in ({}, {"axis": 0}, {"scale": True}, {"res_type": "linear"}, {"mode": "edge"}):
        ours, theirs = (
            module.resample(y, orig_sr=orig, target_sr=target, **_known(options)) for module in (fx, librosa)
        )
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype


def _known(options: dict[str, object]) -> dict[str, object]:
    return {} if options == {"res_type": "linear"} else options  # which needs samplerate there


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_of_results(dtype: type) -> None:
    y = SIGNALS["music"]()[:22_050].astype(dtype)
    whole = np.arange(1, 201).reshape(10, 20)
    calls = {
        "rms": lambda m: m.feature.rms(y=y),
        "rms of S": lambda m: m.feature.rms(S=np.abs(librosa.stft(y))),
        "rms, told": lambda m: m.feature.rms(y=y, dtype=np.float64),
        "delta": lambda m: m.feature.delta(m.feature.mfcc(y=y)),
        "delta of whole numbers": lambda m: m.feature.delta(whole),
        "dB of whole numbers": lambda m: m.power_to_db(whole),
        "dB of whole amplitudes": lambda m: m.amplitude_to_db(whole),
        "dB of half precision": lambda m: m.power_to_db(whole.astype(np.float32)),
        "stft": lambda m: m.stft(y),
        "stft, told": lambda m: m.stft(y, dtype=np.complex128),
        "mel": lambda m: m.feature.melspectrogram(y=y, dtype=np.float64),
        "contrast": lambda m: m.feature.spectral_contrast(y=y),
        "flatness": lambda m: m.feature.spectral_flatness(y=y),
        "tempogram": lambda m: m.feature.tempogram(y=y),
        "to_mono": lambda m: m.to_mono(np.stack((y, y))),
        "onset_strength": lambda m: m.onset.onset_strength(y=y),
    }
    for name, call in calls.items():
        ours, theirs = call(fx), call(librosa)
        assert ours.dtype == theirs.dtype, name
        assert np.allclose(ours, theirs, atol=2e-3), name


SCALARS = {
    "power_to_db": lambda m: m.power_to_db(0.5),
    "amplitude_to_db": lambda m: m.amplitude_to_db(0.5),
    "db_to_power": lambda m: m.db_to_power(-3.0),
    "db_to_amplitude": lambda m: m.db_to_amplitude(-3.0),
    "frames_to_time": lambda m: m.frames_to_time(43),
    "samples_to_time": lambda m: m.samples_to_time(43),
    "hz_to_mel": lambda m: m.hz_to_mel(440.0),
    "hz_to_mel, high": lambda m: m.hz_to_mel(4_400.0),
    "hz_to_mel, htk": lambda m: m.hz_to_mel(440, htk=True),
    "mel_to_hz": lambda m: m.mel_to_hz(6.0),
    "mel_to_hz, high": lambda m: m.mel_to_hz(60.0),
    "hz_to_midi": lambda m: m.hz_to_midi(440.0),
    "midi_to_hz": lambda m: m.midi_to_hz(60),
    "note_to_midi": lambda m: m.note_to_midi("Bb3"),
    "note_to_hz": lambda m: m.note_to_hz("A4"),
    "estimate_tuning": lambda m: m.estimate_tuning(y=SIGNALS["music"]()[:22_050]),
    "get_duration": lambda m: m.get_duration(y=np.zeros(22_050)),
}


@pytest.mark.parametrize("name", SCALARS)
def test_a_number_of_a_number_goes_into_json(name: str) -> None:
    ours, theirs = SCALARS[name](fx), SCALARS[name](librosa)
    assert np.isscalar(ours) and np.isscalar(theirs)
    assert json.loads(json.dumps(ours)) == pytest.approx(json.loads(json.dumps(theirs)))
