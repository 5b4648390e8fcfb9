"""Clips come as they are, at the rate that they are used at, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio.read import duration_s, read_clip
from edge.errors import AudioFileError


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, 2205), 22_050, subtype="PCM_16")
    return path


def test_a_clip_is_read_as_it_is(clip: Path) -> None:
    found = read_clip(clip, 22_050)
    expected, _ = soundfile.read(clip, dtype="float64")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert duration_s(clip) == 0.1


@pytest.mark.parametrize(("shape", "rate", "told"), [((100,), 16_000, "16000 Hz"), ((100, 2), 22_050, "2 channels")])
def test_none_is_taken_for_what_it_is_not(tmp_path: Path, shape: tuple[int, ...], rate: int, told: str) -> None:
    path = tmp_path / "other.wav"
    soundfile.write(path, np.zeros(shape), rate)
    with pytest.raises(AudioFileError, match=told):
        read_clip(path, 22_050)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    for name, told in (("text.wav", "is not audio"), ("gone.wav", "No such file")):
        for read in (duration_s, lambda path: read_clip(path, 22_050)):
            with pytest.raises(AudioFileError, match=f"{name}: {told}"):
                read(tmp_path / name)
