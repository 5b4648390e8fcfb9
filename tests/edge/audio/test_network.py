"""Streams from the network are played and reconnected, and only the host of their addresses is ever shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.audio.network import parsed, reason_of
from edge.audio.sources import from_uri
from edge.errors import ConfigError
from edge.events import Block, Lost, Restored
from tests.edge.audio.broadcast import PASSWORD, USER, Camera, Radio
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.test_daemon import daemon, manager  # noqa: F401 - a fixture
from tests.edge.sinks.mqtt.mosquitto import free_port

LIVEGENRE = Path(sys.executable).with_name("livegenre")


@pytest.fixture(params=[Radio, Camera])
def server(request: pytest.FixtureRequest) -> Iterator[Radio | Camera]:
    found = request.param()
    yield found
    found.end()


def command_lines() -> str:
    """Those of all that this process has started."""
    found = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True, check=True
    )
    return found.stdout


def test_it_plays_and_is_opened_again_when_it_breaks_off(server: Radio | Camera) -> None:
    with closing(from_uri(server.uri, wait=True)) as source:
        chunks = iter(source)
        first = next(chunk for chunk in chunks if isinstance(chunk, Block))
        assert (first.sample_rate, first.frames.shape[1]) == (44_100, 2)
        assert abs(first.frames).max() > 0.1
        assert source.name == server.name
        assert "ffmpeg" in command_lines()
        assert PASSWORD not in command_lines(), "other users of this machine read those"
        server.end()
        lost = next(chunk for chunk in chunks if isinstance(chunk, Lost))
        assert lost == Lost(False, f"{server.name} ended the stream")
        server.begin()
        assert next(chunk for chunk in chunks if isinstance(chunk, Restored)).away_s > 0
        assert next(chunk for chunk in chunks if isinstance(chunk, Block))


def refused(uri: str, **environment: str) -> str:
    """Return the message of `listen` for a stream that it cannot play: one line without secrets."""
    command = [LIVEGENRE, "listen", "--json", "--source", uri]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert PASSWORD not in done.stdout + line
    assert USER not in done.stdout + line
    return line


def test_what_is_wrong_is_one_line_without_the_address() -> None:
    with closing(Radio()) as radio:
        wrong = radio.uri.replace(f":{PASSWORD}@", f":not{PASSWORD}@")
        assert refused(wrong).endswith(
            f"{radio.name}: Server returned 401 Unauthorized (authorization failed) and gave no audio"
        )
    assert refused(radio.uri).endswith(f"{radio.name}: Connection refused and gave no audio")
    assert refused(radio.uri, PATH="/nowhere").endswith(
        f"{radio.name}: a stream needs ffmpeg, which is not installed; type: sudo apt install ffmpeg"
    )
    for uri in (
        f"http://{USER}:{PASSWORD}@/x",
        f"https://{USER}:{PASSWORD}@h:99999999/",
        f"http:{PASSWORD}",
        "rtsp://",
    ):
        assert "no address; write one as http://radio.example:8000/stream" in refused(uri)
    assert "unknown source 'htp://...': use mic" in refused(f"htp://{USER}:{PASSWORD}@radio.example/")


@given(st.text(), st.text(), st.text())
def test_no_message_holds_an_address(user: str, password: str, path: str) -> None:
    uri = f"http://{user}:{password}@radio.example/{path}?key=hidden"
    said = (
        f"[http @ 0x1] HTTP error 404\n[concat @ 0x2] Impossible to open '{uri}'\n{uri}: Server returned 404 Not Found"
    )
    assert reason_of(said) == "Server returned 404 Not Found"
    assert "hidden" not in reason_of(f"pipe:0: it moved to {uri}")
    try:
        parsed(uri)
    except ConfigError as error:
        assert str(error) == "http://...: no address; write one as http://radio.example:8000/stream"


def test_neither_log_nor_page_nor_history_has_the_password(
    tmp_path: Path,
    manager: Manager,  # noqa: F811
) -> None:
    port, config, history = free_port(), tmp_path / "livegenre.toml", tmp_path / "state" / "history.db"
    with closing(Radio()) as radio:
        config.write_text(
            f"[source]\nuri = '{radio.uri}'\n[web]\nenabled = true\naddress = '127.0.0.1:{port}'\n"
            "[history]\ncheckpoint_s = 0.1\n[log]\nlevel = 'debug'\n"
        )

        def now() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/now", timeout=30) as answer:
                text: str = answer.read().decode()
            return text

        with daemon(config, manager) as process:
            manager.wait_for("READY")
            wait_until(lambda: json.loads(now())["level_dbfs"] is not None, 60, "it plays")
            told = now()
            radio.end()
            wait_until(lambda: json.loads(now())["state"] == "no_source", 60, "it is lost")
            told += now()
            process.terminate()
            assert process.wait(timeout=30) == 0
            told += process.log()
    assert f"listening to {radio.name}" in told or radio.name in told
    kept = b"".join(path.read_bytes() for path in history.parent.iterdir() if path.is_file())
    for secret in (USER, PASSWORD):
        assert secret not in told
        assert secret.encode() not in kept
