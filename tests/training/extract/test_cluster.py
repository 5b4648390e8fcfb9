"""A Dask cluster as its own documentation starts it extracts features, in a checkout that is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from build.preprocess import main
from edge.audio.demo import synthesize
from tests.edge.pulse import wait_until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def dataset(tmp_path):
    for number, genre in enumerate(["techno", "techno", "polka"]):
        path = tmp_path / "set" / genre / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, synthesize(4, tempo_bpm=90.0 + 20 * number), 22_050)
    return tmp_path / "set"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty folder of its own, where its cache lies too."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main([str(argument) for argument in arguments])


def test_a_cluster_as_people_start_it_needs_no_path_to_be_set(dataset, run, tmp_path, capfd, monkeypatch):
    """The commands of Dask's own documentation, in the checkout; a worker that does not see it is one line."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    address = tmp_path / "scheduler.json"
    dask = [sys.executable, "-P", "-m", "dask"]
    file = ["--scheduler-file", str(address)]
    output = {"cwd": ROOT, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    local = ["--local-directory", str(tmp_path)]
    with (
        subprocess.Popen([*dask, "scheduler", *file, "--port", "0", "--no-dashboard"], **output) as scheduler,
        subprocess.Popen([*dask, "worker", *file, *local, "--nworkers", "1", "--no-dashboard"], **output) as worker,
    ):
        try:
            wait_until(lambda: address.exists() and address.read_text(), 120, "no scheduler began")  # it is empty first
            cluster = json.loads(address.read_text())["address"]
            monkeypatch.setattr("build.extract.parallel.CLUSTER_TIMEOUT_S", 120)
            assert run(dataset, "--out", "there.csv", "--scheduler", cluster, "--cache", "another") == 0
            assert "3 tracks of 2 genres" in capfd.readouterr().out
            monkeypatch.setattr("build.extract.parallel.__file__", "/elsewhere/build/extract/parallel.py")
            assert run(dataset, "--out", "no.csv", "--scheduler", cluster, "--cache", "another") == 1
            error = capfd.readouterr().err.splitlines()[-1]
            assert (
                error.startswith("build.preprocess: worker ") and "does not see /elsewhere; the cluster must" in error
            )
        finally:
            worker.terminate()
            scheduler.terminate()
