"""Runs the tests of numbers, streams and models once more, with the arithmetic of another processor.

``python -m tests.features.reference.other_cores``: `make test` has run them with the product kernels that OpenBLAS has
for this machine's processor, or for what ``OPENBLAS_CORETYPE`` says; this takes those that differ most.
"""

from __future__ import annotations

import os
import sys

import numpy  # noqa: F401 - what OpenBLAS takes is known once it is loaded
from threadpoolctl import threadpool_info

from tests.features.reference.test_processors import CORES, INSTEAD, beyond, flags

TESTS = ("tests/features", "tests/edge/model", "tests/edge/live")
#: What tries other processors itself, and what is of files rather than of numbers.
EXCEPT = ("features/reference/test_processors.py", "edge/model/test_trial.py", "edge/model/test_sidecar.py")


def taken() -> str:
    """The core whose kernels OpenBLAS uses in this process, by its own name."""
    return str(next(blas["architecture"] for blas in threadpool_info() if blas["internal_api"] == "openblas"))


def furthest(own: str, possible: list[str]) -> str:
    """The core that has least in common with one: the oldest, or where that is the oldest, the newest."""
    is_oldest = own.lower() in (possible[0].lower(), INSTEAD.get(possible[0], "").lower())
    return possible[-1] if is_oldest else possible[0]


def main() -> None:
    """Become pytest on another core."""
    own = taken()
    core = furthest(own, [core for core, flag in CORES.items() if flag in flags()])
    print(f"OpenBLAS took {own} here; now with {core}", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadgroup", "-m", "not slow"]
    command += [f"--ignore=tests/{name}" for name in EXCEPT]
    env = {**os.environ, "OPENBLAS_CORETYPE": core, "NPY_DISABLE_CPU_FEATURES": " ".join(beyond(core))}
    os.execve(command[0], [*command, *TESTS], env)


if __name__ == "__main__":
    main()
