"""A short form of ``python -m tests.edge.endurance.faults``: every fault once, in random order, on a running daemon."""

import subprocess
import sys

import pytest

from tests.edge.endurance.faults import FAULTS


@pytest.mark.slow
def test_the_daemon_lives_through_everything_that_can_fail():
    command = [sys.executable, "-m", "tests.edge.endurance.faults", "--minutes", "0", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert f"{len(FAULTS)} faults" in done.stdout
