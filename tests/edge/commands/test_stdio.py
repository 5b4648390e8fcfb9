"""The real command with standard streams that are closed, full, of another encoding, or a terminal of any kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize
from tests.edge.pseudo_terminal import PseudoTerminal

LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: A locale without UTF-8 that every machine has: Python would make it UTF-8 unless told not to.
ASCII_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(
    script: str, *args: str | os.PathLike[str], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run ``script`` with ``$0`` as the command and the arguments after it."""
    command = ["bash", "-c", script, LIVEGENRE, *args]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, env={**os.environ, **(env or {})})
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    return done


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short recording whose name is no UTF-8."""
    path = Path(os.fsdecode(os.fsencode(tmp_path_factory.mktemp("music")) + b"/caf\xe9.wav"))
    with path.open("wb") as file:
        soundfile.write(file, synthesize(4.0), 22_050, format="WAV")
    return path


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["--version", 'classify "$1"', "listen --demo --fast"])
def test_a_closed_stream_is_no_fault(command: str, closed: str, music: Path) -> None:
    done = shell(f'"$0" {command} {closed}', music)
    assert done.returncode == 0, done.stderr


def test_an_error_keeps_its_status_where_nobody_can_be_told() -> None:
    assert shell('"$0" history --since x 2>&-').returncode == 2
    assert shell('"$0" --no-such-option 2>&-').returncode == 2
    assert shell('"$0" --no-such-option 2>/dev/full').returncode == 2


def test_nothing_is_printed_into_a_file_opened_under_a_closed_streams_number(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "music.wav", synthesize(6.0), 22_050)
    config = tmp_path / "config.toml"
    config.write_text(f'[source]\nuri = "file:{tmp_path}/music.wav"\n[history]\nfile = "{tmp_path}/h.db"\n')
    assert shell('"$0" daemon --config "$1" >&- 2>&-', config).returncode == 0
    assert (tmp_path / "h.db").read_bytes().startswith(b"SQLite format 3\0")
    assert b"music" in shell('"$0" history --json --file "$1"', tmp_path / "h.db").stdout


@pytest.mark.parametrize("command", ["--version", "classify --help", 'classify "$1"', 'classify --json "$1"'])
def test_a_full_disk_is_told_in_one_line(command: str, music: Path) -> None:
    done = shell(f'"$0" {command} > /dev/full', music)
    assert done.returncode == 1
    assert done.stderr == b"livegenre: [Errno 28] No space left on device\n"


def test_standard_error_that_takes_nothing_changes_nothing(music: Path) -> None:
    done = shell('"$0" classify --json "$1" /nowhere.wav "$1" 2> /dev/full', music)
    assert done.returncode == 1
    assert sum(b'"genre"' in line for line in done.stdout.splitlines()) == 2


@pytest.mark.parametrize("env", [{}, ASCII_LOCALE, {"PYTHONIOENCODING": "latin-1:strict"}])
def test_a_name_that_is_no_utf_8_goes_through_in_any_locale(music: Path, env: dict[str, str]) -> None:
    done = shell('"$0" classify "$1" "$2" && "$0" listen --fast --source "file:$1"', music, music, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"caf\\xe9.wav") == 3
    (verdict,) = shell('"$0" classify --json "$1"', music, env=env).stdout.splitlines()
    assert json.loads(verdict)["path"].endswith("caf\\xe9.wav")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {}, {"TERM": "xterm", "PYTHONIOENCODING": "latin-1"}])
def test_a_terminal_that_cannot_draw_gets_plain_lines(env: dict[str, str]) -> None:
    status, written = PseudoTerminal("listen", "--demo", "--fast", env=env).end()
    assert status == 0
    assert "\x1b" not in written
    assert written.startswith("00:00  listening to demo")
    assert len(written.splitlines()) > 40
