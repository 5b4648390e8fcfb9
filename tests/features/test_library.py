"""Library properties: a version, safe names, streams that can be pickled, and types."""

from __future__ import annotations

import ast
import configparser
import os
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest

import features_np as fx
from features_np.vector.groups import GROUPS
from tests.golden.signals import SIGNALS

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_distributions() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "features_np" / "setup.cfg")
    assert fx.__version__ == config["metadata"]["version"]


def test_no_module_has_the_name_of_what_is_none_in_librosa() -> None:
    for found in pkgutil.iter_modules(fx.__path__):
        other = getattr(librosa, found.name, None)
        assert other is None or not callable(other), found.name


@pytest.mark.parametrize(
    "stream",
    [
        fx.FeatureStream(fx.FeatureSpec(groups=tuple(GROUPS), window_s=3.0)),
        fx.PatchStream(),
        fx.Resampler(48_000, 22_050),
        fx.Resampler(44_100, 16_001),
    ],
    ids=lambda stream: type(stream).__name__,
)
def test_a_stream_goes_on_where_it_was_put_away(stream: fx.FeatureStream | fx.PatchStream | fx.Resampler) -> None:
    y = SIGNALS["music"]()
    stream.push(y[:100_000])
    again = pickle.loads(pickle.dumps(stream))
    ours, theirs = stream.push(y[100_000:150_000]), again.push(y[100_000:150_000])
    if isinstance(stream, fx.FeatureStream):
        ours, theirs = stream.vector(), again.vector()
    assert len(ours) and np.array_equal(ours, theirs)


def test_a_missing_name_is_an_error_to_a_type_checker(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import features_np\nfeatures_np.feature.mfcc\nfeatures_np.cqt\nfeatures_np.feature.chroma_vqt\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", os.devnull, "--cache-dir", tmp_path / "cache", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.partition("script.py:")[2] for line in done.stdout.splitlines() if "script.py:" in line]
    assert [line.partition(":")[0] for line in found] == ["3", "4"], done.stdout
    assert all("attr-defined" in line for line in found)


def test_frames_that_are_not_kept_are_an_error_that_says_which_are() -> None:
    stream = fx.FeatureStream(fx.FeatureSpec(window_s=3.0))
    stream.push(SIGNALS["music"]()[:100_000])
    start, frames = stream.log_mel()
    assert len(stream.chroma(start)) == len(frames)
    with pytest.raises(fx.ParameterError, match="not among those kept"):
        stream.chroma(-5)


def test_nothing_is_asserted() -> None:
    """An ``AssertionError`` tells a caller nothing, and less where Python is told to leave it out."""
    for path in (ROOT / "features_np").rglob("*.py"):
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text()))), path
