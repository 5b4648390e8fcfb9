"""The systemd unit: its text, where it goes, and what would keep it from starting."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from edge.errors import ServiceError

UNIT = Path("/etc/systemd/system/livegenre.service")
CONFIG = Path("/etc/livegenre.toml")
#: Exists where systemd is the running init (sd_booted(3)).
SYSTEMD_RUNS = Path("/run/systemd/system")

_NO_NETWORK = """\
# Network: none. For a source such as an internet radio: livegenre service install --network
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
IPAddressDeny=any"""
_NETWORK = """\
# Network: allowed, by livegenre service install --network
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"""


def unit(*, network: bool = False) -> str:
    """Return the unit's text for the installation that runs now."""
    template = files("edge.service").joinpath("livegenre.service").read_text(encoding="utf-8")
    homes = any(path.is_relative_to(home) for path in _needed() for home in ("/home", "/root"))
    return template.format(
        executable=_executable(),
        config=CONFIG,
        protect_home="read-only" if homes else "yes",
        network=_NETWORK if network else _NO_NETWORK,
    )


def example_config() -> str:
    """Return the commented example configuration: the defaults."""
    return files("edge.service").joinpath("livegenre.toml").read_text(encoding="utf-8")


def install(root: Path, *, network: bool = False) -> list[Path]:
    """Write the unit, and the example configuration if there is none; returns the paths written.

    ``root`` is where the system's files are: ``/``, or the folder of an image. Raises ``ServiceError`` when something
    that the service needs could not be read by it, or the files cannot be written.
    """
    texts = {UNIT: unit(network=network)}
    if root == Path("/"):
        for path in _needed():
            if obstacle := closed_to_others(path):
                raise ServiceError(
                    f"{obstacle} may not be read by other users, so not by the service: install livegenre in a place "
                    "such as /opt/livegenre (python3 -m venv /opt/livegenre) and run this from there"
                )
    if not _under(root, CONFIG).exists():
        texts[CONFIG] = example_config()
    for path, text in texts.items():
        try:
            _under(root, path).parent.mkdir(parents=True, exist_ok=True)
            _under(root, path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ServiceError(f"{_under(root, path)}: {error.strerror}; run this with sudo") from error
    if root == Path("/"):
        _systemctl("daemon-reload")
    return [_under(root, path) for path in texts]


def uninstall(root: Path) -> Path:
    """Stop the service and remove the unit; configuration and history stay."""
    path = _under(root, UNIT)
    if not path.exists():
        raise ServiceError(f"{path}: no such file; the service is not installed")
    if root == Path("/"):
        _systemctl("disable", "--now", UNIT.name)
    try:
        path.unlink()
    except OSError as error:
        raise ServiceError(f"{path}: {error.strerror}; run this with sudo") from error
    if root == Path("/"):
        _systemctl("daemon-reload")
    return path


def closed_to_others(path: Path) -> Path | None:
    """Return the first part of ``path`` that users other than its owner cannot enter or read, if there is one."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None if path.stat().st_mode & 0o004 else path


def _executable() -> Path:
    path = Path(sys.executable).with_name("livegenre")
    if not path.exists():
        raise ServiceError(f"{path}: no such file; install livegenre with pip, then run it from there")
    return path


def _needed() -> list[Path]:
    """What the service reads from this installation: the command, the interpreter, the package."""
    return [_executable(), Path(sys.executable).resolve(), Path(str(files("edge.service"))) / "daemon.py"]


def _under(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _systemctl(*arguments: str) -> None:
    program = shutil.which("systemctl")
    if program is None or not SYSTEMD_RUNS.exists():
        return  # nothing is running that would have to know
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}; run this with sudo")
