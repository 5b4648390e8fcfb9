"""How many instructions an update takes on a Pi's processor: ``python -m tests.benchmarks.instructions MACHINE CPU``.

QEMU counts them as it emulates, so the figure is the same however busy this machine is. The difference of two runs is
that of the updates alone. Needs gcc, qemu-user, and a root that ``make test-machines MACHINES=MACHINE`` has left.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.machines.machines import MACHINES, Machine
from tests.packaging.machines.roots import CACHE

HERE = Path(__file__).parent
FEW, MANY = 1, 5


def count(machine: Machine, processor: str, plugin: Path, model: str, updates: int) -> int:
    """Return the instructions of a process that updates so many times."""
    root = CACHE / machine.root
    python, packages = root / "usr" / "bin" / f"python{machine.python}", f"lib/python{machine.python}/site-packages"
    environment = {
        "PATH": os.environ["PATH"],
        "QEMU_CPU": processor,
        "PYTHONHOME": str(root / "usr"),
        "PYTHONPATH": str(root / "opt" / machine.name / packages),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [f"qemu-{machine.qemu}", "-L", root, "-plugin", plugin, "-d", "plugin", python, HERE / "updates.py"]
    done = subprocess.run(
        [*map(str, command), model, str(updates)], env=environment, capture_output=True, text=True, check=True
    )
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("instructions "))
    return int(line.split()[1])


def main() -> None:
    """Print millions of instructions an update, with either model."""
    machine, processor = MACHINES[sys.argv[1]], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "count_instructions.so"
        source = HERE / "count_instructions.c"
        subprocess.run(["gcc", "-Wall", "-O2", "-shared", "-fPIC", "-o", plugin, source], check=True)
        for model in ("listener", "classic"):
            few, many = (count(machine, processor, plugin, model, updates) for updates in (FEW, MANY))
            millions = (many - few) / (MANY - FEW) / 1e6
            print(f"{machine.name}, {machine.runtime}, {processor}, {model}: {millions:.1f} million an update")


if __name__ == "__main__":
    main()
