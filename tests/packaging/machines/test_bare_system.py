"""``install.sh`` on a Debian with nothing but Python: it has apt install what is missing, by this system's sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.conftest import BARE
from tests.packaging.machines.machines import MACHINES, Machine
from tests.packaging.machines.roots import bare_root
from tests.packaging.machines.shelf import CONFIG, LINK, UNIT, script, stock

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("machine", [MACHINES[name] for name in BARE], ids=BARE)
def test_apt_brings_what_is_missing(machine: Machine, checkout: Path, livegenre: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    run("cp", "--archive", "--no-target-directory", bare_root(machine), root, cwd=ROOT)
    stock(root, machine, checkout, livegenre)
    done = script(root, machine, network=True)
    assert done.returncode == 0, done.stdout + done.stderr
    told, *_ = done.stdout.splitlines()
    missing = ["python3-venv", "libportaudio2"]
    if machine.uses_debians:
        missing += ["python3-cffi", "python3-numpy", "python3-scipy", "libsndfile1"]
    assert told.split() == ["installing", *missing]
    assert "Everything works but for the warning" in done.stdout
    assert all((root / name).exists() for name in (UNIT, CONFIG))
    done = script(root, machine, "--uninstall", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any((root / name).is_symlink() or (root / name).exists() for name in (UNIT, CONFIG, LINK))
    assert list((root / "opt").iterdir()) == []
