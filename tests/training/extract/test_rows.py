"""Rows of recordings are computed once: as recorded, and through each simulated microphone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio.condition import AS_RECORDED, Condition, microphone
from build.audio.simulated_microphone import SAMPLE_RATE, Part
from build.corpora import listening_conditions
from build.extract import rows as rows_module
from build.extract.extractor import Extractor
from build.extract.one_file import CACHE_FOLDER, VectorCache, extract
from build.extract.rows import features_of, rows_of, tables_of
from build.files import content_digest
from edge.audio.demo import synthesize
from edge.model.head_input import head_input
from features_np import FeatureSpec
from tests import two_networks
from tests.shared_data import shared_data

SPEC = FeatureSpec(groups=("mfcc_mean",))
BY = Extractor(SPEC)
HEARD = microphone(Part.TRAINING, draw=0)


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    for name, tempo_bpm in (("a", 90.0), ("b", 120.0)):
        soundfile.write(tmp_path / f"{name}.wav", synthesize(3, tempo_bpm=tempo_bpm), 22_050)
    return {f"rock/{name}": tmp_path / f"{name}.wav" for name in "ab"}


def test_what_was_heard_once_is_not_heard_again(recordings, monkeypatch) -> None:
    microphones = [AS_RECORDED, HEARD, replace(HEARD, draw=1), replace(HEARD, seconds=2.0)]
    first = tables_of(recordings, microphones, BY)
    assert len({row.tobytes() for table in first for row in table.values}) == 8

    def deaf(*_arguments):
        raise AssertionError("heard again")

    monkeypatch.setattr(rows_module, "read_recording", deaf)
    for before, again in zip(first, tables_of(recordings, microphones, BY), strict=True):
        assert again.keys == before.keys
        np.testing.assert_array_equal(again.values, before.values)
    with pytest.raises(AssertionError, match="heard again"):
        features_of(recordings, FeatureSpec(groups=("chroma_mean",)))
    with pytest.raises(AssertionError, match="heard again"):
        tables_of(recordings, [replace(HEARD, part=Part.EVALUATION)], BY)


def test_training_and_preprocessing_share_what_is_kept(recordings) -> None:
    path = recordings["rock/a"]
    outcome = extract(path, BY, VectorCache(CACHE_FOLDER))
    assert not outcome.cached
    np.testing.assert_array_equal(features_of(recordings, SPEC).values[0], outcome.vector)
    assert extract(recordings["rock/b"], BY, VectorCache(CACHE_FOLDER)).cached


def test_a_microphone_has_a_name_for_each_thing_that_it_may_hear(recordings) -> None:
    content = content_digest(recordings["rock/a"])
    others = [replace(HEARD, draw=1), replace(HEARD, part=Part.EVALUATION), replace(HEARD, seconds=2.0)]
    names = [microphone.digest("rock/a", content) for microphone in (HEARD, *others)]
    names += [HEARD.digest("rock/b", content), HEARD.digest("rock/a", "other"), content]
    assert len(set(names)) == 7


def test_a_row_is_what_the_device_hears(tmp_path: Path) -> None:
    bundle = two_networks.make_bundle(tmp_path, two_networks.use())
    extractor = Extractor(bundle.spec, ((two_networks.use(), tmp_path / "listener.tflite"),))
    sound = synthesize(9.3, tempo_bpm=100.0)
    # Another runtime may round an int8 step otherwise.
    np.testing.assert_allclose(extractor(sound), head_input(sound, bundle), rtol=0.02, atol=0.05)
    assert np.isnan(extractor(sound[: SAMPLE_RATE // 2])).sum() == two_networks.use().n_numbers


def test_what_was_described_once_is_not_described_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_data("nomusic")
    monkeypatch.chdir(tmp_path)
    bundle = two_networks.make_bundle(tmp_path / "bundle", two_networks.use())
    soundfile.write(tmp_path / "a.wav", synthesize(4.0), SAMPLE_RATE)
    conditions = (
        AS_RECORDED,
        Condition("short", 2.0),
        Condition("far", part=Part.TRAINING),
        listening_conditions.TALKERS[2],
    )

    def rows(patch_hop: int = 48) -> np.ndarray:
        use = two_networks.use(patch_hop)
        by = Extractor(bundle.spec, ((use, tmp_path / "bundle" / "listener.tflite"),))
        return rows_of({"a": tmp_path / "a.wav"}, conditions, by)

    first = rows()
    assert len({row.tobytes() for row in first[0]}) == len(conditions)

    def deaf(*_arguments: object) -> None:
        raise AssertionError("described again")

    monkeypatch.setattr(rows_module, "read_recording", deaf)
    np.testing.assert_array_equal(rows(), first)
    with pytest.raises(AssertionError, match="described again"):
        rows(patch_hop=24)
    conditions = (*conditions[:3], replace(conditions[3], talkers_db=(1.0, 1.0)))
    with pytest.raises(AssertionError, match="described again"):
        rows()
