"""Hostile names of files, devices, commands, models, genres and histories are escaped in all output."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge import words
from edge.audio.demo import synthesize
from edge.events import Change, Gap, Prediction, SourceLost, SourceRestored, Started, State, Stopped
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter
from edge.model.bundle import contents_of
from edge.service import logs
from edge.service.sd_notify import Notifier
from edge.sinks.jsonl import JsonLines
from edge.sinks.lines import Lines
from edge.sinks.terminal.drawing import render
from edge.sinks.view import View, view_after

LIVEGENRE = Path(sys.executable).with_name("livegenre")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Sets a window's title, clears the screen, breaks the line, turns the writing direction, colours by a C1 code, and
#: holds a byte that is no text. A file system takes all of it.
NASTY = "\x1b]0;owned\x07\x1b[2Jevil\nname\r\u202e\x9b31m\udcff"
SHOWN = r"\x1b]0;owned\x07\x1b[2Jevil\nname\r\u202e\x9b31m\xff"


def require_harmless(text: str, n_lines: int | None = None) -> None:
    lines = text.split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines), lines
    assert n_lines is None or len(lines) == n_lines, lines


def livegenre(*args: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([LIVEGENRE, *map(str, args)], capture_output=True, check=False, timeout=120)
    assert b"Traceback" not in done.stderr
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def nasty_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model under another name, with other labels."""
    folder = tmp_path_factory.mktemp("models") / NASTY
    folder.mkdir()
    for name, content in contents_of(None).items():
        (folder / name).write_bytes(content)
    sidecar = json.loads((folder / "genres.json").read_text())
    sidecar["name"] = NASTY
    sidecar["labels"] = [f"{NASTY}{index}" for index in range(len(sidecar["labels"]))]
    (folder / "genres.json").write_text(json.dumps(sidecar))
    return folder


