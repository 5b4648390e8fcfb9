"""Path of this installation's own command, for other programs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

#: Where sudo looks for commands unless it is told otherwise; a virtual environment is not among them.
SUDO_PATH = tuple(map(Path, ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")))


def executable() -> Path:
    """Return the path of the ``livegenre`` command beside the interpreter that runs; it need not exist."""
    return Path(sys.executable).with_name("livegenre")


def as_root(arguments: str) -> str:
    """Return the command line that runs a command of ours as root: ``sudo /opt/livegenre/bin/livegenre history``."""
    command = executable()
    name = command.name if command.parent in SUDO_PATH or not command.exists() else shlex.quote(str(command))
    return f"sudo {name} {arguments}"
