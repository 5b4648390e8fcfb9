"""A history opens after a power cut at any moment, and holds all that was on the disk."""

import random
import shutil
import subprocess
import sys

import pytest

from tests.edge.endurance.power_cut import ROOT, can_mount, check, record_under_strace, replay


def test_whatever_part_of_the_writes_reached_the_disk(tmp_path):
    """Over the making of the file, the log, its folding into the file, and the end."""
    (tmp_path / "recorded").mkdir()
    folder = tmp_path / "cut"
    record_under_strace(tmp_path / "recorded", tmp_path / "trace", 1300)
    dice, kinds, cuts, folds, n_calls = random.Random(3), {"h.db", "h.db-wal", "h.db-journal"}, 0, 0, 0
    seen, synced_s = set(), 0
    for number, moment in enumerate(replay(tmp_path / "trace", tmp_path / "recorded")):
        n_calls += 1
        seen |= set(moment.disk.pending)
        folds += moment.synced_s > synced_s
        synced_s = moment.synced_s
        if number > 60 and dice.random() > 0.03:  # each call of the making, and then some
            continue
        cuts += 1
        folder.mkdir()
        moment.disk.left_by_a_cut(dice, folder)
        check(folder / "h.db", moment.synced_s - 1, moment.acknowledged_s + 2)
        shutil.rmtree(folder)
    (tmp_path / "trace").unlink()  # 70 MB
    print(f"{cuts} cuts in {n_calls} calls, the log folded {folds} times")
    assert kinds <= seen
    assert folds >= 2
    assert cuts > 100


def test_an_ext4_file_system_that_is_cut_off():
    if not can_mount():  # the replay above needs no rights and finds more
        pytest.skip("mounting a disk image needs root and loop devices")
    # Among mounts of its own: whoever copies this process's meanwhile, as a container that starts does, would keep the
    # file system as it was cut off, and mounting it again would give that.
    command = ["unshare", "--mount", sys.executable, "-m", "tests.edge.endurance.power_cut", "--cuts", "5"]
    subprocess.run(command, cwd=ROOT, check=True)
