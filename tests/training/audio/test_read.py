"""Reading of recordings by windows, and of clips as they are, at the rate that they are used at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.audio.read import duration_s, read_clip, read_recording, read_windows
from edge.errors import AudioFileError
from features_np import FeatureSpec


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


def test_a_long_recording_is_represented_by_the_window_in_its_middle(tmp_path: Path) -> None:
    spec = FeatureSpec(window_s=3.0)
    ramp = np.linspace(-0.5, 0.5, 10 * spec.sample_rate, dtype=np.float32)
    soundfile.write(tmp_path / "long.wav", ramp, spec.sample_rate, subtype="FLOAT")
    soundfile.write(tmp_path / "whole.wav", ramp[: round(3.9 * spec.sample_rate)], spec.sample_rate, subtype="FLOAT")
    middle = read_recording(tmp_path / "long.wav", spec)
    assert middle.size == 3 * spec.sample_rate
    assert abs(float(np.mean(middle))) < 1e-4
    assert read_recording(tmp_path / "whole.wav", spec).size == round(3.9 * spec.sample_rate)


def test_a_long_recording_has_further_windows_and_a_short_one_has_not(tmp_path: Path) -> None:
    spec = FeatureSpec(window_s=3.0)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 11 * spec.sample_rate).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", noise, spec.sample_rate, subtype="FLOAT")
    windows = read_windows(tmp_path / "long.wav", spec, [0.75, 0.0, 0.25])
    for place, window in windows.items():
        start = round(place * 8 * spec.sample_rate)
        np.testing.assert_array_equal(window, noise[start : start + 3 * spec.sample_rate])
        np.testing.assert_array_equal(window, read_recording(tmp_path / "long.wav", spec, place))
    noise[: round(5.2 * spec.sample_rate)] = 0.0
    soundfile.write(tmp_path / "late.wav", noise, spec.sample_rate, subtype="FLOAT")
    late = read_windows(tmp_path / "late.wav", spec, [0.25, 0.75])
    np.testing.assert_array_equal(late[0.25], read_recording(tmp_path / "late.wav", spec))
    assert not np.array_equal(late[0.75], late[0.25])
    soundfile.write(tmp_path / "short.wav", noise[-4 * spec.sample_rate :], spec.sample_rate, subtype="FLOAT")
    short = read_windows(tmp_path / "short.wav", spec, [0.25, 0.75])
    assert short[0.25] is short[0.75] and short[0.25].size == 4 * spec.sample_rate
