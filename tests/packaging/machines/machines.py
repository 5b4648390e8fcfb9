"""The machines that livegenre is said to run on, and their processors, as this one can be made to look like them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

#: What every root holds beside Python: PortAudio, and what finds a library, starts a shell and lists a folder.
PACKAGES = (
    "base-files",
    "ca-certificates",
    "coreutils",
    "dash",
    "libc-bin",
    "libportaudio2",
    "python3",
    "python3-venv",
)

#: Processors by the names that QEMU has for them. The first of each is what a machine runs its commands on.
CORTEX = {"cortex-a53": "Zero 2 W, 3", "cortex-a72": "4", "cortex-a76": "5"}
CORTEX_32 = {"cortex-a7": "2", "max": "any newer one"}
#: What Linux says of the first: variant, part and revision (MIDR_EL1 in Arm's technical reference manuals), and the
#: features that Pis have: no cryptography before the 5.
BEFORE_THE_5 = "fp asimd evtstrm crc32 cpuid"
SINCE_THE_5 = f"{BEFORE_THE_5} aes pmull sha1 sha2 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"
CORES = {
    "cortex-a53": (0, 0xD03, 4, BEFORE_THE_5),
    "cortex-a72": (0, 0xD08, 3, BEFORE_THE_5),
    "cortex-a76": (4, 0xD0B, 1, SINCE_THE_5),
}
#: This processor itself, one without AVX-512, one without AVX: they are told apart by NumPy, OpenBLAS and XNNPACK.
X86 = {"host": "this one", "max": "AVX2, no AVX-512", "Nehalem": "SSE 4.2, no AVX"}


@dataclass(frozen=True, slots=True)
class Machine:
    """A Debian of one architecture with a runtime; ``architecture`` is Debian's name for it."""

    name: str
    suite: str
    architecture: str
    python: str
    runtime: str
    processors: Mapping[str, str]
    packages: tuple[str, ...] = ()
    #: Whether NumPy and SciPy are Debian's, where PyPI has none.
    uses_debians: bool = False
    #: Whether ``runtime`` is put in the place of the one that the wheel asks for.
    swaps_runtime: bool = False

    @property
    def root(self) -> str:
        """Name of the root that it lives in, with others of the same packages."""
        return f"{self.suite}-{self.architecture}"

    @property
    def qemu(self) -> str:
        """QEMU's and binfmt_misc's name for the architecture."""
        return {"amd64": "x86_64", "arm64": "aarch64", "armhf": "arm"}[self.architecture]

    @property
    def wheel_platform(self) -> str:
        """The architecture as it ends the names of wheels."""
        return {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}[self.architecture]

    @property
    def is_native(self) -> bool:
        """True if this machine runs its programs without emulation."""
        return os.uname().machine == self.wheel_platform

    @property
    def emulated_processors(self) -> tuple[str, ...]:
        """Its processors, except one that this machine has not got."""
        return tuple(name for name in self.processors if name != "host" or self.is_native)


OLD, NEW = "tflite-runtime", "ai-edge-litert"
MACHINES = {
    machine.name: machine
    for machine in (
        Machine("bookworm-arm64", "bookworm", "arm64", "3.11", OLD, CORTEX),
        Machine("bookworm-arm64-litert", "bookworm", "arm64", "3.11", NEW, CORTEX, swaps_runtime=True),
        Machine("trixie-arm64", "trixie", "arm64", "3.13", NEW, CORTEX),
        Machine(
            "bookworm-armhf",
            "bookworm",
            "armhf",
            "3.11",
            OLD,
            CORTEX_32,
            packages=("libsndfile1", "python3-cffi", "python3-numpy", "python3-scipy"),
            uses_debians=True,
        ),
        Machine("bookworm-amd64", "bookworm", "amd64", "3.11", OLD, X86),
        Machine("bookworm-amd64-litert", "bookworm", "amd64", "3.11", NEW, X86, swaps_runtime=True),
        Machine("trixie-amd64", "trixie", "amd64", "3.13", NEW, X86),
    )
}


def cpuinfo(processor: str, cores: int) -> str:
    """Return what Linux says in /proc/cpuinfo of a processor of ``CORES``: LiteRT chooses its kernels by that."""
    variant, part, revision, features = CORES[processor]
    told = {
        "Features": features,
        "CPU implementer": "0x41",
        "CPU architecture": 8,
        "CPU variant": hex(variant),
        "CPU part": hex(part),
        "CPU revision": revision,
    }
    one = "".join(f"{name}\t: {value}\n" for name, value in told.items())
    return "".join(f"processor\t: {number}\n{one}\n" for number in range(cores))
