"""A pause of the daemon closes the microphone, and lasts until somebody resumes."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from edge import words
from edge.events import State
from edge.history.reader import read_segments
from tests.edge.pulse import Pulse, wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.test_daemon import daemon, manager  # noqa: F401 - a fixture
from tests.edge.sinks.mqtt.mosquitto import free_port

PAUSED = words.STATE_WORDS[State.PAUSED]
TOKEN = "a-token-of-24-characters"


def test_paused_it_hears_nothing_until_somebody_resumes(
    tmp_path: Path,
    manager: Manager,  # noqa: F811
    pulse: Pulse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, history = free_port(), tmp_path / "state" / "history.db"
    config = tmp_path / "livegenre.toml"
    config.write_text(
        f"[history]\ncheckpoint_s = 0.1\n[web]\nenabled = true\naddress = '127.0.0.1:{port}'\n[decision]\n"
    )
    pulse.add_room()
    manager.env |= pulse.env | {"LIVEGENRE_WEB_TOKEN": TOKEN}

    def turn(on: bool) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/listening", json.dumps({"on": on}).encode(), headers
        )
        urllib.request.urlopen(asked, timeout=30).close()

    with daemon(config, manager) as process:
        wait_until(pulse.used_by_us, 60, "it records")
        wait_until(lambda: history.exists() and read_segments(history), 60, "and keeps it")
        turn(on=False)
        manager.wait_for("STATUS", PAUSED)
        wait_until(lambda: not pulse.used_by_us(), 30, "the microphone is closed")
        n_kept = len(list(read_segments(history)))
        config.write_text(config.read_text() + "unsure_below = 0.2\n")
        process.send_signal(signal.SIGHUP)
        assert ("WATCHDOG", "1") in manager.wait_for("READY") + manager.messages(2)
        assert not pulse.used_by_us()
        process.terminate()
        assert process.wait(timeout=30) == 0
    with daemon(config, manager) as process:
        manager.wait_for("STATUS", PAUSED)
        assert ("WATCHDOG", "1") in manager.messages(2)
        assert not pulse.used_by_us()
        assert f"remove {tmp_path}/state/paused" in process.log()
        assert len(list(read_segments(history))) == n_kept, "of the pause the history has nothing"
        turn(on=True)
        wait_until(pulse.used_by_us, 30, "it records again")
        wait_until(lambda: len(list(read_segments(history))) > n_kept, 60, "and keeps it")
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert {segment.state for segment in read_segments(history)} & {"paused"} == set()
