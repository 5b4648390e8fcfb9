"""Faces that cannot be opened at first: tried again, and said to work again only once they do."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Never

import pytest

from edge.events import Event
from edge.http.address import Address
from edge.model.bundle import Bundle, load_bundle
from edge.service.faces import Faces
from edge.sinks.every_face import FACES
from edge.sinks.mqtt import MqttConfig
from edge.sinks.mqtt.publisher import PASSWORD_VARIABLE
from edge.sinks.persistent import RETRY_S
from edge.sinks.present import Present
from edge.sinks.web import WebConfig
from edge.sinks.window import WindowConfig
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import prediction, started, tick
from tests.edge.sinks.mqtt.mosquitto import PASSWORD, USERNAME, Mosquitto
from tests.edge.sinks.window.screen import screen


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("classic")


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mosquitto]:
    """One that wants a password."""
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    found = Mosquitto(tmp_path, closed=True)
    found.start()
    yield found
    found.kill()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds have passed."""
    passed_s, monotonic = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + passed_s[0])

    def passing(seconds: float) -> None:
        passed_s[0] += seconds

    return passing


class Listening:
    """Faces that are handed what a daemon hears, and what they have logged."""

    def __init__(self, section: str, settings: Any, bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        present = Present()
        self.faces = Faces(present, Switch(), patient=True)
        self.faces.show({face.section: face.settings() for face in FACES} | {section: settings}, bundle)
        self._sinks = (present, self.faces)
        self._take(started())

    def _take(self, event: Event) -> None:
        for sink in self._sinks:
            sink(event)

    def second(self) -> str:
        """Hear a second of music; returns the log so far."""
        for event in (tick(), tick(), prediction("jazz")):
            self._take(event)
        return self._caplog.text

    def minutes_of_trouble(self, name: str, pass_time: Callable[[float], None]) -> None:
        """Nothing that happens meanwhile is taken for recovery."""
        for _ in range(5):
            pass_time(RETRY_S)
            self.second()
            pass_time(RETRY_S - 1.0)
            log = self.second()
        assert f"{name} failed" in log
        assert "works again" not in log, "nothing was shown"


def test_a_broker_works_again_once_it_takes_what_is_heard(
    broker: Mosquitto, bundle: Bundle, pass_time: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    password, passwords = broker.folder / "password", broker.folder / "passwords"
    mqtt = MqttConfig(
        enabled=True, host="127.0.0.1", port=broker.port, username=USERNAME, password_file=str(password), name="shelf"
    )
    listening = Listening("mqtt", mqtt, bundle, caplog)
    listening.minutes_of_trouble("mqtt", pass_time)

    right = passwords.read_bytes()
    passwords.write_bytes(b"")
    broker.kill()
    broker.start()
    password.write_text(PASSWORD)
    pass_time(RETRY_S)
    wait_until(lambda: "refuses: Not authorized" in listening.second(), 60, "the broker refuses")
    pass_time(RETRY_S)
    assert "works again" not in listening.second(), "nothing was published yet"

    passwords.write_bytes(right)
    broker.kill()
    broker.start()
    wait_until(lambda: "mqtt works again (5 failures so far)" in listening.second(), 60, "it publishes")
    listening.faces.close()


@pytest.mark.parametrize("name", ["web page", "metrics"])
def test_a_page_works_again_once_it_has_its_address(
    name: str, bundle: Bundle, pass_time: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        (face,) = (face for face in FACES if face.name == name)
        listening = Listening(face.section, face.settings(enabled=True, address=address), bundle, caplog)
        listening.minutes_of_trouble(name, pass_time)

    def works() -> bool:
        pass_time(RETRY_S)
        return f"{name} works again" in listening.second()

    wait_until(works, 60, "it is opened")
    listening.faces.close()


def test_a_window_works_again_once_there_is_a_screen(
    bundle: Bundle,
    pass_time: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Xlib would end this very process when its server goes."""
    with screen() as first:
        monkeypatch.setenv("DISPLAY", first.display)
        listening = Listening("window", WindowConfig(enabled=True), bundle, caplog)
        wait_until(lambda: listening.second() is not None and len(first.colours()) > 20, 60, "the window is there")
    wait_until(lambda: "window failed: the screen is gone" in listening.second(), 60, "it is told")
    listening.minutes_of_trouble("window", pass_time)
    with screen(display=first.display) as again:

        def works() -> bool:
            pass_time(RETRY_S)
            return "window works again" in listening.second()

        wait_until(works, 60, "it is opened")
        wait_until(lambda: len(again.colours()) > 20, 60, "and drawn")
        again.press("Escape")
        wait_until(lambda: "window failed: somebody closed it" in listening.second(), 60, "that is told as well")
        wait_until(works, 60, "and it comes back")
        wait_until(lambda: len(again.colours()) > 20, 60, "and is drawn")
        listening.faces.close()


def test_a_face_with_a_defect_keeps_nothing_from_listening(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(_self: object) -> Never:
        raise ZeroDivisionError

    monkeypatch.setattr(Address, "bind", defect)
    listening = Listening("web", WebConfig(enabled=True), bundle, caplog)
    assert "web page: ZeroDivisionError()" in listening.second()
