"""A damaged model is one line and status 3, whatever its runtime does: it runs in another process first."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.demo import synthesize
from edge.errors import BundleError
from edge.model import trial
from edge.model.bundle import MODEL_FILE, SIDECAR_FILE, load_bundle
from tests import two_networks

LIVEGENRE = Path(sys.executable).with_name("livegenre")
LISTENER_FILE = "listener.tflite"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    two_networks.make_bundle(folder, two_networks.use())
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(whole: Path, tmp_path: Path, cache: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("music") / "music.wav"
    soundfile.write(path, synthesize(6.0), 22_050)
    return path


def replace_network(folder: Path, name: str, content: bytes) -> None:
    """Put a network in another's place, with a digest that matches."""
    (folder / name).write_bytes(content)
    sidecar = json.loads((folder / SIDECAR_FILE).read_text())
    section = sidecar["model"] if name == MODEL_FILE else sidecar["listeners"][0]
    section["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / SIDECAR_FILE).write_text(json.dumps(sidecar))


def livegenre(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [LIVEGENRE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def require_one_line(done: subprocess.CompletedProcess[str], words: str = "") -> None:
    assert done.returncode == 3, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("livegenre: ")
    assert words in line


@pytest.mark.parametrize("name", [MODEL_FILE, LISTENER_FILE])
def test_a_truncated_network_whose_digest_matches_is_one_line(folder: Path, music: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    replace_network(folder, name, content[: len(content) // 2])
    require_one_line(livegenre("classify", "--model", folder, music), str(folder))


@pytest.mark.parametrize("name", [MODEL_FILE, LISTENER_FILE])
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_network_runs_or_is_one_line(folder: Path, music: Path, name: str, seed: int) -> None:
    """The first and last bytes describe the network: damage there is what ends processes."""
    content, rng = bytearray((folder / name).read_bytes()), random.Random(seed)
    for _ in range(8):
        place = rng.randrange(1_000)
        content[rng.choice([place, -1 - place])] = rng.randrange(256)
    replace_network(folder, name, bytes(content))
    done = livegenre("classify", "--json", "--model", folder, music)
    if done.returncode == 0:
        assert json.loads(done.stdout)["genre"] in two_networks.LABELS
    else:
        require_one_line(done)


def float_network_of(number: float) -> bytes:
    """Return a network without any quantization whose answers have this number added."""
    import keras  # behind build, which loads tflite-runtime first
    import tensorflow as tf

    n_inputs = len(two_networks.SPEC.vector_names)
    bias = keras.initializers.Constant(number)
    layers = [keras.Input((n_inputs,)), keras.layers.Dense(len(two_networks.LABELS), bias_initializer=bias)]
    content: bytes = tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(layers)).convert()
    return content


def test_what_is_no_number_never_reaches_json(tmp_path: Path, music: Path, cache: Path) -> None:
    two_networks.make_bundle(tmp_path / "model")
    replace_network(tmp_path / "model", MODEL_FILE, float_network_of(0.5))
    assert livegenre("classify", "--json", "--model", tmp_path / "model", music).returncode == 0
    replace_network(tmp_path / "model", MODEL_FILE, float_network_of(np.nan))
    require_one_line(livegenre("classify", "--model", tmp_path / "model", music), "not a number")
    # One that answered with numbers when it was tried:
    networks = {MODEL_FILE: (tmp_path / "model" / MODEL_FILE).read_bytes()}
    remembered = trial._remembered(networks)
    assert remembered is not None
    remembered.touch()
    for command in (["classify", "--json", music], ["listen", "--json", "--fast", "--source", f"file:{music}"]):
        done = livegenre(*command, "--model", tmp_path / "model")
        require_one_line(done, "not a number")
        assert "NaN" not in done.stdout
        assert "Infinity" not in done.stdout


def test_a_model_is_tried_once_and_again_when_it_is_another(folder: Path, cache: Path, monkeypatch) -> None:
    tried = []
    run = trial._run_in_a_process
    monkeypatch.setattr(trial, "_run_in_a_process", lambda networks: tried.append(1) or run(networks))
    load_bundle(folder)
    load_bundle(folder)
    assert len(tried) == 1
    assert len(list(cache.rglob("*"))) == 3  # two folders and a file
    replace_network(folder, MODEL_FILE, two_networks.head(load_bundle(folder).n_inputs, seed=5))
    load_bundle(folder)
    assert len(tried) == 2


@pytest.mark.parametrize("cache_home", ["/proc/none", "relative", "/dev/null/folder"])
def test_a_cache_that_cannot_be_written_does_no_harm(
    folder: Path, tmp_path: Path, monkeypatch, cache_home: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", cache_home)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    load_bundle(folder)
    load_bundle(folder)
    assert not (tmp_path / "relative").exists()


def test_a_network_that_does_not_answer_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_PROGRAM", "while True: pass")
    monkeypatch.setattr(trial, "TIMEOUT_S", 0.5)
    with pytest.raises(BundleError, match="does not answer"):
        load_bundle(folder)
    monkeypatch.setattr(trial, "_PROGRAM", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(BundleError, match="SIGKILL"):
        load_bundle(folder)


def test_a_busy_machine_is_waited_for_and_named_unless_a_service_manager_waits(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that sleeps stands for one that a busy machine gives no time."""
    monkeypatch.setattr(trial, "_PROGRAM", "import time; time.sleep(1.2); " + trial._PROGRAM)
    monkeypatch.setattr(trial, "MOST_TURNS", 1000)
    monkeypatch.setattr(trial, "TIMEOUT_S", 0.5)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    monkeypatch.setattr(trial, "_processor_s", lambda _pid: 0.1)
    load_bundle(folder)
    monkeypatch.setattr(trial, "_PROGRAM", "import time; time.sleep(1000)")
    monkeypatch.setattr(trial, "_remembered", lambda _networks: None)
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    with pytest.raises(
        BundleError, match=r"within 0 s; this machine let it compute for 0 s: try again when it has less"
    ):
        load_bundle(folder)


def test_the_shipped_models_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "try_out", None)
    assert len(load_bundle().listeners) == len(load_bundle().networks)
    assert load_bundle("classic").listeners == ()


def test_a_folder_named_like_a_shipped_model_is_named_by_its_path(folder: Path, monkeypatch, music: Path) -> None:
    shutil.move(folder, folder.with_name("classic"))
    monkeypatch.chdir(folder.parent)
    assert load_bundle("classic").name != "two networks"
    assert load_bundle("./classic").name == "two networks"
    done = livegenre("listen", "--model", "classic", "--json", "--fast", "--source", f"file:{music}")
    assert json.loads(done.stdout.splitlines()[0])["model"] == load_bundle("classic").name
    assert os.fspath(folder) not in done.stderr


def test_a_network_that_hangs_ends_although_nobody_is_left_to_give_it_up() -> None:
    script = (
        "import time; from edge.model import trial\n"
        "def hang(*_): print('runs', flush=True); time.sleep(1000)\n"
        "trial.TIMEOUT_S, trial._exercise = 0.6, hang\n"
        "trial.run_child()"
    )
    command = [sys.executable, "-P", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"a": 1}\nx')
        process.stdin.flush()
        assert process.stdout.readline() == b"runs\n"
        assert process.wait(60) == -signal.SIGALRM