@given(st.text(st.characters()))
def test_what_is_safe_is_one_line_that_can_be_written_and_printable_text_stays(name: str) -> None:
    text = words.safe(name)
    kept = {character for character in text if not character.isprintable()}
    assert kept <= set(
        "\u200c\u200d\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    )
    assert len(text.splitlines()) <= 1
    assert words.safe(text) == text
    assert text.encode().decode() == text
    assert text == name or not name.isprintable()


def test_how_it_is_written() -> None:
    assert words.safe(NASTY) == SHOWN
    assert words.safe("Ñandú 音楽 👩‍👧 می‌خواهم") == "Ñandú 音楽 👩‍👧 می‌خواهم"
    assert words.encodable("a\nb") == "a\nb"
    assert words.encodable("a\udcff") == r"a\xff"


def test_columns_stand_below_each_other_whatever_is_written() -> None:
    assert [words.table_cell(name, 6) for name in ("音楽", "mu", "e\u0301")] == ["音楽  ", "mu    ", "e\u0301     "]
    assert words.table_cell("too long", 4) == "too long"


def test_every_state_has_its_words() -> None:
    assert set(words.STATE_WORDS) == set(State) - {State.MUSIC}


def test_classify_shows_files_and_genres_harmlessly(tmp_path: Path, nasty_model: Path) -> None:
    recording, text = tmp_path / f"{NASTY}.wav", tmp_path / f"{NASTY}.mp3"
    with recording.open("wb") as file:
        soundfile.write(file, synthesize(4.0), 22_050, format="WAV")
    text.write_text("this is no music")
    done = livegenre("classify", "--model", nasty_model, recording, text)
    assert done.returncode == 1
    require_harmless(done.stdout, 2)
    require_harmless(done.stderr, 1)
    assert f"{SHOWN}.wav" in done.stdout
    assert f"{SHOWN}.mp3" in done.stderr
    done = livegenre("classify", "--json", "--model", nasty_model, recording)
    verdict = json.loads(done.stdout)
    assert verdict["path"].endswith(f"{SHOWN}.wav")
    assert verdict["genre"] in verdict["probabilities"]
    done.stdout.encode("ascii")
    assert "\\ud" not in done.stdout, "half a surrogate pair, which strict readers of JSON refuse"


def test_listening_shows_sources_and_models_harmlessly(tmp_path: Path, nasty_model: Path) -> None:
    recording = tmp_path / f"{NASTY}.wav"
    with recording.open("wb") as file:
        soundfile.write(file, synthesize(5.0), 22_050, format="WAV")
    source = ("--source", f"file:{recording}", "--fast", "--model", nasty_model)
    done = livegenre("listen", *source)
    require_harmless(done.stdout)
    assert f"listening to {SHOWN}.wav, model {SHOWN} on" in done.stdout
    assert f"now: {SHOWN}" in done.stdout
    heard = [json.loads(line) for line in livegenre("listen", "--json", *source).stdout.splitlines()]
    for event in heard:
        json.dumps(event, ensure_ascii=False).encode()


def test_options_and_commands_that_fail_are_told_harmlessly(tmp_path: Path) -> None:
    command = tmp_path / f"{NASTY}.sh"
    command.write_text("#!/bin/sh\nexit 3\n")
    command.chmod(0o755)
    for args in (
        ("listen", "--source", f"cmd:'{command}'"),
        ("listen", "--source", f"cmd:/nowhere/{NASTY}"),
        ("listen", "--source", f"file:{NASTY}"),
        ("listen", "--model", NASTY),
        ("listen", "--source", NASTY),
        ("listen", f"--{NASTY}"),
        ("classify", NASTY),
        ("history", "--file", NASTY),
        ("history", "--since", NASTY),
        ("daemon", "--config", NASTY),
        ("service", "install", "--root", f"/dev/null/{NASTY}"),
        (NASTY,),
    ):
        done = livegenre(*args)
        assert done.returncode, args
        require_harmless(done.stdout)
        require_harmless(done.stderr)


def test_the_lab_names_recordings_harmlessly(tmp_path: Path) -> None:
    recording = tmp_path / f"{NASTY}.wav"
    with recording.open("wb") as file:
        soundfile.write(file, synthesize(5.0), 22_050, format="WAV")
    command = [sys.executable, "-m", "build.ingest", "--classify", recording, tmp_path / f"{NASTY}.m3u"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    require_harmless(done.stdout, 1)
    require_harmless(done.stderr, 1)
    assert f"{SHOWN}.wav: " in done.stdout
    assert f"{SHOWN}.m3u: " in done.stderr


def test_devices_are_listed_harmlessly() -> None:
    script = (
        "import sys; from edge.audio import portaudio; from edge.cli import main\n"
        f"name = {NASTY!r}\n"
        "portaudio.inputs = lambda: [portaudio.InputDevice(0, name, name, 1, 48_000, True)]\n"
        "sys.exit(main(['devices', *sys.argv[1:]]))\n"
    )
    for options, n_lines in (((), 3), (("--json",), 1)):
        command = [sys.executable, "-c", script, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        require_harmless(done.stdout, n_lines)


def test_selftest_and_bench_name_a_model_harmlessly(nasty_model: Path) -> None:
    require_harmless(livegenre("selftest", "--model", nasty_model).stdout)
    script = (
        "import sys, dataclasses; from edge.diagnostics import bench; from edge.cli import main\n"
        "names = [entry.name for entry in dataclasses.fields(bench.Figures)]\n"
        f"given = {{'model': {NASTY!r}, 'listeners': ()}}\n"
        "bench.measure = lambda _: bench.Figures(**dict.fromkeys(names, 1.0) | given)\n"
        "sys.exit(main(['bench']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    require_harmless(done.stdout)
    assert f" {SHOWN}\n" in done.stdout, "the model's name, and nothing after it on its line"


def test_history_shows_genres_harmlessly(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path / "h.db")
    writer.write({1: Segment(NOW, 60.0, "music", NASTY.removesuffix("\udcff")), 2: Segment(NOW, 60.0, NASTY[:-1])})
    writer.close()
    for options in ((), ("--csv",), ("--json",)):
        done = livegenre("history", "--file", tmp_path / "h.db", *options)
        assert done.returncode == 0, done.stderr
        require_harmless(done.stdout)
    rows = list(csv.DictReader(io.StringIO(livegenre("history", "--file", tmp_path / "h.db", "--csv").stdout)))
    assert [row["genre"] for row in rows] == [SHOWN.removesuffix(r"\xff"), ""]


def nasty_events() -> list[object]:
    at = {"time": NOW, "audio_s": 1.0}
    heard = {"state": State.MUSIC, "genre": NASTY, "confidence": 0.5, "tempo_bpm": 100.0}
    return [
        Started(**at, source=NASTY, model=NASTY, runtime=NASTY, window_s=1.0, labels=(NASTY, "b")),
        Prediction(**at, **heard, probabilities={NASTY: 0.5}, level_dbfs=-20.0, window_s=1.0, provisional=False),
        Change(**at, **heard, previous_state=State.UNSURE, previous_genre=None),
        Gap(**at, lost_s=1.0, reason=NASTY),
        SourceLost(**at, source=NASTY, stalled=True, reason=NASTY),
        SourceRestored(**at, source=NASTY, away_s=1.0),
        Stopped(**at, reason=NASTY),
    ]


def test_every_event_is_shown_harmlessly() -> None:
    lines, objects, view = io.StringIO(), io.StringIO(), View()
    for event in nasty_events():
        Lines(lines)(event)
        JsonLines(objects)(event)
        view = view_after(view, event)
        console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
        console.print(render(view, 80, 24))
        require_harmless(console.file.getvalue())
    require_harmless(lines.getvalue(), 7)
    require_harmless(objects.getvalue(), 7)
    objects.getvalue().encode()


def test_the_log_and_the_service_manager_get_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    logger = logging.getLogger("test_names")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.set_up("info")
    logger.warning("listening to %s", NASTY)
    require_harmless(stderr.getvalue(), 1)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(os.fspath(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": os.fspath(tmp_path / "notify")})
        notifier.status(NASTY)
        assert manager.recv(1024).decode() == f"STATUS={SHOWN}"
        notifier.close()
