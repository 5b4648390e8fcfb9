"""The container image: what it says of itself, and its own files run as its own user, without a container engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.conftest import TAKEN
from tests.packaging.machines.image import make, settings_of

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", params=[name for name in TAKEN if name.startswith("trixie-")])
def archives(request: pytest.FixtureRequest, livegenre: Path) -> list[Path]:
    """The images of the machines that are taken and are in one: of the others, this file is not collected."""
    return make(request.param.removeprefix("trixie-"), livegenre)


@pytest.fixture(scope="module")
def settings(archives: list[Path]) -> dict[str, Any]:
    """What the image says of itself."""
    return settings_of(archives[0])


@pytest.fixture(scope="module")
def contents(archives: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system, as an engine would unpack it."""
    folder = tmp_path_factory.mktemp("image")
    run("skopeo", "copy", "--quiet", f"oci-archive:{archives[0]}", "oci:layout:latest", cwd=folder)
    run("umoci", "unpack", "--image", "layout:latest", "bundle", cwd=folder)
    return folder / "bundle" / "rootfs"


def inside(contents: Path, settings: dict[str, Any], *command: str) -> list[str | Path]:
    """Return what runs a command as the image says, as the first process of its own namespaces."""
    config = settings["config"]
    spaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", f"--mount-proc={contents / 'proc'}"]
    chroot = ["chroot", f"--userspec={config['User']}", contents, "env", "--ignore-environment", *config["Env"]]
    return [*spaces, *chroot, *command]


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
    faces = "import edge.sinks.web.server, edge.sinks.mqtt.publisher, edge.sinks.prometheus"
    run(*inside(contents, settings, f"/{python.relative_to(contents)}", "-c", faces), cwd=ROOT)


def test_it_starts_with_a_configuration_of_its_own_and_ends_when_told_to(
    contents: Path, settings: dict[str, Any]
) -> None:
    """As its first process, which no signal ends that it does not hear."""
    command = inside(contents, settings, *settings["config"]["Cmd"])
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
    made = contents / "config"
    shown = [Path(sys.executable).with_name("livegenre"), "service", "show", "--config"]
    assert (made / "livegenre.toml").read_text() == run(*shown, cwd=ROOT).stdout
    assert (made / "history.db").stat().st_uid == 1000
