"""Copies of this checkout, as git knows it, and commands that have to succeed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; what it printed is part of the failure."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done


def copy_of_what_is_tracked(part: str, folder: Path) -> Path:
    """Copy the tracked files of ``part`` of the checkout into ``folder``, and return that."""
    for name in run("git", "ls-files", part, cwd=ROOT).stdout.splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder
