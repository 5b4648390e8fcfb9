"""The container image: what it says of itself, and its own files run as its own user, without a container engine."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.conftest import TAKEN
from tests.packaging.machines.image import make, settings_of

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]

#: The image that runs here without emulation.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "none")


@pytest.fixture(scope="module")
def archives(livegenre: Path) -> list[Path]:
    if f"trixie-{ARCHITECTURE}" not in TAKEN:
        pytest.skip(f"the machine trixie-{ARCHITECTURE}, which is in the image, was not asked for")
    return make(ARCHITECTURE, livegenre)


@pytest.fixture(scope="module")
def contents(archives: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system, as an engine would unpack it."""
    folder = tmp_path_factory.mktemp("image")
    run("skopeo", "copy", "--quiet", f"oci-archive:{archives[0]}", "oci:layout:latest", cwd=folder)
    run("umoci", "unpack", "--image", "layout:latest", "bundle", cwd=folder)
    return folder / "bundle" / "rootfs"


def inside(contents: Path, settings: dict[str, object], *command: str, ended_after_s: int = 0) -> str:
    """Run a command as the image says; a daemon is told to end, as an engine does."""
    config = settings["config"]
    assert isinstance(config, dict)
    spaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", f"--mount-proc={contents / 'proc'}"]
    limit = (
        ["timeout", "--preserve-status", f"--signal={config['StopSignal']}", str(ended_after_s)]
        if ended_after_s
        else []
    )
    chroot = ["chroot", f"--userspec={config['User']}", contents, "env", "--ignore-environment", *config["Env"]]
    return run(*spaces, *limit, *chroot, *command, cwd=ROOT).stdout


def test_both_archives_are_one_image(archives: list[Path]) -> None:
    first, second = map(settings_of, archives)
    assert first["architecture"] == ARCHITECTURE
    assert first["rootfs"] == second["rootfs"]
    assert first["config"] == second["config"]


def test_its_own_selftest_passes(archives: list[Path], contents: Path) -> None:
    told = json.loads(inside(contents, settings_of(archives[0]), "livegenre", "selftest", "--json"))
    assert [check["verdict"] for check in told["checks"]] == ["ok", "ok", "ok", "warning"], told


def test_it_has_every_face_and_starts_with_a_configuration_of_its_own(archives: list[Path], contents: Path) -> None:
    settings = settings_of(archives[0])
    python = next((contents / "opt").glob("*/bin/python"))
    faces = "import edge.sinks.web.server, edge.sinks.mqtt.publisher, edge.sinks.prometheus"
    inside(contents, settings, f"/{python.relative_to(contents)}", "-c", faces)
    (command,) = settings["config"]["Cmd"]  # type: ignore[index]
    inside(contents, settings, command, ended_after_s=10)
    made = contents / "config"
    assert (made / "livegenre.toml").read_text() == subprocess.run(
        [Path(sys.executable).with_name("livegenre"), "service", "show", "--config"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (made / "history.db").exists()
    assert (made / "history.db").stat().st_uid == 1000
