"""Debian roots with livegenre in them, made once and kept in the checkout's ``.cache``; nothing outside is touched.

A root is unpacked and not configured: no maintainer script runs, which under emulation would take minutes. What they
would have done that matters here, the linker's search path and the list of certificates, is done instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines.emulation import require
from tests.packaging.machines.machines import CORES, PACKAGES, Machine, cpuinfo

CACHE = ROOT / ".cache" / "machines"
#: glibc's versions, to its minor number, whose wheels both suites can load.
GLIBC = range(17, 37)
X86_EMULATOR = Path("/usr/bin/qemu-x86_64-static")
#: Seconds after which a command hangs: many times what any takes, emulated beside other work.
TIMEOUT_S = 1800
#: Without compiling what will never be imported: where it is emulated, that takes minutes.
PIP = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
#: Another number, and what is cached is made again.
REVISION = 2

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb"}


#: Changes into the root, the first argument; the second is what /proc/cpuinfo is there, if it is anything.
INSIDE = """
root=$1
[ -z "$2" ] || { mount --rbind /sys "$root/sys"; mount --bind "$2" "$root/proc/cpuinfo"; }
shift 2
exec chroot "$root" "$@"
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A machine with livegenre on it."""

    machine: Machine
    root: Path

    @property
    def home(self) -> Path:
        """The virtual environment, as the machine sees it."""
        return Path("/opt") / self.machine.name

    def outside(self, path: str | Path) -> Path:
        """Return where a path of the machine's is for us."""
        return self.root / Path(path).relative_to("/")

    def run(self, *command: str | Path, processor: str | None = None) -> str:
        """Run a command of the environment's ``bin`` and return what it prints; livegenre may not complain either."""
        machine = self.machine
        processor = processor or machine.emulated_processors[0]
        program: list[str | Path] = [self.home / "bin" / command[0], *command[1:]]
        if machine.architecture == "amd64" and processor != "host":  # emulated without need, to hide what it can do
            program = [X86_EMULATOR, *program]
        done = enter(self.root, program, {"QEMU_CPU": processor})
        assert done.returncode == 0, f"{command} on {machine.name} ({processor}): {done.stdout}\n{done.stderr}"
        complaint = done.stderr if command[0] == "livegenre" else ""
        assert complaint == "", f"{command} on {machine.name} ({processor}) complains: {complaint}"
        return done.stdout


def install(machine: Machine, wheel: Path) -> Installed:
    """Return the machine with this wheel, and the runtime dependencies that it asks for, and no more."""
    require(None if machine.is_native else machine.qemu)
    installed = Installed(machine, _root(machine))
    shutil.copy2(wheel, installed.outside("/tmp") / wheel.name)
    if _is_new(installed.outside(installed.home), requirements(wheel)):
        _new_environment(installed, wheel)
    pip = (*PIP, "--no-index", "--no-deps", "--force-reinstall")
    _must(installed, *pip, Path("/tmp") / wheel.name)
    return installed


