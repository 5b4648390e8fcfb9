"""Work in processes: every result once, and no worker that outlives the process which started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from build.errors import WorkerError
from build.extract import parallel
from build.extract.parallel import in_order, in_processes
from tests.edge.pulse import wait_until

ROOT = Path(__file__).resolve().parents[3]


def square(number: int) -> int:
    return number * number


def name_of_process(_item: int) -> int:
    return os.getpid()


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_once_each_and_in_order_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_A_PROCESS", 5)
    items = list(range(20))
    assert in_order(square, items, "squaring") == [number**2 for number in items]
    for jobs in (1, 2):
        with closing(in_processes(square, items, jobs)) as running:
            assert sorted(running) == [number**2 for number in items]


def test_several_jobs_are_other_processes_and_one_is_this(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(in_processes(name_of_process, range(8), 1)) == {os.getpid()}
    assert os.getpid() not in set(in_processes(name_of_process, range(8), 2))


def test_a_worker_that_is_killed_is_one_line() -> None:
    with pytest.raises(WorkerError, match="a process was killed, perhaps for memory"):
        list(in_processes(die, range(8), 2))


#: Starts two workers that wait for ever, as they would in a long computation, after each has told its number.
PROGRAM = """
import os, pathlib, sys, time
from build.extract.parallel import in_processes

def work(folder):
    pathlib.Path(folder, str(os.getpid())).touch()
    time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 3600)

if __name__ == "__main__":
    for _ in in_processes(work, [sys.argv[1]] * 2, 2):
        pass
    time.sleep(3600)  # with idle workers
"""


@pytest.mark.parametrize("how_long", ["3600", "0"], ids=["busy", "idle"])
def test_no_worker_outlives_a_killed_training(tmp_path: Path, how_long: str) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "program.py"), str(tmp_path / "workers"), how_long]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: any((tmp_path / "workers").iterdir()), 120, "no worker began")
        workers = {int(child) for child in children_of(process.pid) if is_worker(int(child))}
        process.kill()
        process.wait()
    assert workers
    wait_until(lambda: not any(map(alive, workers)), 120, "a worker outlived its parent")


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_worker(pid: int) -> bool:
    return b"LokyProcess" in Path(f"/proc/{pid}/cmdline").read_bytes()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_numpy_has_one_thread_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(in_processes(threads, range(4), 2)) == {"1"}


def threads(_item: int) -> str:
    assert np.ones(2).sum() == 2
    return os.environ["OPENBLAS_NUM_THREADS"]
