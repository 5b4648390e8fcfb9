"""A device is known by its id and leaves nothing behind, and a broker that does not serve it is named in the log."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.commands.service import _forgetting
from edge.errors import FaceError
from edge.events import Event
from edge.service import broker_topics
from edge.sinks import Sink
from edge.sinks.mqtt import publisher as publisher_module
from edge.sinks.mqtt.command_topic import Corrector
from edge.sinks.mqtt.discovery import Topics, kept_before
from edge.sinks.mqtt.forgetting import forget
from edge.sinks.mqtt.identity import ID_FILE, Retained, device_id
from edge.sinks.mqtt.publisher import Broker, Publisher
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import prediction, started
from tests.edge.sinks.mqtt.mosquitto import PASSWORD, USERNAME, Mosquitto, Subscriber, free_port

LIVEGENRE = Path(sys.executable).with_name("livegenre")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    found = Mosquitto(tmp_path)
    found.start()
    yield found
    found.kill()


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    found = Subscriber(broker)
    yield found
    found.close()


def topics(folder: Path, name: str = "raspberrypi", prefix: str = "homeassistant") -> Topics:
    return Topics(name, "livegenre", prefix, device_id(folder))


def publish(port: int, folder: Path, which: Topics | None = None, **other: str | bool) -> Publisher:
    """A device with its state in ``folder``."""
    which = which or topics(folder)
    before = kept_before([which.name], which.base, which.prefix)
    reached = Broker("127.0.0.1", port, **other)  # type: ignore[arg-type]
    return Publisher(reached, which, "1", retained=Retained(folder), switch=Switch(), kept_before=before)


def until(sinks: Sink | list[Sink], holds: Callable[[], object], what: str) -> None:
    """Wait while events go on."""
    events: list[Event] = [started()]

    def go_on() -> object:
        for sink in sinks if isinstance(sinks, list) else [sinks]:
            for event in events:
                sink(event)
        events[:] = [prediction("jazz")]
        return holds()

    wait_until(go_on, 60, what)


def folders(tmp_path: Path, *names: str) -> list[Path]:
    found = [tmp_path / name for name in names]
    for folder in found:
        folder.mkdir()
    return found


def test_two_devices_of_one_name_live_side_by_side(
    broker: Mosquitto, subscriber: Subscriber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHANGE_EVERY_S", "NUMBERS_EVERY_S"):
        monkeypatch.setattr(publisher_module, name, 0.0)
    one, other = folders(tmp_path, "one", "other")
    assert device_id(one) != device_id(other)
    sinks: list[Sink] = [publish(broker.port, folder) for folder in (one, other)]
    states = [topics(folder).state for folder in (one, other)]
    until(sinks, lambda: all(state in subscriber.messages for state in states), "both are there")
    until(sinks, lambda: sum(subscriber.counts[state] for state in states) > 6, "and go on")
    assert [subscriber.counts[topics(folder).availability] for folder in (one, other)] == [1, 1], "none was lost"
    names = [json.loads(text)["device"]["name"] for topic, text in subscriber.messages.items() if "/genre/" in topic]
    assert names == ["raspberrypi"] * 2
    for sink in sinks:
        sink.close()


def test_an_id_is_made_once_and_for_all(tmp_path: Path) -> None:
    first = device_id(tmp_path / "state")
    assert device_id(tmp_path / "state") == first
    (tmp_path / "state" / ID_FILE).write_bytes(b"\xff\0")  # what a power cut may leave
    assert device_id(tmp_path / "state") != first
    (tmp_path / "file").write_text("")
    with pytest.raises(FaceError, match="MQTT needs a place to keep this"):
        device_id(tmp_path / "file")


def test_topics_are_written_down_by_any_thread(tmp_path: Path) -> None:
    retained, troubles = Retained(tmp_path), list[Exception]()

    def write(place: int) -> None:
        try:
            for n in range(100):
                retained.keep(f"broker{place}:1883", {f"topic{n}"})
        except FaceError as error:
            troubles.append(error)

    threads = [threading.Thread(target=write, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert {broker: retained.at(broker) for broker in retained.brokers()} == {
        f"broker{place}:1883": {"topic99"} for place in range(4)
    }


def test_a_takeover_is_named(
    broker: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two devices whose cards are copies of one."""
    monkeypatch.setattr(publisher_module, "TAKEN_OVER_S", 1)
    first = publish(broker.port, tmp_path)
    until(first, lambda: first.problem is None, "it is connected")
    second = publish(broker.port, tmp_path)
    until([first, second], lambda: "another client that has its id" in caplog.text, "it is named")
    assert f"remove {ID_FILE}" in caplog.text
    for sink in (first, second):
        sink.close()


