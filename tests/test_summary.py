"""A run of the tests ends with what was skipped and why, in one line."""

import os
import subprocess
import sys
from pathlib import Path

from tests.shared_data import NEEDS_DATA

ROOT = Path(__file__).resolve().parents[1]
SKIPS = f"""
import pytest
@pytest.mark.parametrize("number", range(3))
def test_of_recordings(number):
    pytest.skip("nothing there: {NEEDS_DATA}")
def test_of_disks():
    pytest.skip("mounting needs root")
def test_of_all_else():
    pass
"""


def test_it_says_what_was_skipped(tmp_path):
    (tmp_path / "test_skips.py").write_text(SKIPS)
    options = ["-p", "tests.conftest", "-c", os.devnull, "--rootdir", tmp_path, "-q"]
    command = [sys.executable, "-m", "pytest", *options, tmp_path / "test_skips.py"]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("skipped")] == [
        "skipped, while all else ran: 3 need recordings that may not be redistributed (../shared/data); "
        "1 mounting needs root"
    ]
