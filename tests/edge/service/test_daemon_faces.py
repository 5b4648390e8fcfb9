"""The daemon with its faces: they come and go with the configuration, and none of them keeps it from listening."""

from __future__ import annotations

import json
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.sinks.mqtt.discovery import Topics
from edge.sinks.mqtt.identity import ID_FILE
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.test_daemon import config, daemon, manager  # noqa: F401 - fixtures
from tests.edge.sinks.mqtt.mosquitto import DEVICE_ID, Mosquitto, Subscriber, free_port

TOPICS = Topics("shelf", "livegenre", "homeassistant", DEVICE_ID)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    (tmp_path / "broker").mkdir()
    found = Mosquitto(tmp_path / "broker")
    found.start()
    yield found
    found.kill()


def answer(url: str) -> str:
    """Return the answer at an address; empty if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as found:
            text: str = found.read().decode()
            return text
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


def keep_id(folder: Path) -> None:
    """Let the daemon be the device that a test knows."""
    state = folder / "state"
    state.mkdir()
    (state / ID_FILE).write_text(DEVICE_ID)


def test_all_faces_at_once(config: Path, manager: Manager, broker: Mosquitto) -> None:  # noqa: F811
    web, metrics = free_port(), free_port()
    faces = f"[mqtt]\nenabled = true\nhost = '127.0.0.1'\nport = {broker.port}\nname = 'shelf'\n"
    faces += f"[prometheus]\nenabled = true\naddress = '127.0.0.1:{metrics}'\n"
    page = f"[web]\nenabled = true\naddress = '127.0.0.1:{web}'\n"
    alone = config.read_text()
    config.write_text(alone + page + faces)
    subscriber = Subscriber(broker)
    keep_id(config.parent)
    with daemon(config, manager) as process:
        manager.wait_for("READY")

        def now() -> Any:
            return json.loads(answer(f"http://127.0.0.1:{web}/api/now") or "{}")

        wait_until(lambda: now().get("genre"), 60, "a genre on the page")
        assert now()["correctable"]
        wait_until(lambda: subscriber.json(TOPICS.state).get("music") == "ON", 60, "and over MQTT")
        assert "livegenre_source_up 1.0" in answer(f"http://127.0.0.1:{metrics}/metrics")
        wait_until(lambda: '"segments":[{' in answer(f"http://127.0.0.1:{web}/api/history"), 60, "and in the day")

        config.write_text(alone + page)
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")
        wait_until(lambda: not answer(f"http://127.0.0.1:{metrics}/metrics"), 60, "the metrics are gone")
        wait_until(lambda: TOPICS.availability not in subscriber.messages, 60, "and MQTT, without a trace")
        wait_until(lambda: now().get("genre"), 60, "the page is there, at the same address")
        process.terminate()
        assert process.wait(timeout=10) == 0
    subscriber.close()


def test_a_reload_tells_every_face_what_it_has_missed(config: Path, manager: Manager, broker: Mosquitto) -> None:  # noqa: F811
    web, metrics = free_port(), free_port()
    faces = f"[mqtt]\nenabled = true\nhost = '127.0.0.1'\nport = {broker.port}\nname = 'shelf'\n"
    faces += f"[prometheus]\nenabled = true\naddress = '127.0.0.1:{metrics}'\n"
    faces += f"[web]\nenabled = true\naddress = '127.0.0.1:{web}'\nnames = 'shelf.example'\n"
    config.write_text(config.read_text() + faces)
    subscriber = Subscriber(broker)
    keep_id(config.parent)
    with daemon(config, manager) as process:
        manager.wait_for("READY")

        def now() -> Any:
            return json.loads(answer(f"http://127.0.0.1:{web}/api/now") or "{}")

        wait_until(lambda: now().get("genre"), 60, "a genre on the page")
        config.write_text(config.read_text().replace("shelf", "kitchen"))
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")

        def found() -> list[str]:
            names = [
                json.loads(text)["device"]["name"] for topic, text in subscriber.messages.items() if "/config" in topic
            ]
            return sorted(set(names))

        wait_until(lambda: "kitchen" in found(), 60, "the new name can be found")
        wait_until(lambda: "online" in subscriber.messages.values(), 60, "and is available")
        wait_until(lambda: now().get("listening") and now()["source"]["name"], 60, "the page knows the source")
        wait_until(lambda: "livegenre_source_up 1.0" in answer(f"http://127.0.0.1:{metrics}/metrics"), 60, "it is up")
        process.terminate()
        assert process.wait(timeout=10) == 0
    subscriber.close()


def test_an_address_that_is_taken_keeps_nothing_from_listening(config: Path, manager: Manager) -> None:  # noqa: F811
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        config.write_text(f"{config.read_text()}[web]\nenabled = true\naddress = '{address}'\n")
        with daemon(config, manager) as process:
            manager.wait_for("READY")
            wait_until(lambda: f"web page: {address}: Address already in use" in process.log(), 30, "it is told")  # type: ignore[attr-defined]
            assert process.poll() is None


def test_what_is_wrong_with_a_face_is_told_with_its_line(config: Path, manager: Manager) -> None:  # noqa: F811
    config.write_text("[web]\nenabled = true\naddress = 'kitchen'\n[mqtt]\ntopic = 'a/#'\n")
    with daemon(config, manager) as process:
        assert process.wait(timeout=60) == 78
        log = process.log()  # type: ignore[attr-defined]
    assert "line 3: address 'kitchen' is no address; write one as 127.0.0.1:8730" in log


def test_settings_changed_on_the_page_are_read_again_once(config: Path, manager: Manager) -> None:  # noqa: F811
    port, token = free_port(), "a-token-of-24-characters"
    config.write_text(f"{config.read_text()}# a comment\n[web]\nenabled = true\naddress = '127.0.0.1:{port}'\n")
    manager.env |= {"LIVEGENRE_WEB_TOKEN": token}
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        wait_until(lambda: answer(f"http://127.0.0.1:{port}/api/now"), 60, "the page is there")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        asked = json.dumps({"decision": {"unsure_below": 1}}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/settings", asked, headers, method="PATCH")
        with urllib.request.urlopen(request, timeout=60) as found:
            assert json.loads(found.read())["decision"]["unsure_below"] == 1
        manager.wait_for("STATUS", "not sure")
        process.terminate()
        assert process.wait(timeout=30) == 0
        assert process.log().count("configuration read again") == 1
    assert "# a comment\n" in config.read_text()
    assert "unsure_below = 1\n" in config.read_text()
