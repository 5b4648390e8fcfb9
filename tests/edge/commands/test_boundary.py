"""Every error ends in one line and an exit status; a developer can ask for the traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

LIVEGENRE = Path(sys.executable).with_name("livegenre")


def failing(error: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``livegenre bench`` where measuring raises ``error``."""
    script = (
        "import sys, edge.diagnostics.bench, edge.cli\n"
        "from edge.errors import BundleError\n"
        "from features_np.errors import SignalError\n"
        f"def measure(*_): raise {error}\n"
        "edge.diagnostics.bench.measure = measure\n"
        "sys.exit(edge.cli.main(['bench']))\n"
    )
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env})


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        ("BundleError('bad\\nmodel')", 3, r"bad\nmodel"),
        ("SignalError('NaN in it')", 1, "NaN in it"),
        ("OSError(5, 'Input/output error', '/x')", 1, "[Errno 5] Input/output error: '/x'"),
        ("ValueError('what')", 70, "a defect of livegenre, please report it: ValueError: what"),
        ("KeyboardInterrupt", 130, None),
    ],
)
def test_an_error_is_one_line_and_a_status(error: str, status: int, told: str | None) -> None:
    done = failing(error)
    assert done.returncode == status
    assert done.stderr == ("" if told is None else f"livegenre: {told}\n")


def test_a_developer_sees_where_a_defect_is() -> None:
    done = failing("ValueError('what')", PYTHONDEVMODE="1")
    assert done.returncode == 1
    assert "in measure" in done.stderr
    assert "ValueError: what" in done.stderr


def test_the_version_is_that_of_the_package() -> None:
    for option in ("-V", "--version"):
        done = subprocess.run([LIVEGENRE, option], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == f"livegenre {version('livegenre')}\n"