def test_a_connection_lost_as_it_is_closed_is_no_fault(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look whether there is one and the last message, another device may take it over."""
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: sink.problem is None, "it is connected")
    broker.kill()
    until(sink, lambda: not sink._client.is_connected(), "it is gone")
    monkeypatch.setattr(publisher_module, "CLOSE_S", 0.1)
    monkeypatch.setattr(sink._client, "is_connected", lambda: True)
    sink.close()


def test_what_earlier_versions_left_is_cleared(broker: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    old = kept_before(["raspberrypi"], "livegenre", "homeassistant")
    assert len(old) == 2 + 7
    for topic in (*old, "homeassistant/sensor/livegenre_other/genre/config"):
        subscriber.client.publish(topic, "{}", qos=1, retain=True).wait_for_publish(20)
    wait_until(lambda: old <= subscriber.messages.keys(), 20, "they are there")
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: not old & subscriber.messages.keys(), "they are gone")
    assert "homeassistant/sensor/livegenre_other/genre/config" in subscriber.messages, "another's are not"
    until(sink, lambda: topics(tmp_path).state in subscriber.messages, "and the new ones there")
    sink.close()


def test_what_is_no_longer_published_is_cleared(broker: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    for prefix in ("homeassistant", "ha", ""):
        which = topics(tmp_path, prefix=prefix)
        sink = publish(broker.port, tmp_path, which)

        def discovered() -> set[str]:
            return {topic.split("/")[0] for topic in subscriber.messages if topic.endswith("/config")}

        until(sink, lambda: subscriber.messages.get(which.availability) == "online", "it is there")  # noqa: B023
        until(sink, lambda: discovered() == {prefix} - {""}, "and nothing else")  # noqa: B023
        until(sink, lambda: Retained(tmp_path).at(f"127.0.0.1:{broker.port}") == sink._own_topics(), "which is kept")  # noqa: B023
        sink.close()
        wait_until(lambda: subscriber.messages[which.availability] == "offline", 20, "it is gone")  # noqa: B023


@pytest.mark.parametrize("closed", [False, True])
def test_a_device_that_publishes_no_more_leaves_nothing(tmp_path: Path, closed: bool) -> None:
    broker = Mosquitto(tmp_path, closed=closed)
    broker.start()
    credentials = {"username": USERNAME, "password": PASSWORD} if closed else {}
    subscriber = Subscriber(broker, **credentials)
    sink = publish(broker.port, tmp_path, **credentials)
    until(sink, lambda: Retained(tmp_path).at(f"127.0.0.1:{broker.port}") == sink._own_topics(), "it is there")
    sink.close()
    assert len(subscriber.messages) == 9
    if closed:
        with pytest.raises(FaceError, match=r"127.0.0.1:\d+: Not authorized; it keeps 9 topics of this device"):
            forget(Broker("127.0.0.1", broker.port), tmp_path)
    assert len(forget(Broker("127.0.0.1", 1, **credentials), tmp_path)) == 9
    wait_until(lambda: not subscriber.messages, 20, "nothing is left")
    assert forget(Broker("127.0.0.1", 1), tmp_path) == []
    subscriber.close()
    broker.kill()


def test_a_broker_that_is_away_is_named_and_asked_again(broker: Mosquitto, tmp_path: Path) -> None:
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: Retained(tmp_path).at(f"127.0.0.1:{broker.port}") == sink._own_topics(), "something is kept")
    sink.close()
    broker.kill()
    with pytest.raises(FaceError, match="it keeps 9 topics of this device"):
        forget(Broker("127.0.0.1", broker.port), tmp_path)
    broker.start()
    assert forget(Broker("127.0.0.1", broker.port), tmp_path)


@contextmanager
def server(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """Something that listens at a port: ``answer`` to what a client sends first; None hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            held = []
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                held.append(client)
                reply = answer(client.recv(4096))
                if reply is None:
                    client.close()
                else:
                    client.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def test_a_port_without_a_broker_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "CONNECT_S", 0.5)
    monkeypatch.setattr(publisher_module, "ANSWER_S", 0.0)
    for answer, said in (
        (lambda _: b"", "does not answer; is it a broker"),
        (lambda _: None, "hangs up before it answers; is it a broker"),
        (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "is it a broker"),
    ):
        caplog.clear()
        with server(answer) as port:
            sink = publish(port, tmp_path)
            until(sink, lambda: said in caplog.text, "it is told")  # noqa: B023
            assert f"broker 127.0.0.1:{port} " in caplog.text
            sink.close()