def enter(
    root: Path, command: Sequence[str | Path], environment: Mapping[str, str], *, network: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command in the root, in namespaces of its own: what it mounts or leaves running ends with it.

    It has no network, not even itself, unless that is ``network``'s to give. It is told of the processor that QEMU is
    to be: by itself, QEMU shows this machine's.
    """
    spaces = ["unshare", "--mount", "--pid", *([] if network else ["--net"]), "--fork", "--kill-child"]
    processor, description = environment.get("QEMU_CPU"), ""
    if processor in CORES:
        description = str(CACHE / f"{processor}.cpuinfo")
        Path(description).write_text(cpuinfo(processor, os.cpu_count() or 1))
        (root / "sys").mkdir(exist_ok=True)
    return subprocess.run(
        [*spaces, f"--mount-proc={root / 'proc'}", "sh", "-ec", INSIDE, "sh", root, description, *map(str, command)],
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def _root(machine: Machine) -> Path:
    packages = sorted({*PACKAGES, *machine.packages})
    root = CACHE / machine.root
    if _is_new(root, packages):
        _bootstrap(machine, "extract", packages, root)
        library = next((root / "usr" / "lib").glob("*-linux-gnu*")).name
        folders = "".join(f"/usr/lib/{library}/{name}\n" for name in ("blas", "lapack"))
        (root / "etc" / "ld.so.conf.d" / "alternatives.conf").write_text(folders)
        certificates = sorted((root / "usr" / "share" / "ca-certificates" / "mozilla").glob("*.crt"))
        bundle = root / "etc" / "ssl" / "certs" / "ca-certificates.crt"
        bundle.write_bytes(b"".join(path.read_bytes() for path in certificates))  # Debian's pip does not start without
        done = enter(root, ["ldconfig"], {})
        assert done.returncode == 0, done.stderr
        if machine.architecture == "amd64":
            shutil.copy2(X86_EMULATOR, root / X86_EMULATOR.relative_to("/"))
        _remember(root, packages)
    return root


def bare_root(machine: Machine) -> Path:
    """Return a system as an installer leaves it, with Python alone: configured, so that apt works in it."""
    require(None if machine.is_native else machine.qemu)
    root = CACHE / f"{machine.root}-bare"
    packages = ["ca-certificates", "python3"]
    if _is_new(root, packages):
        _bootstrap(machine, "apt", packages, root)
        _remember(root, packages)
    return root


def _bootstrap(machine: Machine, variant: str, packages: Sequence[str], root: Path) -> None:
    command = ["mmdebstrap", "--quiet", "--mode=root", f"--variant={variant}", f"--include={','.join(packages)}"]
    # The release alone: its lists change a few times a year, and not while they are read.
    command.append('--aptopt=Acquire::Retries "5"')
    command.append('--setup-hook=sed -i "/-security/d; /-updates/d" "$1"/etc/apt/sources.list')
    run(*command, f"--architectures={machine.architecture}", machine.suite, root, cwd=ROOT)


def _new_environment(installed: Installed, wheel: Path) -> None:
    machine, home = installed.machine, installed.home
    asked = requirements(wheel)
    wheels = installed.outside("/wheels")
    shutil.rmtree(wheels, ignore_errors=True)
    download(machine, wheel, wheels)
    options = ["--system-site-packages"] if machine.uses_debians else []
    done = enter(installed.root, ["python3", "-m", "venv", *options, home], {})
    assert done.returncode == 0, done.stderr
    pip = (*PIP, "--no-index", "--find-links", "/wheels")
    _must(installed, *pip, Path("/tmp") / wheel.name)
    if machine.swaps_runtime:
        _must(installed, *pip, machine.runtime)
        _must(installed, "pip", "uninstall", "--quiet", "--yes", "tflite-runtime")
    shutil.rmtree(wheels)
    _remember(installed.outside(home), asked)


def _must(installed: Installed, *command: str | Path) -> None:
    program = [installed.home / "bin" / command[0], *command[1:]]
    done = enter(installed.root, program, {})
    assert done.returncode == 0, f"{command} on {installed.machine.name}: {done.stdout}\n{done.stderr}"


def requirements(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    return sorted(metadata.get_all("Requires-Dist", []))


def download(machine: Machine, wheel: Path, folder: Path, *others: str) -> None:
    """Fetch what ``wheel`` needs on that machine, and ``others``, from here: pip under emulation would take minutes."""
    environment = {"python_version": machine.python, "platform_machine": machine.wheel_platform, "extra": ""}
    wanted = [Requirement(line) for line in requirements(wheel)]
    needed = [f"{one.name}{one.specifier}" for one in wanted if not one.marker or one.marker.evaluate(environment)]
    needed += others
    if machine.uses_debians:
        needed = [requirement for requirement in needed if not requirement.startswith(("numpy", "scipy"))]
        needed += ["markdown-it-py", "mdurl", "pygments", "typing-extensions"]  # of rich and sounddevice
    if machine.swaps_runtime:
        needed.append(machine.runtime)
    tags = [f"manylinux_2_{minor}" for minor in GLIBC] + ["manylinux2014"]
    platforms = [option for tag in tags for option in ("--platform", f"{tag}_{machine.wheel_platform}")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    # NumPy is Debian's there, and has no wheel: what needs it is fetched without what it needs.
    command += ["--no-deps"] if machine.uses_debians else []
    run(*command, *platforms, "--python-version", machine.python, *needed, cwd=ROOT)


def _is_new(folder: Path, recipe: Sequence[str]) -> bool:
    """Say whether the folder has to be made; what another recipe made is removed."""
    made = folder / ".made"
    if made.exists() and made.read_text() == _digest(recipe):
        return False
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return True


def _remember(folder: Path, recipe: Sequence[str]) -> None:
    (folder / ".made").write_text(_digest(recipe))


def _digest(recipe: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps([REVISION, *recipe]).encode()).hexdigest()
