"""Has this kernel start programs of another architecture by itself, through QEMU: what a chroot of one needs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

BINFMT = Path("/proc/sys/fs/binfmt_misc")
#: Where Debian's qemu-user-static says by which first bytes the kernel knows an architecture's programs.
RULES = Path("/usr/lib/binfmt.d")
TOOLS = {"mmdebstrap": "mmdebstrap", "arch-test": "arch-test", "unshare": "util-linux"}


class EmulationError(Exception):
    """In one line: what is missing here, and the remedy."""


def require(qemu: str | None) -> None:
    """Make sure that roots can be built and entered; ``qemu`` names the architecture to emulate, None for none.

    Mounts binfmt_misc and registers QEMU where that has not been done. Raises ``EmulationError``.
    """
    if os.geteuid() != 0:
        raise EmulationError("building and entering a Debian root needs root: sudo make test-machines")
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        raise EmulationError(f"{', '.join(missing)} are missing: sudo apt install {' '.join(missing)}")
    if qemu is not None:
        _register(qemu)


def _register(qemu: str) -> None:
    rule = RULES / f"qemu-{qemu}.conf"
    if not rule.exists():
        raise EmulationError(f"nothing here runs {qemu} programs: sudo apt install qemu-user-static")
    if not (BINFMT / "register").exists():
        done = subprocess.run(
            ["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise EmulationError(f"this kernel does not let us emulate {qemu}: {done.stderr.strip()}")
    if not (BINFMT / f"qemu-{qemu}").exists():
        try:
            (BINFMT / "register").write_text(rule.read_text())
        except OSError as error:
            raise EmulationError(f"the kernel does not take {rule}: {error.strerror}") from error
