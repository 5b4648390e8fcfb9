"""The wheel on each machine that it is said to run on, with its runtime dependencies alone: the same answers on all.

``make test-machines`` takes all, ``make test-arm64`` those of that architecture; the first time a root is made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from edge.model.probe import LISTENER_TOLERANCE, PROBABILITY_TOLERANCE
from tests.features.tolerances import PATCHES, differing
from tests.golden.signals import SIGNALS
from tests.golden.yamnet import GOLDEN_FRAMES, GOLDEN_PATCHES
from tests.packaging.machines import answers
from tests.packaging.machines.comparison import MODELS, PIECES, compare, write_inputs
from tests.packaging.machines.roots import Installed

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]

#: Whether all processors of a machine are tried, or the first alone.
ALL_PROCESSORS = os.environ.get("PROCESSORS") == "all"

Arrays = Mapping[str, NDArray[Any]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "inputs.npz"
    write_inputs(path)
    return path


@pytest.fixture(scope="module")
def reference(inputs: Path) -> Arrays:
    """The answers of the interpreter and the processor that run these tests."""
    path = inputs.with_name("answers.npz")
    subprocess.run([sys.executable, answers.__file__, inputs, path], check=True)
    return dict(np.load(path))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("music") / "music.flac"
    soundfile.write(path, synthesize(20, tempo_bpm=124, key="A"), 22_050)
    return path


def test_it_has_what_the_wheel_asks_for_and_no_more(machine: Installed) -> None:
    listed = {
        package["name"].lower(): package["version"]
        for package in json.loads(machine.run("pip", "list", "--format=json"))
    }
    assert machine.machine.runtime in listed
    assert listed["numpy"] < "2" or machine.machine.python != "3.11"
    assert not listed.keys() & {"tensorflow", "librosa", "numba", "pandas", "matplotlib", "starlette", "paho-mqtt"}
    assert (
        machine.run("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
        == machine.machine.python
    )


def test_selftest_finds_nothing_but_that_there_is_no_microphone(machine: Installed) -> None:
    for model in ((), ("--model", "classic")):
        told = json.loads(machine.run("livegenre", "selftest", "--json", *model))
        verdicts = {check["name"]: check["verdict"] for check in told["checks"]}
        assert verdicts == {"model": "ok", "probe": "ok", "features": "ok", "microphone": "warning"}, told
        assert machine.machine.runtime in told["checks"][0]["words"]
        print(told["checks"][1]["words"])


def test_a_file_is_classified_and_listened_to(machine: Installed, music: Path) -> None:
    shutil.copy2(music, machine.outside("/tmp/music.flac"))
    answer = json.loads(machine.run("livegenre", "classify", "--json", "/tmp/music.flac"))
    here = subprocess.run(
        [Path(sys.executable).with_name("livegenre"), "classify", "--json", music],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = json.loads(here.stdout)
    assert answer["genre"] == expected["genre"]
    assert answer["tempo_bpm"] == expected["tempo_bpm"]
    for label, probability in expected["probabilities"].items():
        assert abs(answer["probabilities"][label] - probability) <= PROBABILITY_TOLERANCE
    listened = machine.run("livegenre", "listen", "--source", "file:/tmp/music.flac", "--fast", "--json")
    events = [json.loads(line) for line in listened.splitlines()]
    assert {"started", "stopped"} <= {event["event"] for event in events}
    assert events[-1]["audio_s"] == pytest.approx(20, abs=0.1)


def test_bench_measures_it(machine: Installed) -> None:
    model = () if machine.machine.is_native else ("--model", "classic")  # the other takes minutes, where it is emulated
    figures = json.loads(machine.run("livegenre", "bench", "--json", *model))
    assert figures["runtime"] == machine.machine.runtime
    assert figures["rss_bytes"] > 0
    print({name: figures[name] for name in ("core_share", "update_s", "listeners", "rss_bytes", "import_s")})


def test_answers_are_the_same(machine: Installed, inputs: Path, reference: Arrays, tmp_path: Path) -> None:
    """Features as librosa's; networks within the rounding of their kernels; the same genre of each piece."""
    shutil.copy2(inputs, machine.outside("/tmp/inputs.npz"))
    shutil.copy2(answers.__file__, machine.outside("/tmp/answers.py"))
    for processor in machine.machine.emulated_processors[: None if ALL_PROCESSORS else 1]:
        machine.run("python", "/tmp/answers.py", "/tmp/inputs.npz", "/tmp/answers.npz", processor=processor)
        theirs = dict(np.load(shutil.copy2(machine.outside("/tmp/answers.npz"), tmp_path / f"{processor}.npz")))
        assert theirs.keys() == reference.keys()
        _require_golden_features(theirs, processor)
        _require_the_same_genres(theirs, reference, processor)
        told = [f"{name} {value:.3g}" for name, value in compare(theirs, reference).items()]
        print(f"{machine.machine.name}, {processor}: {', '.join(told)}")


def _require_golden_features(theirs: Arrays, processor: str) -> None:
    for name in SIGNALS:
        found = differing(name, theirs[f"features/{name}"], float(theirs[f"tuning/{name}"]))
        assert found == {}, (processor, name)
    with np.load(GOLDEN_PATCHES) as golden:
        for name in golden:
            difference = np.abs(theirs[f"patches/{name}"][:, GOLDEN_FRAMES] - golden[name])
            assert np.max(difference) <= PATCHES["synthetic"], (processor, name)


def _require_the_same_genres(theirs: Arrays, reference: Arrays, processor: str) -> None:
    for model, folder in MODELS.items():
        n_features = len(load_bundle(folder).spec.vector_names)
        for piece in PIECES:
            ours, expected = (one[f"probabilities/{model}/{piece}"] for one in (theirs, reference))
            assert ours.argmax() == expected.argmax(), (processor, model, piece)
            assert np.max(np.abs(ours - expected)) <= PROBABILITY_TOLERANCE, (processor, model, piece)
            difference = theirs[f"vector/{model}/{piece}"] - reference[f"vector/{model}/{piece}"]
            assert np.max(np.abs(difference[:n_features])) <= 1e-4, (processor, model, piece)
            heard = difference[n_features:]
            assert not len(heard) or np.sqrt(np.mean(heard**2)) <= LISTENER_TOLERANCE, (processor, piece)
