"""Conditions give the same audio each time, and nothing of evaluation is used in training."""

from __future__ import annotations

import numpy as np

from build.audio import talkers
from build.audio.condition import AS_RECORDED, Condition
from build.audio.simulated_microphone import SAMPLE_RATE, Part, noise_files
from build.corpora import listening_conditions, no_music
from edge.audio.demo import synthesize
from tests.shared_data import shared_data


def test_a_condition_is_the_same_each_time_and_another_for_another_piece() -> None:
    shared_data("nomusic")
    music = synthesize(4.0)
    for condition in (Condition("short", 2.0), Condition("far", part=Part.TRAINING), listening_conditions.TALKERS[2]):
        taken = condition("a", music)
        assert np.array_equal(taken, condition("a", music)) and not np.array_equal(taken, condition("b", music)), (
            condition
        )
        assert len(taken) == min(len(music), condition.seconds * SAMPLE_RATE)


def test_the_key_of_a_condition_stays_as_it_was_when_the_cached_rows_were_made() -> None:
    key = "aa62e7ca71a5884e264ee835ec3f128b6dce1058faa1ca50e489921c8a590023"
    assert Condition("5 s", 5.0).digest("a", "b") == key
    assert AS_RECORDED.digest("a", "b") == "b"
    others = [Condition("early", place=0.25), Condition("late", place=0.75), Condition("5 s", 5.0, place=0.25)]
    assert len({key, "b", *(other.digest("a", "b") for other in others)}) == 5, "another window is another row"


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
