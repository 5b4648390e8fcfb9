"""The wheel and the sdist, built and installed as a user would, with the runtime dependencies alone."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.checkout import run

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def sdist(checkout) -> Path:
    script = "from setuptools import build_meta; build_meta.build_sdist('dist')"
    run(sys.executable, "-c", script, cwd=checkout)
    (archive,) = (checkout / "dist").glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory) -> Path:
    """Built from the sdist, which shows that the sdist is whole."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sdist, cwd=folder)
    (archive,) = folder.glob("*.whl")
    return archive


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The bin folder of a new environment that holds the wheel and its runtime dependencies alone."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", home, cwd=home)
    run(home / "bin" / "pip", "install", "--quiet", wheel, cwd=home)
    return home / "bin"


def test_sdist_holds_the_lab_and_the_tests(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"build/train.py", "models/genres.tflite", "tests/test_rules.py", "Makefile", "LICENSE", "NOTICE"} <= names


def test_wheel_holds_the_device_program_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"edge/models/genres.tflite", "edge/models/genres.json", "features_np/py.typed"} <= set(names)
    assert {"edge/models/listener.tflite", "edge/models/classic/genres.tflite"} <= set(names)
    assert "livegenre.1" in {Path(name).name for name in names if ".data/data/share/man/man1/" in name}
    top_level = {name.partition("/")[0] for name in names if not any(part in name for part in (".dist-info", ".data/"))}
    assert top_level == {"edge", "features_np"}


def test_the_runtime_is_lean(installed):
    listed = json.loads(run(installed / "pip", "list", "--format", "json", cwd=installed).stdout)
    heavy = {"tensorflow", "tensorflow-cpu", "librosa", "numba", "scikit-learn", "pandas", "matplotlib"}
    assert not heavy & {package["name"] for package in listed}


def test_the_installed_command_classifies_with_either_runtime(installed, tmp_path):
    make_music = (
        "import soundfile; from edge.audio.demo import synthesize; soundfile.write('demo.flac', synthesize(30), 22_050)"
    )
    run(installed / "python", "-c", make_music, cwd=tmp_path)
    answer = json.loads(run(installed / "livegenre", "classify", "--json", "demo.flac", cwd=tmp_path).stdout)
    assert answer["genre"] in answer["probabilities"]

    run(installed / "pip", "install", "--quiet", "ai-edge-litert", "numpy<2", cwd=tmp_path)
    compare = """
import numpy as np
from importlib.resources import files
from edge.model.interpreter import Interpreter
from edge.model.bundle import load_bundle
model = (files("edge.models") / "genres.tflite").read_bytes()
rows = np.random.default_rng(0).standard_normal((200, load_bundle().n_inputs)).astype(np.float32)
old, new = (Interpreter(model, [name]) for name in ("tflite_runtime.interpreter", "ai_edge_litert.interpreter"))
assert (old.runtime, new.runtime) == ("tflite-runtime", "ai-edge-litert")
theirs, ours = (np.array([interpreter(row) for row in rows]) for interpreter in (old, new))
assert np.array_equal(theirs.argmax(axis=1), ours.argmax(axis=1))
worst, step = np.abs(theirs - ours).max(), np.diff(np.unique(theirs)).min()
# Two steps of the integer output, or 0.02: a logit is the difference of two, and kernels may round a product
# on the edge differently.
assert worst <= max(2.01 * step, 0.02), (worst, step)
"""
    if sys.version_info < (3, 12):
        run(installed / "python", "-c", compare, cwd=tmp_path)


def test_pipx_installs_it_and_takes_it_away(wheel, tmp_path):
    tool = tmp_path / "tool" / "bin"
    run(sys.executable, "-m", "venv", tool.parent, cwd=tmp_path)
    run(tool / "pip", "install", "--quiet", "pipx", cwd=tmp_path)
    places = {"PIPX_HOME": "home", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man"}
    pipx = ("env", *(f"{name}={tmp_path / place}" for name, place in places.items()), tool / "pipx")
    run(*pipx, "install", wheel, cwd=tmp_path)
    unit = run(tmp_path / "bin" / "livegenre", "service", "show", cwd=tmp_path).stdout
    assert f"ExecStart={tmp_path / 'home'}" in unit
    assert (tmp_path / "man" / "man1" / "livegenre.1").exists(), "man livegenre says nothing"
    run(*pipx, "uninstall", "livegenre", cwd=tmp_path)
    assert not [*(tmp_path / "bin").iterdir(), *(tmp_path / "man" / "man1").iterdir()]
