"""Rows of recordings are computed once: as recorded, and through each simulated microphone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio.simulated_microphone import Part
from build.extract import heard_rows
from build.extract.heard_rows import SimulatedMicrophone, features_after, features_of
from build.extract.one_file import CACHE_FOLDER, VectorCache, content_digest, extract
from edge.audio.demo import synthesize
from features_np import FeatureSpec

SPEC = FeatureSpec(groups=("mfcc_mean",))
HEARD = SimulatedMicrophone(Part.TRAINING, draw=0)


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    for name, tempo_bpm in (("a", 90.0), ("b", 120.0)):
        soundfile.write(tmp_path / f"{name}.wav", synthesize(3, tempo_bpm=tempo_bpm), 22_050)
    return {f"rock/{name}": tmp_path / f"{name}.wav" for name in "ab"}


def test_what_was_heard_once_is_not_heard_again(recordings, monkeypatch) -> None:
    microphones = [None, HEARD, replace(HEARD, draw=1), replace(HEARD, seconds=2.0)]
    first = features_after(recordings, SPEC, microphones)
    assert len({row.tobytes() for table in first for row in table.values}) == 8

    def deaf(*_arguments):
        raise AssertionError("heard again")

    monkeypatch.setattr(heard_rows, "read_recording", deaf)
    for before, again in zip(first, features_after(recordings, SPEC, microphones), strict=True):
        assert again.keys == before.keys
        np.testing.assert_array_equal(again.values, before.values)
    with pytest.raises(AssertionError, match="heard again"):
        features_of(recordings, FeatureSpec(groups=("chroma_mean",)))
    with pytest.raises(AssertionError, match="heard again"):
        features_after(recordings, SPEC, [replace(HEARD, part=Part.EVALUATION)])


def test_training_and_preprocessing_share_what_is_kept(recordings) -> None:
    path = recordings["rock/a"]
    outcome = extract(path, SPEC, VectorCache(CACHE_FOLDER))
    assert not outcome.cached
    np.testing.assert_array_equal(features_of(recordings, SPEC).values[0], outcome.vector)
    assert extract(recordings["rock/b"], SPEC, VectorCache(CACHE_FOLDER)).cached


def test_a_microphone_has_a_name_for_each_thing_that_it_may_hear(recordings) -> None:
    content = content_digest(recordings["rock/a"])
    others = [replace(HEARD, draw=1), replace(HEARD, part=Part.EVALUATION), replace(HEARD, seconds=2.0)]
    names = [microphone.digest("rock/a", content) for microphone in (HEARD, *others)]
    names += [HEARD.digest("rock/b", content), HEARD.digest("rock/a", "other"), content]
    assert len(set(names)) == 7
