"""The snippets of features_np/README.md run as they stand, and the first gives with librosa what it gives with us."""

from __future__ import annotations

import re
from pathlib import Path

import librosa
import numpy as np
import pytest

import features_np

README = Path(__file__).parents[2] / "features_np" / "README.md"


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_snippet_runs() -> None:
    assert len(snippets()) == 2
    for snippet in snippets():
        exec(compile(snippet, str(README), "exec"), {})


def test_the_swap_takes_ten_lines_and_gives_librosas_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    swap = snippets()[0]
    assert len([line for line in swap.splitlines() if line]) <= 10
    ours: dict[str, np.ndarray] = {}
    exec(compile(swap, str(README), "exec"), ours)
    printed = capsys.readouterr().out
    assert f"# {printed}" in swap
    assert "0.0" not in printed
    y, sr = ours["y"], ours["sr"]
    assert np.allclose(ours["mfcc"], librosa.feature.mfcc(y=y, sr=sr, n_mfcc=13), atol=2e-3)
    assert np.allclose(ours["chroma"], librosa.feature.chroma_stft(y=y, sr=sr), atol=1e-4)
    tempo, beats = librosa.beat.beat_track(y=y, sr=sr, units="time")
    assert np.array_equal(ours["tempo"], tempo) and np.array_equal(ours["beats"], beats)


def test_every_name_is_in_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    for place in ("beat", "effects", "feature", "filters", "onset", "util"):
        for name in set(getattr(features_np, place).__all__) - {"exceptions"}:
            assert f"`{name}`" in text, name


def test_the_first_screen_is_how_to_install_it() -> None:
    assert "pip install features-np" in "".join(README.read_text(encoding="utf-8").splitlines()[:4])
