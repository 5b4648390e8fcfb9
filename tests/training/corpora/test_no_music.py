"""Music told from what is none: the windows, the extra label, and the rows that go through a microphone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from build.audio.simulated_microphone import SAMPLE_RATE
from build.corpora import microphone_shift, no_music
from build.errors import DatasetError
from build.extract.extractor import Extractor
from build.extract.rows import features_of
from build.models import int8, no_music_head
from build.models.discriminant import DiscriminantRecipe
from build.models.no_music_head import Detector
from edge.live.decision import NO_MUSIC
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.model.interpreter import Interpreter
from features_np.spec import FeatureSpec
from tests.shared_data import shared_data
from tests.training.synthetic import GENRES, made_up_table

GROUPS = FeatureSpec().groups


def rows_of_no_music(n: int = 60, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Two kinds that have nothing in common with each other or with a made-up genre."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(n) % 2
    centres = np.random.default_rng(7).normal(0, 10, (2, 85))
    return (100 + centres[kinds] + rng.normal(0, 3, (n, 85))).astype(np.float32), kinds


@pytest.mark.parametrize("fit", [no_music_head.regression, partial(no_music_head.discriminants, shrinkage=0.7)])
def test_no_music_is_caught_and_the_genres_keep_their_odds_through_int8(fit: Callable[..., Detector]) -> None:
    table = made_up_table(120)
    targets = table.targets(GENRES)
    other, kinds = rows_of_no_music()
    fitted = DiscriminantRecipe("test", GROUPS).fit(table.values, targets, n_labels=3, seed=0)
    detector = fit(fitted, table.values, targets, other=other, kinds=kinds)
    joined = no_music_head.with_detector(fitted, detector)
    unseen = rows_of_no_music(seed=6)[0]
    logits = joined.logits(np.vstack([table.values, unseen]))
    assert logits.shape == (180, 4)
    assert np.all(logits[:120].argmax(axis=1) == targets)
    assert np.all(logits[120:].argmax(axis=1) == 3)
    margins = detector.margin(fitted.normalize(unseen))
    np.testing.assert_allclose(logits[120:, 3], np.minimum(margins, no_music_head.HIGHEST), atol=1e-3)
    before, after = fitted.logits(table.values), logits[:120, :3]
    expected = np.maximum(before - before.max(axis=1, keepdims=True), no_music_head.LOWEST)
    np.testing.assert_allclose(after, expected, atol=1e-3)
    model = int8.to_int8(joined.model, joined.normalize(np.vstack([table.values, other])))
    interpreter = Interpreter(model)
    answers = [interpreter(row).argmax() for row in joined.normalize(np.vstack([table.values, unseen]))]
    assert np.mean(np.array(answers) == logits.argmax(axis=1)) >= 0.99


def test_windows_of_one_fold_share_no_speaker_with_another() -> None:
    folder = shared_data("nomusic")
    speakers: list[set[str]] = []
    for fold in range(no_music.N_FOLDS):
        recorded = {kind: paths for kind, paths, _ in no_music.recorded(folder, fold)}
        speakers.append({path.name.split("-")[0] for path in recorded["speech"]})
        assert len(recorded) == 11 and all(recorded.values())
        assert all(path.name.startswith(f"{fold + 1}-") for path in recorded["rain"])
    assert len(set.union(*speakers)) == sum(map(len, speakers))


def test_generated_windows_are_sound_of_the_length_asked_for() -> None:
    for name, generate in no_music.GENERATORS.items():
        for seed in range(5):
            audio = generate(2 * SAMPLE_RATE, np.random.default_rng(seed))
            assert audio.shape == (2 * SAMPLE_RATE,) and np.all(np.isfinite(audio)) and audio.std() > 0, name


def test_windows_come_from_recordings_in_their_lengths() -> None:
    windows = no_music.windows(shared_data("."), seed=0)
    assert {window.fold for window in windows} == set(range(no_music.N_FOLDS))
    assert len({window.kind for window in windows}) == 15
    for kind in ("speech", "rain", no_music.KITCHEN, "hum"):
        first, second, *_ = (window for window in windows if window.kind == kind)
        assert len(first.audio()) == first.seconds * SAMPLE_RATE and first.seconds in no_music.WINDOW_S
        assert np.array_equal(first.audio(), first.audio())
        n = min(len(first.audio()), len(second.audio()))
        assert not np.array_equal(first.audio()[:n], second.audio()[:n])


def test_windows_in_rooms_are_all_others_and_people_talking_over_dishes() -> None:
    others = no_music.windows(shared_data("."), seed=0)
    in_rooms = no_music.windows_in_rooms(shared_data("."), seed=0)
    assert [window.seed for window in in_rooms[: len(others)]] == [window.seed for window in others]
    further = in_rooms[len(others) :]
    assert {window.kind for window in further} == {no_music.TALKING, no_music.DISHES}
    assert {window.fold for window in further} == set(range(no_music.N_FOLDS))
    assert len({window.seed for window in in_rooms}) == len(in_rooms)
    for window in (in_rooms[0], further[0], further[-1]):
        sound, degraded = window.audio(), window.degraded()
        assert len(sound) == len(degraded) == round(window.seconds * SAMPLE_RATE) and 0 < np.abs(degraded).max() <= 1
        assert np.array_equal(sound, window.audio()) and np.array_equal(degraded, window.degraded())
        assert not np.array_equal(degraded, replace(window, in_room=False).degraded())


def test_people_who_talk_in_a_room_share_no_voice_between_folds() -> None:
    talking = [window for window in no_music.windows_in_rooms(shared_data("."), 0) if window.kind == no_music.TALKING]
    speakers = [
        {path.name.split("-")[0] for window in talking if window.fold == fold for path in window.recordings}
        for fold in range(no_music.N_FOLDS)
    ]
    assert len(set.union(*speakers)) == sum(map(len, speakers))


def test_people_talking_in_a_room_that_a_phone_recorded_are_no_music_to_the_shipped_model() -> None:
    """Of speakers and rooms that no training uses: whatever is heard in such rooms must not count as music."""
    by, classify = Extractor.of_bundle(None), Classifier(load_bundle())
    windows = [
        window
        for window in no_music.windows_in_rooms(shared_data("."), 0)
        if window.kind == no_music.TALKING and window.fold == no_music.EVALUATION_FOLD
    ][::3]
    answers = [classify.labels[classify(by(window.degraded())).argmax()] for window in windows]
    assert answers.count(NO_MUSIC) >= 0.75 * len(answers), answers


def test_a_transplanted_row_is_a_row_plus_one_of_the_differences() -> None:
    table = made_up_table(9)
    spec = FeatureSpec()
    differences = np.stack([np.full(85, 1.0), np.full(85, -2.0)]).astype(np.float32)
    moved = microphone_shift.transplant([table, table], differences, spec, seed=0)
    assert moved.keys == table.keys * 2
    shift = moved.values - np.vstack([table.values] * 2)
    assert set(np.round(shift[:, 0]).tolist()) == {1.0, -2.0}
    assert np.allclose(shift, shift[:, :1], atol=1e-4)
    with pytest.raises(DatasetError, match="no differences"):
        microphone_shift.transplant([table], differences[:0], spec, seed=0)


def test_recordings_are_heard_through_every_microphone_and_differ_from_the_tracks() -> None:
    spec = FeatureSpec(groups=("mfcc_mean",))
    audio = shared_data("gtzan", "audio")
    found = [next(iter(sorted((audio / genre).glob("*.ogg")))) for genre in ("blues", "metal")]
    recordings = {f"{path.parent.name}/{path.stem}": path for path in found}
    degraded = microphone_shift.through_microphones(recordings, spec)
    assert degraded.keys == tuple(recordings) * len(microphone_shift.MICROPHONES_S)
    assert len({row.tobytes() for row in degraded.values}) == len(degraded)
    recorded = features_of(recordings, spec)
    differences = microphone_shift.differences(degraded, recorded)
    np.testing.assert_array_equal(differences[1], degraded.values[1] - recorded.values[1])
    assert np.all(np.isfinite(differences)) and np.abs(differences).max() > 10
