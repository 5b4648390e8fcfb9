"""The synthesized music has the stated tempo and key, as measured by librosa, not by our own features."""

import librosa
import numpy as np
import pytest

from edge.audio.demo import PEAK, synthesize
from features_np.vector.parameters import PITCH_CLASSES


@pytest.mark.parametrize("tempo_bpm", [90.0, 100.0, 140.0])
def test_tempo_is_the_one_asked_for(tempo_bpm):
    heard = float(librosa.feature.tempo(y=synthesize(20, tempo_bpm=tempo_bpm), sr=22_050)[0])
    assert heard == pytest.approx(tempo_bpm, rel=0.03)


@pytest.mark.parametrize("key", ["C", "F#", "A"])
def test_key_is_the_one_asked_for(key):
    chroma = librosa.feature.chroma_stft(y=synthesize(30, key=key), sr=22_050).mean(axis=1)
    scale_degrees = np.array([0, 2, 4, 5, 7, 9, 11])
    in_key = [chroma[(tonic + scale_degrees) % 12].sum() for tonic in range(12)]
    assert PITCH_CLASSES[int(np.argmax(in_key))] == key


def test_same_arguments_give_the_same_samples_and_the_seed_changes_them():
    assert np.array_equal(synthesize(2), synthesize(2))
    assert not np.array_equal(synthesize(2), synthesize(2, seed=1))


@pytest.mark.parametrize("seconds", [0.0, 0.01, 3.7])
@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 48_000])
def test_length_type_and_headroom(seconds, sample_rate):
    music = synthesize(seconds, sample_rate=sample_rate)
    assert music.shape == (round(seconds * sample_rate),)
    assert music.dtype == np.float32
    assert np.max(np.abs(music), initial=0.0) <= PEAK


def test_unknown_key_is_refused():
    with pytest.raises(ValueError, match="key is 'H'"):
        synthesize(1, key="H")
