"""``install.sh`` on each machine: from the checkout to a unit that systemd accepts, and away again without a trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT
from tests.packaging.machines.roots import Installed, download, enter

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]

#: Where it writes, and nowhere else; what a process may always leave are temporary files, which it does not either.
PLACES = ("etc", "home", "opt", "root", "srv", "tmp", "usr", "var")
UNIT, CONFIG, LINK = "etc/systemd/system/livegenre.service", "etc/livegenre.toml", "usr/local/bin/livegenre"


def files(root: Path) -> dict[str, int]:
    """Every file and link, and the times when they were changed."""
    found = (path for place in PLACES for path in (root / place).rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(root).as_posix(): path.lstat().st_mtime_ns for path in found}


@pytest.fixture
def shelf(machine: Installed, checkout: Path, livegenre: Path) -> Path:
    """A root with the checkout in /srv, with wheels in the place of an index, and as if systemd ran."""
    srv = machine.root / "srv"
    download(machine.machine, livegenre, srv / "wheels", "setuptools", "wheel")
    shutil.copytree(checkout, srv / "livegenre", dirs_exist_ok=True)
    (machine.root / "run" / "systemd" / "system").mkdir(parents=True, exist_ok=True)
    (machine.root / LINK).parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(machine.root / "opt" / "livegenre", ignore_errors=True)
    for left in (UNIT, CONFIG, LINK):  # by a run that failed
        (machine.root / left).unlink(missing_ok=True)
    return srv


def script(machine: Installed, *arguments: str) -> subprocess.CompletedProcess[str]:
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/srv/wheels",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_COMPILE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    processor = machine.machine.emulated_processors[0]
    return enter(machine.root, ["/srv/livegenre/install.sh", *arguments], {**offline, "QEMU_CPU": processor})


def test_it_installs_a_service_and_takes_it_away_again(machine: Installed, shelf: Path, tmp_path: Path) -> None:
    root = machine.root
    before = files(root)
    done = script(machine)
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
        assert script(machine).returncode == 0, "once more"
    assert script(machine, "--uninstall", "--purge").returncode == 0
    assert files(root) == before


@pytest.mark.parametrize("arguments", [("--nothing",), ("--with",)])
def test_what_it_does_not_understand_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([ROOT / "install.sh", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_shellcheck_finds_nothing() -> None:
    assert shutil.which("shellcheck"), "this test needs shellcheck: apt install shellcheck"
    done = subprocess.run(["shellcheck", ROOT / "install.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
