"""``features_np`` as a distribution of its own: NumPy and SciPy beside it, and nothing else, on every Python here."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT, copy_of_what_is_tracked, run

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]

#: What a user does first: the import swapped, a stream, patches, an odd rate; then every example of the docstrings.
SCRIPT = """
import doctest, importlib, pkgutil, sys
import numpy as np
import features_np as librosa
y = np.sin(2 * np.pi * 440 * np.arange(4 * 44_099) / 44_099).astype(np.float32)
y = librosa.resample(librosa.to_mono(np.stack((y, y))), orig_sr=44_099, target_sr=22_050)
assert librosa.feature.mfcc(y=y, sr=22_050, n_mfcc=13).shape == (13, 173)
assert librosa.feature.chroma_stft(y=y).mean(axis=1).argmax() == 9
stream = librosa.FeatureStream()
stream.push(y)
assert np.allclose(stream.vector(), librosa.summarize(y, stream.spec), atol=1e-3)
assert librosa.log_mel_patches(y, sr=22_050).shape == (7, 96, 64)
for found in pkgutil.walk_packages(librosa.__path__, "features_np."):
    assert doctest.testmod(importlib.import_module(found.name)).failed == 0, found.name
foreign = {name.partition(".")[0] for name in sys.modules} & {"librosa", "numba", "edge", "soundfile", "tensorflow"}
assert not foreign, foreign
"""


def _pythons() -> list[str]:
    """This interpreter, and those of the other supported versions that start here."""
    others = [found for minor in (11, 12, 13) if (found := shutil.which(f"python3.{minor}"))]
    version = ("-c", "import sys, ensurepip; print(sys.version_info[:2])")
    starting = {repr(tuple(sys.version_info[:2])): sys.executable}
    for python in others:
        done = subprocess.run([python, *version], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            starting.setdefault(done.stdout.strip(), python)
    return list(starting.values())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the room alone."""
    folder = copy_of_what_is_tracked("features_np", tmp_path_factory.mktemp("features_np"))
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, "./features_np", cwd=folder
    )
    (archive,) = folder.glob("*.whl")
    return archive


def test_the_wheel_holds_the_whole_room_its_licence_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "features_np").rglob("*.py")}
    assert modules <= names
    rest = {name for name in names - modules if ".dist-info/" not in name}
    assert rest == {"features_np/py.typed", "features_np/README.md"}
    assert any(name.endswith("LICENSE") for name in names)


def test_its_version_is_livegenres() -> None:
    versions = []
    for path in (ROOT / "setup.cfg", ROOT / "features_np" / "setup.cfg"):
        config = configparser.ConfigParser(interpolation=None)
        config.read(path)
        versions.append(config["metadata"]["version"])
    assert versions[0] == versions[1]


@pytest.mark.parametrize("python", _pythons(), ids=lambda path: Path(path).name)
def test_it_works_in_an_empty_environment(python: str, wheel: Path, tmp_path: Path) -> None:
    run(python, "-m", "venv", tmp_path / "empty", cwd=tmp_path)
    bin_folder = tmp_path / "empty" / "bin"
    run(bin_folder / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    listed = {
        package["name"] for package in json.loads(run(bin_folder / "pip", "list", "--format=json", cwd=tmp_path).stdout)
    }
    assert listed - {"pip", "setuptools"} == {"features-np", "numpy", "scipy"}
    run(bin_folder / "python", "-c", SCRIPT, cwd=tmp_path)
