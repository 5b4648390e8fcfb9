"""Frames for pictures of the sound: each one once, and only if requested."""

from __future__ import annotations

import numpy as np

from edge.audio.demo import synthesize
from edge.events import Block, Hole, Prediction
from edge.live.pipeline import PipelineSettings
from edge.model.bundle import load_bundle
from features_np import power_to_db
from features_np.feature import chroma_stft, melspectrogram
from tests.edge.scripted import blocks, heard

MUSIC = synthesize(8.0)


def sounds(chunks: list[Block | Hole], *, wanted: bool = True) -> list[Prediction]:
    found = heard(load_bundle(), chunks, PipelineSettings(sound=wanted))
    return [event for event in found if isinstance(event, Prediction) and event.sound is not None]


def test_every_frame_comes_once_as_the_definition_has_it() -> None:
    found = [event.sound for event in sounds(blocks(MUSIC)) if event.sound is not None]
    log_mel = np.concatenate([sound.log_mel for sound in found])
    chroma = np.concatenate([sound.chroma for sound in found])
    # A stream has no frames that reach over its beginning: two of the whole signal's.
    whole = power_to_db(melspectrogram(y=MUSIC, sr=22_050), top_db=None).T[2:]
    assert len(log_mel) == len(chroma) > 7 * 43
    np.testing.assert_allclose(log_mel, whole[: len(log_mel)], atol=0.01)
    np.testing.assert_allclose(chroma, chroma_stft(y=MUSIC, sr=22_050, tuning=0.0).T[2 : 2 + len(chroma)], atol=1e-4)
    assert found[0].frames_per_s == 22_050 / 512


def test_after_a_gap_they_begin_anew_and_stay_few() -> None:
    found = sounds([*blocks(MUSIC), Hole(1.0, "overrun"), *blocks(MUSIC)])
    assert all(len(event.sound.log_mel) <= 87 for event in found if event.sound is not None)
    assert sum(len(event.sound.log_mel) for event in found if event.sound is not None) > 14 * 43


def test_nobody_wants_them_nobody_gets_them() -> None:
    assert sounds(blocks(MUSIC), wanted=False) == []
    event = sounds(blocks(MUSIC))[0]
    assert "sound" not in event.to_json()
