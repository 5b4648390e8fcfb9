"""``install.sh`` in a root: what it installs from, how it is started, and what it leaves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.packaging.machines.machines import Machine
from tests.packaging.machines.roots import download, enter

#: Where it writes, and nowhere else; what a process may always leave are temporary files, which it does not either.
PLACES = ("etc", "home", "opt", "root", "srv", "tmp", "usr", "var")
UNIT, CONFIG, LINK = "etc/systemd/system/livegenre.service", "etc/livegenre.toml", "usr/local/bin/livegenre"
#: In the place of PyPI.
WHEELS = {
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/srv/wheels",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_COMPILE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def stock(root: Path, machine: Machine, checkout: Path, wheel: Path) -> None:
    """Put the checkout into the root's /srv, with wheels in the place of an index, and as if systemd ran."""
    srv = root / "srv"
    # What builds the checkout, with what that needs: for 32 bits nothing is fetched that is not named.
    download(machine, wheel, srv / "wheels", "setuptools", "wheel", "packaging")
    shutil.copytree(checkout, srv / "livegenre", dirs_exist_ok=True)
    (root / "run" / "systemd" / "system").mkdir(parents=True, exist_ok=True)
    (root / LINK).parent.mkdir(parents=True, exist_ok=True)


def script(root: Path, machine: Machine, *arguments: str, network: bool = False) -> subprocess.CompletedProcess[str]:
    """Run ``install.sh`` there; ``network`` is for apt, pip takes the wheels."""
    environment = {**WHEELS, "QEMU_CPU": machine.emulated_processors[0]}
    return enter(root, ["/srv/livegenre/install.sh", *arguments], environment, network=network)


def files(root: Path) -> dict[str, int]:
    """Every file and link, and the times when they were changed."""
    found = (path for place in PLACES for path in (root / place).rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(root).as_posix(): path.lstat().st_mtime_ns for path in found}