@pytest.mark.parametrize("tls", [False, True])
def test_tls_on_one_side_alone_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, tls: bool) -> None:
    broker = Mosquitto(tmp_path, tls=not tls)
    broker.start()
    sink = publish(broker.port, tmp_path, tls=tls)
    until(sink, lambda: "cannot be reached (" in caplog.text or "is tls as it wants it" in caplog.text, "it is told")
    sink.close()
    broker.kill()


def test_a_broker_that_retains_nothing_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broker = Mosquitto(tmp_path, also=["retain_available false"])
    broker.start()
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: "Retain not supported" in caplog.text, "it is told")
    sink.close()
    broker.kill()


def test_a_broker_that_lets_nobody_publish_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "acl").write_text("topic read #\n")
    broker = Mosquitto(tmp_path, also=[f"acl_file {tmp_path / 'acl'}"])
    broker.start()
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: "does not take what is published: Not authorized" in caplog.text, "it is told")
    sink.close()
    broker.kill()


def test_a_broker_of_the_version_before_is_spoken_to_in_its_own(tmp_path: Path) -> None:
    versions: list[int] = []

    def answer(sent: bytes) -> bytes:
        versions.append(sent[sent.index(b"MQTT") + 4])
        return bytes([0x20, 2, 0, 1 if versions[-1] == 5 else 0])

    with server(answer) as port:
        sink = publish(port, tmp_path)
        until(sink, lambda: sink.problem is None, "it is connected")
        assert versions[0] == 5
        assert versions[-1] == 4
        sink.close()


def test_other_troubles_are_told_at_once_and_one_that_lasts_is_not_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = publish(free_port(), tmp_path)
    for what in ("cannot be reached", "is gone: x", "cannot be reached", "is gone: x"):
        sink._trouble(what)
    wait_until(lambda: "cannot be reached" in caplog.text, 20, "it is told")
    assert len([record for record in caplog.records if "is gone: x" in record.getMessage()]) == 1
    sink.close()


def test_a_long_message_is_no_command_and_not_logged(
    broker: Mosquitto, subscriber: Subscriber, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    which = topics(tmp_path)
    reached = Broker("127.0.0.1", broker.port)
    fail: Corrector = pytest.fail  # type: ignore[assignment]
    sink = Publisher(reached, which, "1", fail, retained=Retained(tmp_path), switch=Switch())
    until(sink, lambda: which.state in subscriber.messages, "it is there")
    subscriber.client.publish(which.command, "x" * 200_000, qos=1)
    until(sink, lambda: "a message of 200000 bytes" in caplog.text, "it is told")
    assert max(map(len, caplog.messages)) < 300
    sink.close()


def test_a_command_takes_back_what_brokers_keep(
    broker: Mosquitto, subscriber: Subscriber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    sink = publish(broker.port, tmp_path)
    until(sink, lambda: topics(tmp_path).state in subscriber.messages, "it is there")
    sink.close()
    for said in ("cleared homeassistant/sensor/livegenre_", "No broker keeps anything of this device."):
        done = subprocess.run([LIVEGENRE, "service", "forget"], capture_output=True, text=True, check=True, timeout=60)
        assert said in done.stdout
    wait_until(lambda: not subscriber.messages, 20, "nothing is left")


def test_uninstalling_has_the_password_before_systemd_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.delenv(publisher_module.PASSWORD_VARIABLE, raising=False)
    broker = Mosquitto(tmp_path, closed=True)
    broker.start()
    credential, config = tmp_path / "credential", tmp_path / "livegenre.toml"
    credential.write_text(PASSWORD)
    config.write_text(f"[mqtt]\nusername = '{USERNAME}'\npassword_file = '{credential}'\n")
    monkeypatch.setattr(broker_topics, "CONFIG", config)
    subscriber = Subscriber(broker, username=USERNAME, password=PASSWORD)
    sink = publish(broker.port, tmp_path, username=USERNAME, password=PASSWORD)
    until(sink, lambda: topics(tmp_path).state in subscriber.messages, "it is there")
    sink.close()

    forget_it = _forgetting()
    credential.unlink()
    _forgetting()()
    assert "credential: cannot be read as a password" in capsys.readouterr().err
    assert subscriber.messages
    forget_it()
    wait_until(lambda: not subscriber.messages, 20, "nothing is left")
    subscriber.close()
    broker.kill()
