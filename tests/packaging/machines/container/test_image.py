"""The container image: what it says of itself, and its own files run as its own user, without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.conftest import IMAGES
from tests.packaging.machines.container.image import make, settings_of
from tests.packaging.machines.machines import MACHINES

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]

CONTAINER = ROOT / "edge" / "service" / "container"


@pytest.fixture(scope="module", params=IMAGES)
def archives(request: pytest.FixtureRequest, livegenre: Path) -> list[Path]:
    """The image that a machine is in, in both forms."""
    return make(request.param.removeprefix("trixie-"), livegenre)


@pytest.fixture(scope="module")
def settings(archives: list[Path]) -> dict[str, Any]:
    """The image's configuration."""
    return settings_of(archives[0])


@pytest.fixture(scope="module")
def contents(archives: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system, as an engine would unpack it."""
    folder = tmp_path_factory.mktemp("image")
    run("skopeo", "copy", "--quiet", f"oci-archive:{archives[0]}", "oci:layout:latest", cwd=folder)
    run("umoci", "unpack", "--image", "layout:latest", "bundle", cwd=folder)
    return folder / "bundle" / "rootfs"


#: As compose.yaml names them, and as Home Assistant does.
USER, ROOT_USER = "1000:29", "0:0"


def inside(contents: Path, settings: dict[str, Any], *command: str, user: str = USER) -> list[str | Path]:
    """Return what runs a command as the image says, as the first process of its own namespaces."""
    config = settings["config"]
    spaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", f"--mount-proc={contents / 'proc'}"]
    chroot = ["chroot", f"--userspec={user}", contents, "env", "--ignore-environment", *config["Env"]]
    # Where it is emulated: QEMU's own choice is a processor that no Pi has, with vectors (SVE) that come out wrong.
    processor = MACHINES[f"trixie-{settings['architecture']}"].emulated_processors[0]
    return [*spaces, *chroot, f"QEMU_CPU={processor}", *command]


def test_both_archives_are_one_image(archives: list[Path], settings: dict[str, Any]) -> None:
    second = settings_of(archives[1])
    assert settings["architecture"] in archives[0].name
    assert settings["rootfs"] == second["rootfs"]
    assert settings["config"] == second["config"]


def test_its_own_selftest_passes(contents: Path, settings: dict[str, Any]) -> None:
    told = json.loads(run(*inside(contents, settings, "livegenre", "selftest", "--json"), cwd=ROOT).stdout)
    assert [check["verdict"] for check in told["checks"]] == ["ok", "ok", "ok", "warning"], told


def test_it_has_every_face(contents: Path, settings: dict[str, Any]) -> None:
    python = next((contents / "opt").glob("*/bin/python"))
    faces = "import edge.http.server, edge.sinks.mqtt.publisher, edge.sinks.prometheus"
    run(*inside(contents, settings, f"/{python.relative_to(contents)}", "-c", faces), cwd=ROOT)


@pytest.mark.parametrize("user", [USER, ROOT_USER])
def test_it_starts_with_a_configuration_of_its_own_and_ends_when_told_to(
    contents: Path, settings: dict[str, Any], user: str
) -> None:
    """As its first process, which no signal ends that it does not hear; with an empty folder of whoever starts it."""
    made = contents / "config"
    shutil.rmtree(made)
    made.mkdir()
    shutil.chown(made, *map(int, user.split(":")))
    command = inside(contents, settings, *settings["config"]["Cmd"], user=user)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as engine:
        assert engine.stderr is not None
        log = []
        for line in engine.stderr:
            log.append(line)
            if "microphone is lost" in line:
                (first,) = Path(f"/proc/{engine.pid}/task/{engine.pid}/children").read_text().split()
                os.kill(int(first), signal.Signals[settings["config"]["StopSignal"]])
    assert engine.returncode == 0, log
    assert "stopped" in log[-1]
    shown = [Path(sys.executable).with_name("livegenre"), "service", "show", "--config"]
    assert (made / "livegenre.toml").read_text() == run(*shown, cwd=ROOT).stdout
    owner = (made / "history.db").stat()
    assert (owner.st_uid, owner.st_gid) == (1000, 29)


def test_compose_understands_its_file(archives: list[Path], tmp_path: Path) -> None:
    """And it names the image of this version, as the add-on's manifest does."""
    assert shutil.which("docker-compose"), "this test needs docker-compose: apt install docker-compose"
    version = archives[0].name.split("-")[1]
    shutil.copy2(CONTAINER / "compose.yaml", tmp_path)
    understood = run("docker-compose", "--file", "compose.yaml", "config", cwd=tmp_path).stdout
    assert f"image: livegenre:{version}\n" in understood
    assert re.search(f"user: '?{USER}'?\n", understood)
    assert f'version: "{version}"\n' in (CONTAINER / "config.yaml").read_text()
