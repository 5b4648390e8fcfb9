"""The disk with the whole machine fails while its daemon records: what was on it by then is in the history."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.checkout import ROOT, run
from tests.packaging.machines import failing_disk
from tests.packaging.machines.failing_disk import make_image
from tests.packaging.machines.roots import Installed

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]


def test_a_history_outlives_a_power_cut_and_a_worn_out_card(
    machine: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One disk: after each failure the machine starts again and goes on in the same history."""
    monkeypatch.setenv("QEMU_CPU", machine.machine.emulated_processors[0])
    image, live = tmp_path / "image", tmp_path / "mounted"
    make_image(machine.root, image)
    # Among mounts of its own: see tests/edge/endurance/test_power_cut.py.
    fail = ["unshare", "--mount", sys.executable, "-m", failing_disk.__name__, image, live]
    on_disk_s = 0.0
    for failure in ("power", "errors", "power"):
        done = run(*fail, machine.home / "bin" / "livegenre", failure, cwd=ROOT)
        assert float(done.stdout) > on_disk_s
        on_disk_s = float(done.stdout)
    image.unlink()
