"""The golden values and librosa's own hold on processors that add in another order than this one.

Each child process has NumPy use fewer of this processor's vector instructions, and OpenBLAS the product kernels that it
has for another model; older models' instructions are a part of newer ones', so one machine can be many.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CPU_INFO = Path("/proc/cpuinfo")

#: OpenBLAS's names for processors, each with the flag that a processor needs to run its kernels.
X86 = {"Prescott": "pni", "Nehalem": "sse4_2", "Sandybridge": "avx", "Haswell": "avx2", "Zen": "avx2"}
X86_512 = {"SkylakeX": "avx512bw", "Cooperlake": "avx512_bf16"}
ARM = {"ARMV8": "asimd", "CORTEXA53": "asimd", "NEOVERSEN1": "asimddp"}
CORES = {**X86, **X86_512, **ARM}

#: What an OpenBLAS that has no kernels for one of them takes in their place.
INSTEAD = {"Prescott": "Katmai", "Zen": "Haswell", "Cooperlake": "SkylakeX"}

#: Runs in the child: the processor is as it was asked for, then the tests.
CHILD = """
import sys
import numpy, pytest
from threadpoolctl import threadpool_info
from tests.features.reference.test_processors import INSTEAD, numpy_features
core, disabled, *tests = sys.argv[1:]
found = [blas["architecture"] for blas in threadpool_info() if blas["internal_api"] == "openblas"]
assert {name.lower() for name in found} <= {core.lower(), INSTEAD.get(core, core).lower()}, (core, found)
assert not set(disabled.split()) & set(numpy_features()), (disabled, numpy_features())
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *tests]))
"""

FOLDER = "tests/features/reference"
TESTS = (f"{FOLDER}/test_golden.py", f"{FOLDER}/test_parity.py", "-k", "golden or synthetic or arguments")
#: That a stream and a file are the same to the bit; the shortest of these tests.
EQUALITY = ("tests/features/test_stream.py", "-k", "edge_cases")


def flags() -> set[str]:
    """The processor's features by the kernel."""
    lines = CPU_INFO.read_text().splitlines()
    known = [line.split(":")[1] for line in lines if line.lower().startswith(("flags", "features"))]
    return set(" ".join(known).split())


def numpy_features() -> list[str]:
    """The instructions beyond its baseline that this NumPy would use here, the newest last."""
    try:
        from numpy._core import _multiarray_umath as umath
    except ImportError:  # NumPy 1
        from numpy.core import _multiarray_umath as umath
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]


def beyond(core: str) -> list[str]:
    """The instructions that NumPy must not use, so that it is about as old as the core: all, some or none."""
    features = numpy_features()
    if core in X86_512 or core in set(ARM) - {"ARMV8"}:
        return []
    if core in ("Haswell", "Zen"):
        return [name for name in features if name.startswith(("AVX512", "X86_V4"))]
    return features


def test_some_of_these_processors_can_be_tried_here() -> None:
    assert len([core for core, flag in CORES.items() if flag in flags()]) >= 2


@pytest.mark.parametrize("core", [core for core in ("Prescott", "Haswell", "ARMV8") if CORES[core] in flags()])
def test_streams_equal_files_on_another_processor(core: str) -> None:
    require_passed(core, EQUALITY)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a minute and a half of processor time; others may want the same processors
@pytest.mark.parametrize("core", [core for core, flag in CORES.items() if flag in flags()])
def test_parity_on_another_processor(core: str) -> None:
    require_passed(core, TESTS)
    require_passed(core, ("tests/features/test_stream.py",))


def require_passed(core: str, tests: tuple[str, ...]) -> None:
    """Run tests in a child process on a core's kernels."""
    disabled = " ".join(beyond(core))
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_L2_SIZE"}  # this machine's
    child = subprocess.run(
        [sys.executable, "-c", CHILD, core, disabled, *tests],
        env=environment | {"OPENBLAS_CORETYPE": core, "NPY_DISABLE_CPU_FEATURES": disabled, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stdout + child.stderr
