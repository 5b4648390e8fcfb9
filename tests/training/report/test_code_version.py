"""The version of the code in a model's card: the commit of its checkout, or the number of the release."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from build.report.code_version import code_version
from features_np import __version__

VERSION = f"version {__version__}"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=N", "-c", "user.email=n@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "code.py").write_text("1\n")
    git(folder, "add", "code.py")
    git(folder, "commit", "-q", "-m", "Add code")
    return folder


def test_a_commit_and_whether_files_have_changed_since(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    (checkout / "my-model").mkdir()
    (checkout / "my-model" / "card.md").write_text("an output is no change of the code\n")
    assert code_version(checkout) == f"commit {commit}"
    (checkout / "code.py").write_text("2\n")
    assert code_version(checkout) == f"commit {commit}+changes"
    git(checkout, "add", "code.py")
    assert code_version(checkout) == f"commit {commit}+changes", "staged is not committed"


def test_without_a_checkout_of_its_own_it_is_the_version(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = checkout / "livegenre-0.1.0"
    unpacked.mkdir()
    assert code_version(unpacked) == VERSION, "somebody else's checkout around it"
    assert code_version(tmp_path) == VERSION
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert code_version(empty) == VERSION, "nothing has been committed"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_version(checkout) == VERSION, "git is not installed"
