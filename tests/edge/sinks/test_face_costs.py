"""A face that nobody asked for costs nothing, one whose extra is missing says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize

ROOT = Path(__file__).resolve().parents[3]
#: What faces bring with them.
LIBRARIES = ("asyncio", "_tkinter", "ssl", "starlette", "uvicorn", "h11", "paho", "prometheus_client", "tkinter")
FACES = {
    "web": ("--web", "127.0.0.1:0"),
    "mqtt": ("--mqtt", "127.0.0.1:1"),
    "prometheus": ("--prometheus", "127.0.0.1:0"),
}
NEEDS = {"web": "starlette", "mqtt": "paho", "prometheus": "prometheus_client"}


def listen(tmp_path: Path, *flags: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``livegenre listen`` over four seconds of music; the names of all modules it loaded come on stderr."""
    soundfile.write(tmp_path / "music.wav", synthesize(4.0), 22_050)
    arguments = ["listen", "--json", "--fast", "--source", f"file:{tmp_path / 'music.wav'}", *flags]
    script = f"import sys\n{before}\nfrom edge.cli import main\nstatus = main({arguments!r})\n"
    script += "print('MODULES', *sys.modules, file=sys.stderr)\nsys.exit(status)"
    command = [sys.executable, "-c", script]
    env = {"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(tmp_path)}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=120, check=False)


def loaded(done: subprocess.CompletedProcess[str]) -> set[str]:
    return {name.partition(".")[0] for name in done.stderr.rpartition("MODULES")[2].split()}


def test_without_a_face_none_of_its_libraries_is_loaded(tmp_path: Path) -> None:
    done = listen(tmp_path)
    assert done.returncode == 0, done.stderr
    assert loaded(done).isdisjoint(LIBRARIES)
    assert "edge.service.faces" not in done.stderr


@pytest.mark.parametrize("face", FACES)
def test_with_a_face_they_are(tmp_path: Path, face: str) -> None:
    done = listen(tmp_path, *FACES[face])
    assert done.returncode == 0, done.stderr
    assert NEEDS[face] in loaded(done)


@pytest.mark.parametrize("face", FACES)
def test_a_missing_extra_is_told_in_a_line(tmp_path: Path, face: str) -> None:
    done = listen(tmp_path, *FACES[face], before=f"sys.modules[{NEEDS[face]!r}] = None")
    assert done.returncode == 1
    line = done.stderr.splitlines()[0]
    assert line == f"livegenre: {NEEDS[face]} is not installed; pip install 'livegenre[{face}]'"
