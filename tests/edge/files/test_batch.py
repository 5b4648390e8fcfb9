"""Processes that classify many files end with the one that started them, and when nobody wants the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.demo import synthesize
from tests.edge.pulse import wait_until

LIVEGENRE = Path(sys.executable).with_name("livegenre")
RATE = 22_050
MUSIC = synthesize(10.0)


def test_nothing_that_lies_in_the_current_folder_is_run(many: list[Path], tmp_path: Path) -> None:
    for name in ("json", "pickle", "multiprocessing", "numpy", "soundfile", "edge"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run!')")
    command = [LIVEGENRE, "classify", "--jobs", "2", "--json", *[many[0]] * 2]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


def processes_of(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A short recording, and long ones that take minutes."""
    folder = tmp_path_factory.mktemp("many")
    soundfile.write(folder / "short.wav", MUSIC, RATE)
    soundfile.write(folder / "long.wav", np.tile(MUSIC, 60), RATE)
    return [folder / "short.wav", *[folder / "long.wav"] * 50]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])  # SIGTERM does what SIGHUP does
def test_the_processes_end_with_the_one_that_started_them(many: list[Path], number: signal.Signals) -> None:
    command = [LIVEGENRE, "classify", "--jobs", "2", "--json", *many]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    assert b"short" in process.stdout.readline()
    assert len(processes_of(process.pid)) >= 3
    process.send_signal(number)  # to it alone
    assert process.wait(30) == -number
    wait_until(lambda: not processes_of(process.pid), 30, "the workers end")
    process.stdout.read()  # and whoever reads from them, as head does, sees the end
    process.stdout.close()


def test_the_processes_end_when_nobody_reads_on(many: list[Path]) -> None:
    """As in ``livegenre classify ... | head -1``."""
    command = [LIVEGENRE, "classify", "--jobs", "2", "--json", *[many[0]] * 40, *many]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"short" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    wait_until(lambda: not processes_of(process.pid), 30, "the workers end")
    assert process.stderr.read() == b""
    process.stderr.close()
