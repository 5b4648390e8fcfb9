"""The machines, with livegenre on them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.packaging.checkout import run
from tests.packaging.machines.emulation import EmulationError
from tests.packaging.machines.machines import MACHINES
from tests.packaging.machines.roots import Installed, install

#: Names of the machines to take; ``make`` gives them.
TAKEN = os.environ.get("MACHINES", "").split() or list(MACHINES)
#: What is not for every machine has a file of its own, which is left aside where no machine is taken that it is for:
#: the container image is of trixie, and a bare system is started from where that takes seconds, and once with 32 bits.
BARE = [name for name in TAKEN if MACHINES[name].is_native or MACHINES[name].uses_debians]
IMAGES = [name for name in TAKEN if name.startswith("trixie-")]
collect_ignore = [path for path, names in (("test_bare_system.py", BARE), ("container", IMAGES)) if not names]


@pytest.fixture(scope="session")
def livegenre(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, checkout, cwd=folder)
    (archive,) = folder.glob("*.whl")
    return archive


@pytest.fixture(scope="session", params=TAKEN)
def machine(request: pytest.FixtureRequest, livegenre: Path) -> Installed:
    """A machine with the wheel on it."""
    try:
        return install(MACHINES[request.param], livegenre)
    except EmulationError as error:
        pytest.exit(f"livegenre: {error}", returncode=1)
