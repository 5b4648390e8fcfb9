"""The version of the code that makes a model: the commit of a checkout, or the release's number."""

from __future__ import annotations

import subprocess
from pathlib import Path

from features_np import __version__

#: The checkout, or the unpacked distribution, that this file is part of.
ROOT = Path(__file__).resolve().parents[2]
#: Ends the commit of a checkout whose tracked files have changed since.
CHANGES = "+changes"


def code_version(root: Path = ROOT) -> str:
    """Return the commit of the checkout in a folder, marked if files have changed since; without one the version.

    A repository that merely contains the folder, such as one in which a source distribution was unpacked, does not
    count.
    """
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return f"version {__version__}"
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return f"version {__version__}"
    return f"commit {commit}{CHANGES if changed else ''}"


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
