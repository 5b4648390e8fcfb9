"""Instructions of an update on a Pi's processor: ``python -m tests.benchmarks.instructions MACHINE CPU``.

QEMU counts them, so the figure does not depend on load. The difference of two runs is that of the updates alone. Needs
gcc, qemu-user, and a root that ``make test-machines MACHINES=MACHINE`` has left.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.packaging.machines.machines import MACHINES, Machine
from tests.packaging.machines.roots import CACHE, enter

HERE = Path(__file__).parent
FEW, MANY = 1, 5


def take_along(root: Path) -> list[str]:
    """Put QEMU, with the libraries that it needs here and the plugin, into the root; returns how it is called there."""
    emulator, folder = shutil.which("qemu-aarch64"), root / "emulator"
    assert emulator, "this needs QEMU with its libraries: apt install qemu-user"
    folder.mkdir(exist_ok=True)
    linked = subprocess.run(["ldd", emulator], capture_output=True, text=True, check=True).stdout
    for library in (word for word in linked.split() if word.startswith("/")):
        shutil.copy2(library, folder)
    shutil.copy2(emulator, folder)
    plugin, source = folder / "count_instructions.so", HERE / "count_instructions.c"
    subprocess.run(["gcc", "-Wall", "-O2", "-shared", "-fPIC", "-o", plugin, source], check=True)
    shutil.copy2(HERE / "updates.py", folder)
    loader = next(folder.glob("ld-linux*"))
    start = [f"/emulator/{loader.name}", "--library-path", "/emulator", "/emulator/qemu-aarch64"]
    return [*start, "-plugin", "/emulator/count_instructions.so", "-d", "plugin"]


def count(machine: Machine, processor: str, emulator: list[str], model: str, updates: int) -> int:
    """Return the instructions of a process that updates so many times."""
    # Compiling what is imported would count too, and in the first run alone if that wrote it down.
    environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [*emulator, f"/opt/{machine.name}/bin/python", "/emulator/updates.py", model, str(updates)]
    done = enter(CACHE / machine.root, command, {**environment, "QEMU_CPU": processor})
    counted = re.findall(r"^instructions (\d+)$", done.stderr, re.MULTILINE)
    assert len(counted) == 1, done.stderr
    return int(counted[0])


def main() -> None:
    """Print millions of instructions an update, with either model."""
    machine, processor = MACHINES[sys.argv[1]], sys.argv[2]
    emulator = take_along(CACHE / machine.root)
    for model in ("listener", "classic"):
        few, many = (count(machine, processor, emulator, model, updates) for updates in (FEW, MANY))
        millions = (many - few) / (MANY - FEW) / 1e6
        print(f"{machine.name}, {machine.runtime}, {processor}, {model}: {millions:.1f} million an update")


if __name__ == "__main__":
    main()
