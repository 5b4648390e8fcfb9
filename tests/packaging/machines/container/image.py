"""Makes the container images: ``python -m tests.packaging.machines.container.image WHEEL [amd64 arm64]``.

``make image`` calls it.

An image is a machine that the tests run on, Debian trixie with the wheel, and its extras for the network: no image of
anybody else's is below it. It is written as an OCI archive and as one that ``docker load`` takes, beside the wheel.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.machines import MACHINES
from tests.packaging.machines.roots import Installed, download, enter, install

EXTRAS = "web,mqtt,prometheus"
#: Whose the process becomes, and its groups: 29 is Debian's audio, which owns /dev/snd.
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nlivegenre:x:1000:1000::/config:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\naudio:x:29:livegenre\nlivegenre:x:1000:\n",
}
#: Home Assistant starts it as root, with a folder of root's: it becomes that user. What else starts it may name the
#: user. Made the first time: the configuration, beside which the history is kept.
START = """#!/bin/sh
set -eu
if [ "$(id -u)" -eq 0 ]; then
    chown 1000:1000 /config
    exec /usr/sbin/chroot --userspec=1000:29 / "$0"
fi
[ -e /config/livegenre.toml ] || livegenre service show --config >/config/livegenre.toml
exec livegenre daemon --config /config/livegenre.toml
"""
ENVIRONMENT = {"HOME": "/config", "STATE_DIRECTORY": "/config", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
#: What the tests left or emulation needed, and what a container has no use for.
UNWANTED = (
    "wheels",
    "srv",
    "tmp",
    "usr/bin/qemu-x86_64-static",
    "usr/share/doc",
    "usr/share/man",
    "var/cache",
    "var/lib/apt",
)


def make(architecture: str, wheel: Path) -> list[Path]:
    """Make both archives of one architecture beside ``wheel``; returns their paths."""
    machine = MACHINES[f"trixie-{architecture}"]
    made = install(machine, wheel)
    stem = wheel.with_name(f"{'-'.join(wheel.name.split('-')[:2])}-{architecture}")
    with tempfile.TemporaryDirectory(dir=wheel.parent, prefix=".image-") as folder:
        root = Path(folder) / "root"
        run("cp", "--archive", "--no-target-directory", made.root, root, cwd=ROOT)
        _complete(Installed(machine, root), wheel)
        layer, layout = Path(folder) / "layer.tar", Path(folder) / "layout"
        run("tar", "--sort=name", "--mtime=@0", "--numeric-owner", "--create", "--file", layer, ".", cwd=root)
        _write(layout, layer, architecture)
        archives = []
        for kind in ("oci", "docker"):
            archive = stem.with_name(f"{stem.name}.{kind}.tar")
            archive.unlink(missing_ok=True)
            name = f":livegenre:{stem.name.split('-')[1]}"
            run("skopeo", "copy", "--quiet", f"oci:{layout}:latest", f"{kind}-archive:{archive}{name}", cwd=ROOT)
            archives.append(archive)
    return archives


def _complete(image: Installed, wheel: Path) -> None:
    """Add the extras, and what a system that is started has; take away what it has no use for."""
    root = image.root
    wheels = root / "wheels"
    shutil.copy2(wheel, root / "tmp" / wheel.name)
    download(image.machine, wheel, wheels, *_extras(wheel))
    pip = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links", "/wheels"]
    done = enter(root, [image.home / "bin" / pip[0], *pip[1:], f"/tmp/{wheel.name}[{EXTRAS}]"], {})
    assert done.returncode == 0, done.stderr
    for name in UNWANTED:
        path = root / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for name, text in ACCOUNTS.items():
        (root / name).write_text(text)
    for folder, mode in (("tmp", 0o1777), ("config", 0o755), ("usr/local/bin", 0o755)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder).chmod(mode)
    shutil.chown(root / "config", 1000, 1000)
    (root / "usr/local/bin/livegenre").symlink_to(image.home / "bin" / "livegenre")
    start = root / "usr/local/bin/livegenre-container"
    start.write_text(START)
    start.chmod(0o755)


def _extras(wheel: Path) -> list[str]:
    """Return the requirements of the extras."""
    from tests.packaging.machines.roots import requirements

    wanted = [one for one in requirements(wheel) if any(f'extra == "{name}"' in one for name in EXTRAS.split(","))]
    return [one.partition(";")[0].strip() for one in wanted]


def _write(layout: Path, layer: Path, architecture: str) -> None:
    run("umoci", "init", "--layout", layout, cwd=ROOT)
    run("umoci", "new", "--image", f"{layout}:latest", cwd=ROOT)
    run("umoci", "raw", "add-layer", "--image", f"{layout}:latest", layer, cwd=ROOT)
    settings = ["--architecture", architecture, "--os", "linux"]
    settings += ["--config.cmd", "/usr/local/bin/livegenre-container", "--config.volume", "/config"]
    settings += [
        "--config.workingdir",
        "/config",
        "--config.exposedports",
        "8730/tcp",
        "--config.stopsignal",
        "SIGTERM",
    ]
    for name, value in {"PATH": "/usr/local/bin:/usr/bin:/bin", **ENVIRONMENT}.items():
        settings += ["--config.env", f"{name}={value}"]
    run("umoci", "config", "--image", f"{layout}:latest", *settings, cwd=ROOT)


def settings_of(archive: Path) -> dict[str, object]:
    """Return what an image says of itself, by skopeo."""
    kind = archive.suffixes[-2].removeprefix(".")
    told = subprocess.run(
        ["skopeo", "inspect", "--config", f"{kind}-archive:{archive}"], capture_output=True, text=True, check=True
    )
    settings: dict[str, object] = json.loads(told.stdout)
    return settings


def main() -> None:
    """Make the images that are asked for."""
    wheel, *architectures = sys.argv[1:]
    for architecture in architectures or ("amd64", "arm64"):
        for archive in make(architecture, Path(wheel).resolve()):
            print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
