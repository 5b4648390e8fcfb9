"""How pieces are described for training: as the device describes them, in ways that come out the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio import talkers
from build.audio.simulated_microphone import SAMPLE_RATE, Part, noise_files
from build.corpora import hearing_ways, no_music
from build.extract import described
from build.extract.described import Describer, Way, rows_of
from build.tables.pieces import Piece
from edge.audio.demo import synthesize
from edge.model.bundle import LISTENER_FILE
from edge.model.hearing import describe
from tests import two_networks
from tests.shared_data import shared_data


def test_a_row_is_what_the_device_hears(tmp_path: Path) -> None:
    bundle = two_networks.make_bundle(tmp_path, two_networks.use())
    describer = Describer(bundle.spec, two_networks.use(), tmp_path / LISTENER_FILE)
    sound = synthesize(9.3, tempo_bpm=100.0)
    # Another runtime may round an int8 step otherwise.
    np.testing.assert_allclose(describer(sound), describe(sound, bundle), rtol=0.02, atol=0.05)
    assert np.isnan(describer(sound[: SAMPLE_RATE // 2])).sum() == two_networks.use().n_numbers


def test_what_was_described_once_is_not_described_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_data("nomusic")
    monkeypatch.chdir(tmp_path)
    bundle = two_networks.make_bundle(tmp_path / "bundle", two_networks.use())
    soundfile.write(tmp_path / "a.wav", synthesize(4.0), SAMPLE_RATE)
    piece = Piece("a", "rock", "made", "a", tmp_path / "a.wav", whole=True)
    ways = (Way("as recorded"), Way("short", 2.0), Way("far", part=Part.TRAINING), hearing_ways.TALKERS[2])

    def rows(patch_hop: int = 48) -> np.ndarray:
        use = two_networks.use(patch_hop)
        return rows_of([piece], ways, Describer(bundle.spec, use, tmp_path / "bundle" / LISTENER_FILE), "test")

    first = rows()
    assert len({row.tobytes() for row in first[0]}) == len(ways)

    def deaf(*_arguments: object) -> None:
        raise AssertionError("described again")

    monkeypatch.setattr(described, "read_recording", deaf)
    np.testing.assert_array_equal(rows(), first)
    with pytest.raises(AssertionError, match="described again"):
        rows(patch_hop=24)
    ways = (*ways[:3], replace(ways[3], talkers_db=(1.0, 1.0)))
    with pytest.raises(AssertionError, match="described again"):
        rows()


def test_a_way_of_hearing_is_the_same_each_time_and_another_for_another_piece() -> None:
    shared_data("nomusic")
    music = synthesize(4.0)
    for way in (Way("short", 2.0), Way("far", part=Part.TRAINING), hearing_ways.TALKERS[2]):
        heard = way("a", music)
        assert np.array_equal(heard, way("a", music)) and not np.array_equal(heard, way("b", music)), way
        assert len(heard) == min(len(music), way.seconds * SAMPLE_RATE)


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
    heard = {
        Part.TRAINING: set(noise_files(Part.TRAINING, data)),
        Part.EVALUATION: set(noise_files(Part.EVALUATION, data)),
    }
    for window, evaluates in zip(windows, apart, strict=True):
        heard[Part.EVALUATION if evaluates else Part.TRAINING].update(window.recordings)
    assert len(heard[Part.TRAINING]) > 200 and len(heard[Part.EVALUATION]) > 90
    assert not heard[Part.TRAINING] & heard[Part.EVALUATION]
    voices = talkers.speakers(data)
    speech = {
        part: {path.name.split("-")[0] for path in paths if path.parent.name == "speech"}
        for part, paths in heard.items()
    }
    assert not set(voices[Part.TRAINING]) & set(voices[Part.EVALUATION])
    assert not speech[Part.TRAINING] & set(voices[Part.EVALUATION])
    assert not speech[Part.EVALUATION] & set(voices[Part.TRAINING])
