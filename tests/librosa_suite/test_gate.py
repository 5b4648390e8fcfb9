"""The gate on a suite of our own making, in the form of librosa's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.librosa_suite import gate

MADE_UP = """
import librosa
import librosa.core.spectrum
import numpy as np
import pytest


@pytest.fixture
def spectrum():
    return librosa.stft(np.ones(4_096))


def test_by_a_fixture(spectrum):
    assert spectrum.shape == (1_025, 9)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_of_ours(n):
    assert type(librosa.core.spectrum.power_to_db(1.0)).__module__ == "numpy"
    assert librosa.feature.rms(y=np.ones(4_096)).shape[0] == n % 2


@pytest.mark.xfail(raises=librosa.ParameterError)
def test_that_an_error_is_ours():
    librosa.util.frame(np.ones(3), frame_length=5, hop_length=1)


def test_of_librosas_alone():
    assert librosa.fmt is not None and librosa.A4_to_tuning(440) == 0


def test_that_fails_with_librosas_alone():
    assert librosa.A4_to_tuning(440) == 1
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_core.py").write_text(MADE_UP)
    (folder / "tests" / "test_display.py").write_text("raise ImportError('not of these files')")
    return folder


def _gate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.librosa_suite.gate", *map(str, arguments)]
    return subprocess.run(command, cwd=gate.ROOT, capture_output=True, text=True, check=False)


def test_what_passed_is_pinned_and_what_is_worse_is_named(checkout: Path, tmp_path: Path) -> None:
    pins = tmp_path / "passing.txt"
    pins.write_text("tests/test_core.py::test_of_ours 3 of 3\ntests/test_core.py::test_by_a_fixture 1 of 1\n")
    done = _gate(checkout, "--list", pins)
    assert done.returncode == 1
    assert "4 of 5 tests that reach features_np pass" in done.stdout
    assert done.stdout.splitlines()[-1] == "tests/test_core.py::test_of_ours: 2 of 3 pass, 3 of 3 did before"


def test_cases_are_counted_by_function_and_reasons_are_kept() -> None:
    outcomes = ["passed t.py::test_a[1]", "failed t.py::test_a[2-x]", "passed t.py::test_b"]
    results = gate.counted(outcomes)
    assert results == {"t.py::test_a": (1, 2), "t.py::test_b": (1, 1)}
    text = gate.listed(results, {"t.py::test_a": "a reason"})
    assert text == "t.py::test_a 1 of 2  # a reason\nt.py::test_b 1 of 1\n"
    assert gate.pinned(text) == (results, {"t.py::test_a": "a reason"})
    assert "to be explained" in gate.listed(results, {})
    assert gate.worse({"t.py::test_a": (2, 2), "t.py::test_b": (1, 1)}, results) == []


def test_a_folder_without_tests_is_one_line(tmp_path: Path) -> None:
    done = _gate(tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} holds no tests of librosa; give the folder of a checkout of librosa 0.11\n"


def test_the_list_is_what_is_read() -> None:
    results, reasons = gate.pinned(gate.PINNED.read_text(encoding="utf-8"))
    assert gate.listed(results, reasons) == gate.PINNED.read_text(encoding="utf-8")
    assert sum(passed for passed, _ in results.values()) >= 6_900
    assert all(test in reasons for test, (passed, reached) in results.items() if passed < reached)
    assert gate.worse(results, results) == []
    assert gate.worse({}, results)
