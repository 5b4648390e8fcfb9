"""Ways of hearing come out the same each time, and nothing that judges is heard in training."""

from __future__ import annotations

import numpy as np

from build.audio import talkers
from build.audio.simulated_microphone import SAMPLE_RATE, Part, noise_files
from build.audio.way import Way
from build.corpora import hearing_ways, no_music
from edge.audio.demo import synthesize
from tests.shared_data import shared_data


def test_a_way_of_hearing_is_the_same_each_time_and_another_for_another_piece() -> None:
    shared_data("nomusic")
    music = synthesize(4.0)
    for way in (Way("short", 2.0), Way("far", part=Part.TRAINING), hearing_ways.TALKERS[2]):
        taken = way("a", music)
        assert np.array_equal(taken, way("a", music)) and not np.array_equal(taken, way("b", music)), way
        assert len(taken) == min(len(music), way.seconds * SAMPLE_RATE)


def test_people_talk_as_loud_as_asked_for() -> None:
    shared_data("nomusic")
    music = synthesize(4.0)
    for ratio in (10.0, -5.0):
        mixed = talkers.add_talkers(music, ratio, 2, Part.EVALUATION, np.random.default_rng(0))
        speech = (mixed - music).astype(np.float64)
        measured = 10 * np.log10(np.mean(music.astype(np.float64) ** 2) / np.mean(speech**2))
        assert abs(measured - ratio) < 0.1


def test_nothing_that_evaluation_hears_was_heard_in_training() -> None:
    data = shared_data(".")
    windows = no_music.windows(data, seed=0)
    apart = [window.fold == no_music.EVALUATION_FOLD for window in windows]
    taken = {
        Part.TRAINING: set(noise_files(Part.TRAINING, data)),
        Part.EVALUATION: set(noise_files(Part.EVALUATION, data)),
    }
    for window, evaluates in zip(windows, apart, strict=True):
        taken[Part.EVALUATION if evaluates else Part.TRAINING].update(window.recordings)
    assert len(taken[Part.TRAINING]) > 200 and len(taken[Part.EVALUATION]) > 90
    assert not taken[Part.TRAINING] & taken[Part.EVALUATION]
    voices = talkers.speakers(data)
    speech = {
        part: {path.name.split("-")[0] for path in paths if path.parent.name == "speech"}
        for part, paths in taken.items()
    }
    assert not set(voices[Part.TRAINING]) & set(voices[Part.EVALUATION])
    assert not speech[Part.TRAINING] & set(voices[Part.EVALUATION])
    assert not speech[Part.EVALUATION] & set(voices[Part.TRAINING])
