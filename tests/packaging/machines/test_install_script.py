"""``install.sh`` on each machine: from the checkout to a unit that systemd accepts, and away again without a trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT
from tests.packaging.machines.roots import Installed
from tests.packaging.machines.shelf import CONFIG, LINK, UNIT, files, script, stock

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]


@pytest.fixture
def root(machine: Installed, checkout: Path, livegenre: Path) -> Path:
    """The machine's root, with what is installed from."""
    for left in (UNIT, CONFIG, LINK):  # by a run that failed
        (machine.root / left).unlink(missing_ok=True)
    shutil.rmtree(machine.root / "opt" / "livegenre", ignore_errors=True)
    stock(machine.root, machine.machine, checkout, livegenre)
    return machine.root


def test_it_installs_a_service_and_takes_it_away_again(machine: Installed, root: Path, tmp_path: Path) -> None:
    before = files(root)
    done = script(root, machine.machine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything works but for the warning" in done.stdout
    assert "sudo systemctl enable --now livegenre" in done.stdout
    written = {name for name in files(root) if name not in before and not name.startswith("opt/livegenre/")}
    assert written == {UNIT, CONFIG, LINK}
    assert (root / LINK).readlink() == Path("/opt/livegenre/bin/livegenre")
    unit = tmp_path / "livegenre.service"  # by this system's units: the root holds no systemd
    unit.write_text((root / UNIT).read_text().replace("/opt/livegenre", f"{root}/opt/livegenre"))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    if machine.machine.is_native:  # minutes, where it is emulated
        assert script(root, machine.machine).returncode == 0, "once more"
    assert script(root, machine.machine, "--uninstall", "--purge").returncode == 0
    assert files(root) == before


@pytest.mark.parametrize("arguments", [("--nothing",), ("--with",)])
def test_what_it_does_not_understand_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([ROOT / "install.sh", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_shellcheck_finds_nothing() -> None:
    assert shutil.which("shellcheck"), "this test needs shellcheck: apt install shellcheck"
    done = subprocess.run(["shellcheck", ROOT / "install.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
