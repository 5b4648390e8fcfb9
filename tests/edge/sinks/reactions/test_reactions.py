"""Reactions: a real shell and a real HTTP server are told once, at the right time, and listening never waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as clock_time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.checked import make
from edge.errors import SettingError
from edge.events import Prediction, State
from edge.sinks.reactions import ReactionsConfig
from edge.sinks.reactions.reacting import Reactions
from tests.edge.pulse import wait_until


def shown(genre: str | None, audio_s: float, state: State = State.MUSIC) -> Prediction:
    return Prediction(
        time=datetime(2026, 11, 28, 20, tzinfo=UTC),
        audio_s=audio_s,
        state=state,
        genre=genre,
        confidence=0.8 if genre else None,
        probabilities=None,
        tempo_bpm=None,
        level_dbfs=-20.0,
        window_s=30.0,
        provisional=False,
    )


def config(**settings: Any) -> ReactionsConfig:
    return make(ReactionsConfig, {"enabled": True, "pause_s": 1, **settings})


def follow(sink: Reactions, *stretches: tuple[str | None, int], first: int = 0) -> None:
    at = first
    for genre, seconds in stretches:
        for second in range(at, at + seconds):
            sink(shown(genre, float(second), State.MUSIC if genre else State.SILENCE))
        at += seconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "told"


def told(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_command_is_run_once_something_was_shown_long_enough(file: Path) -> None:
    sink = Reactions(config(to="jazz, silence", after_s=60, command=f"cat >> {file}; echo >> {file}"))
    follow(sink, ("rock", 200), ("jazz", 50), ("rock", 5), ("jazz", 200))
    wait_until(lambda: told(file), 60, "it is told")
    (one,) = told(file)
    assert (one["event"], one["state"], one["genre"], one["label"], one["for_s"]) == (
        *("reaction", "music", "jazz", "jazz", 60.0),
    )
    sink._due_s = 0.0
    follow(sink, (None, 70), first=1000)
    wait_until(lambda: len(told(file)) == 2, 60, "silence, too")
    assert told(file)[1]["label"] == "silence"
    sink.close()


def test_it_is_given_what_is_shown_as_variables_too(file: Path) -> None:
    sink = Reactions(config(after_s=0, command=f'echo "$LIVEGENRE_STATE $LIVEGENRE_GENRE $LIVEGENRE_LABEL" > {file}'))
    follow(sink, ("jazz; rm -rf $HOME", 3))
    wait_until(lambda: file.exists() and file.read_text(), 60, "it is told")
    assert file.read_text() == "music jazz; rm -rf $HOME jazz; rm -rf $HOME\n"
    sink.close()


def test_two_reactions_are_a_pause_apart_and_none_comes_in_quiet_hours(file: Path) -> None:
    sink = Reactions(replace(config(after_s=0, command=f"cat >> {file}; echo >> {file}"), pause_s=3600.0))
    follow(sink, *((genre, 2) for genre in ("rock", "jazz", "pop", "jazz", "rock")))
    wait_until(lambda: told(file), 60, "it is told")
    sink.close()
    assert [one["label"] for one in told(file)] == ["rock"]
    night = config(quiet="22:00-07:00", command="true")
    quiet = [night.is_quiet(clock_time(hour)) for hour in (21, 22, 23, 0, 6, 7, 12)]
    assert quiet == [False, True, True, True, True, False, False]
    assert config(quiet="12:00-13:00", command="true").is_quiet(clock_time(12, 30))
    always = Reactions(replace(config(after_s=0, command=f"touch {file}.quiet"), quiet="00:00-23:59"))
    if datetime.now().time() < clock_time(23, 59):
        follow(always, ("rock", 3))
    always.close()
    assert not Path(f"{file}.quiet").exists()


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    server.told = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_is_posted_to_and_one_that_is_gone_is_told(
    server: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Reactions(config(after_s=2, webhook=f"http://127.0.0.1:{server.server_port}/hook"))
    follow(sink, ("jazz", 5))
    wait_until(lambda: server.told, 60, "it is posted")  # type: ignore[attr-defined]
    assert server.told[0]["genre"] == "jazz"  # type: ignore[attr-defined]
    sink.close()
    gone = Reactions(config(after_s=0, webhook="http://127.0.0.1:9/"))
    follow(gone, ("jazz", 2))
    wait_until(lambda: "the webhook cannot be reached" in caplog.text, 60, "it is told")
    assert gone.problem is not None
    gone.close()


def test_a_command_that_hangs_or_fails_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    sink = Reactions(config(after_s=0, command="sleep 1000"))
    for number in range(10):
        sink._due_s = 0.0
        follow(sink, (f"genre {number}", 2), first=10 * number)
    assert "the reactions before have not ended; one is left out" in caplog.text
    wait_until(lambda: sink._running is not None, 60, "it runs")
    running = sink._running
    assert running is not None
    sink.close()
    assert running.poll() is not None, "it is ended with the sink"
    failing = Reactions(config(after_s=0, command="echo no lamp >&2; exit 3"))
    follow(failing, ("jazz", 2))
    wait_until(lambda: "the command ended with status 3: no lamp" in caplog.text, 60, "it is told")
    failing.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"enabled": True}, "neither a command nor a webhook"),
        ({"webhook": "file:///etc/passwd"}, "must begin with http"),
        ({"quiet": "25:00-07:00"}, "must be hours of the day"),
        ({"after_s": -1}, "must be 0 to 86400"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        make(ReactionsConfig, settings)
