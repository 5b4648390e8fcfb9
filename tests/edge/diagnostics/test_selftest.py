"""The self-test passes on a working installation, and names failures with a remedy and an exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.audio.demo import synthesize
from edge.diagnostics import selftest
from edge.errors import EdgeError
from edge.model.bundle import contents_of
from tests.edge.diagnostics.make_parity import PARITY, golden_piece
from tests.features.tolerances import STATISTICS
from tests.golden.signals import SIGNALS

LIVEGENRE = Path(sys.executable).with_name("livegenre")


def lines_of(process):
    output, _ = process.communicate(timeout=60)
    return process.returncode, [line.split(maxsplit=2) for line in output.splitlines()[:-1]], output.splitlines()[-1]


@pytest.fixture
def no_sound(tmp_path):
    return os.environ | {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PULSE_SERVER": "unix:/nowhere"}


def run(*arguments, env):
    command = [LIVEGENRE, "selftest", *map(str, arguments)]
    return lines_of(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env))


def test_all_is_well_in_a_room_with_music(pulse, tmp_path):
    soundfile.write(tmp_path / "music.wav", synthesize(20), 22_050)
    pulse.add_room()
    player = pulse.play(tmp_path / "music.wav")
    status, checks, verdict = lines_of(pulse.livegenre("selftest"))
    player.kill()
    player.wait()
    assert [check[:2] for check in checks] == [["ok", name] for name in ("model", "probe", "features", "microphone")]
    assert checks[-1][2].endswith("dBFS")
    assert (status, verdict) == (0, "Everything works. Next: livegenre listen")


def test_a_silent_microphone_is_told(pulse):
    pulse.add_room()
    status, checks, verdict = lines_of(pulse.livegenre("selftest"))
    assert checks[-1][0] == "FAILED"
    assert "unmute it" in checks[-1][2]
    assert (status, verdict) == (2, "Fix this first: microphone.")


def shipped_bundle(folder):
    for name, content in contents_of(None).items():
        (folder / name).write_bytes(content)
    return folder


def test_a_model_that_answers_otherwise_fails_its_probe(tmp_path, no_sound):
    sidecar = shipped_bundle(tmp_path) / "genres.json"
    values = json.loads(sidecar.read_text())
    values["probe"]["vector"][0] += values["normalization"]["scale"][0]
    sidecar.write_text(json.dumps(values))
    status, checks, verdict = run("--model", tmp_path, env=no_sound)
    assert [check[:2] for check in checks][:3] == [["ok", "model"], ["FAILED", "probe"], ["ok", "features"]]
    assert (status, verdict) == (3, "Fix this first: probe.")


def test_a_damaged_model_is_named_and_the_rest_is_still_checked(tmp_path, no_sound):
    with (shipped_bundle(tmp_path) / "genres.tflite").open("ab") as model:
        model.write(b"x")
    status, checks, _ = run("--model", tmp_path, env=no_sound)
    assert [check[:2] for check in checks] == [["FAILED", "model"], ["ok", "features"], ["warning", "microphone"]]
    assert status == 3


def test_no_microphone_is_a_warning_unless_one_is_asked_for(no_sound):
    status, checks, verdict = run(env=no_sound)
    assert (status, checks[-1][:2]) == (0, ["warning", "microphone"])
    assert verdict == "Everything works but for the warning. Next: livegenre listen --demo, or livegenre classify FILE"
    status, checks, verdict = run("--mic", "USB", env=no_sound)
    assert (status, checks[-1][:2], verdict) == (2, ["FAILED", "microphone"], "Fix this first: microphone.")


def test_as_json_it_is_one_object(no_sound, tmp_path):
    command = [LIVEGENRE, "selftest", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=no_sound, check=False, timeout=60)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_status"] == 0
    assert [check["name"] for check in told["checks"]] == ["model", "probe", "features", "microphone"]
    assert [check["verdict"] for check in told["checks"]] == ["ok", "ok", "ok", "warning"]
    with (shipped_bundle(tmp_path) / "genres.tflite").open("ab") as model:
        model.write(b"x")
    done = subprocess.run([*command, "--model", tmp_path], capture_output=True, text=True, env=no_sound, check=False)
    assert done.returncode == json.loads(done.stdout)["exit_status"] == 3


@pytest.mark.parametrize("group", selftest.PARITY_TOLERANCES)
def test_each_group_is_compared(monkeypatch, group):
    right = selftest.summarize

    def wrong(y, spec):
        names = [name for name in spec.groups for _ in spec.group_names(name)]
        vector = right(y, spec)
        vector[names.index(group)] += 3 * selftest.PARITY_TOLERANCES[group] or 0.01
        return vector

    monkeypatch.setattr(selftest, "summarize", wrong)
    with pytest.raises(EdgeError, match=f"{group} differs from librosa"):
        selftest._parity()


def test_what_it_compares_with_is_the_golden_file():
    with np.load(PARITY) as parity:
        assert set(parity) == set(selftest.PARITY_TOLERANCES)
        for group, values in golden_piece().items():
            assert np.array_equal(parity[group], values), "run: python -m tests.edge.diagnostics.make_parity"
    assert np.array_equal(synthesize(sample_rate=22_050, **selftest.PARITY_PIECE), SIGNALS["music"]())
    assert {**STATISTICS, "tempo": 0.0} == selftest.PARITY_TOLERANCES
