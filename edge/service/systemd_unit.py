"""The systemd unit: its text, its path, and checks that it can start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from edge.errors import ServiceError
from edge.installation import as_root, executable

UNIT = Path("/etc/systemd/system/livegenre.service")
CONFIG = Path("/etc/livegenre.toml")
#: State folders of the service: with DynamicUser= systemd makes the first a link to the second.
STATE = (Path("/var/lib/livegenre"), Path("/var/lib/private/livegenre"))
#: Files that ``systemctl edit`` and ``systemctl enable`` create.
DROP_INS = UNIT.with_name(f"{UNIT.name}.d")
WANTS = "*.wants"
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


def may_use_network(root: Path) -> bool:
    """Return whether the unit that is installed allows the network."""
    try:
        return _NETWORK.splitlines()[1] in _under(root, UNIT).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def install(root: Path, *, network: bool | None = None) -> list[Path]:
    """Write the unit, and the example configuration if there is none; returns the paths written.

    ``network`` None leaves it as an earlier installation has it, which allows none if there was none.
    ``root`` is where the system's files are: ``/``, or the folder of an image. Raises ``ServiceError`` where systemd
    does not run, when something that the service needs could not be read by it, or the files cannot be written.
    """
    if root == Path("/") and not SYSTEMD_RUNS.exists():
        raise ServiceError(
            f"systemd does not run this machine: let whatever does run {executable()} daemon --config FILE "
            "(livegenre service show --config prints one)"
        )
    texts = {UNIT: unit(network=may_use_network(root) if network is None else network)}
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
            raise ServiceError(f"{_under(root, path)}: {error.strerror}; try {as_root('service install')}") from error
    if root == Path("/"):
        _systemctl("daemon-reload")
    return [_under(root, path) for path in texts]


def uninstall(root: Path, *, purge: bool = False, once_stopped: Callable[[], object] = lambda: None) -> list[Path]:
    """Stop the service and remove the unit with its files; returns the removed paths.

    Configuration and history stay, unless ``purge`` is set. ``once_stopped`` is called before they are removed, on the
    running system.
    """
    wants = _under(root, UNIT.parent).glob(WANTS)
    paths = [*(folder / UNIT.name for folder in wants), _under(root, DROP_INS), _under(root, UNIT)]
    paths += [_under(root, path) for path in (CONFIG, *STATE) if purge]
    found = [path for path in paths if os.path.lexists(path)]
    if not found:
        raise ServiceError(f"{_under(root, UNIT)}: no such file; the service is not installed")
    if root == Path("/") and UNIT in found:
        _systemctl("disable", "--now", UNIT.name)
    if root == Path("/"):
        once_stopped()
    for path in found:
        try:
            _remove(path)
        except OSError as error:
            raise ServiceError(f"{path}: {error.strerror}; try {as_root('service uninstall')}") from error
    if root == Path("/"):
        _systemctl("daemon-reload")
    return found


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)  # systemd may just have removed it


def closed_to_others(path: Path) -> Path | None:
    """Return the first part of ``path`` that users other than its owner cannot enter or read, if there is one."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None if path.stat().st_mode & 0o004 else path


def _executable() -> Path:
    path = executable()
    if not path.exists():
        raise ServiceError(f"{path}: no such file; install livegenre with pip, then run it from there")
    return path


def _needed() -> list[Path]:
    """Return what the service reads of this installation: the command, the interpreter, the package."""
    return [_executable(), Path(sys.executable).resolve(), Path(str(files("edge.service"))) / "daemon.py"]


def _under(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _systemctl(*arguments: str) -> None:
    program = shutil.which("systemctl")
    if program is None or not SYSTEMD_RUNS.exists():
        return  # nothing is running that needs a reload
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}; run it as root")
