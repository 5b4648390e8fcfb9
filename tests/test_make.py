"""The Makefile asks somebody who may not install for every missing Debian package at once, before anything else."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHECKS = ("test", "test-long", "test-cores", "test-homeassistant", "lint", "types", "package")
COMPILER = {"gcc", "libc6-dev", "python3-dev"}
#: A Debian without a package of ours, and somebody who may not use sudo.
BARE = {"dpkg-query": "exit 1", "apt-get": "exit 100", "sudo": "exit 1", "id": "echo 1000"}
#: Its Python as trixie has it: 3.13, with what makes environments and windows in packages of their own.
PYTHON = """exec python3 -c '
import sys
sys.version_info = (3, 13, 0, "final", 0)
sys.modules["ensurepip"] = sys.modules["tkinter"] = None
exec(sys.argv[1])' "$2" """


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment variables of that machine."""
    for name, script in (BARE | {"python": PYTHON}).items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def make(bare: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make there, with nothing installed in the checkout."""
    nowhere = [f"{name}=.cache/absent-{name}" for name in ("RUNTIME", "TESTING", "HOMEASSISTANT")]
    command = ["make", "--no-print-directory", "PYTHON=python", *nowhere, *arguments]
    return subprocess.run(command, env=bare, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def asked_for(bare: dict[str, str], *arguments: str) -> list[set[str]]:
    """The packages of each list that make asks for."""
    done = make(bare, *arguments)
    assert done.returncode != 0, done.stdout
    lists = re.findall(r"apt-get install -y --no-install-recommends (.*)", done.stderr)
    return [set(names.split()) for names in lists]


def needed(bare: dict[str, str], *arguments: str) -> set[str]:
    """The packages that make would see to on its way to the end."""
    done = make(bare, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    return set(" ".join(re.findall(r"^\.ci/apt (.*)", done.stdout, flags=re.MULTILINE)).split())


@pytest.mark.parametrize("target", [*CHECKS, "test-machines", "image", "debian"])
def test_one_list_names_all_that_a_target_needs(bare: dict[str, str], target: str) -> None:
    (first,) = asked_for(bare, target)
    assert first == needed(bare, target)


def test_the_tests_need_neither_a_compiler_nor_home_assistant(bare: dict[str, str]) -> None:
    assert not COMPILER & needed(bare, *set(CHECKS) - {"test-homeassistant"})
    assert "homeassistant==" not in make(bare, "--dry-run", "test").stdout
    assert needed(bare, "test-homeassistant") >= COMPILER


def test_before_a_change_is_taken_one_list_is_for_everything(bare: dict[str, str]) -> None:
    first, *others = re.findall(r"^make (\S+)", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)
    (everything,) = asked_for(bare, first)
    assert set(CHECKS) <= set(others)
    assert everything >= needed(bare, *others)
