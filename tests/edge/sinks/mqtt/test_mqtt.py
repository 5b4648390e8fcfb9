"""Publishing to a real broker: what comes when, and that nothing which happens to the broker holds listening up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.errors import FaceError
from edge.events import State
from edge.history.reader import read_segments
from edge.sinks.mqtt import publisher as publisher_module
from edge.sinks.mqtt.command_topic import Corrector, corrector
from edge.sinks.mqtt.discovery import Topics, plain_id
from edge.sinks.mqtt.identity import Retained
from edge.sinks.mqtt.publisher import Broker, Publisher, read_password
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import STYLES, Room, change, lost, prediction, restored, started, tick
from tests.edge.sinks.mqtt.mosquitto import DEVICE_ID, PASSWORD, USERNAME, Mosquitto, Subscriber

TOPICS = Topics("shelf", "livegenre", "homeassistant", DEVICE_ID)
GENRE = f"homeassistant/sensor/livegenre_{DEVICE_ID}/genre/config"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    found = Mosquitto(tmp_path)
    found.start()
    yield found
    found.thaw()
    found.kill()


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    found = Subscriber(broker)
    yield found
    found.close()


def publisher(
    broker: Mosquitto, corrector: Corrector | None = None, switch: Switch | None = None, **credentials: str | bool
) -> Publisher:
    reached = Broker("127.0.0.1", broker.port, **credentials)  # type: ignore[arg-type]
    return Publisher(reached, TOPICS, "1.0", corrector, retained=Retained(broker.folder), switch=switch or Switch())


def hears(sink: Publisher, holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Let time and events pass, as listening does, until it is so; no event may wait for the broker."""
    slowest = 0.0

    def holds_now() -> object:
        nonlocal slowest
        began = time.monotonic()
        sink(tick())
        slowest = max(slowest, time.monotonic() - began)
        return holds()

    wait_until(holds_now, seconds, what)
    assert slowest < 1.0, "an event waited for the broker"


def begun(broker: Mosquitto, subscriber: Subscriber, corrector: Corrector | None = None) -> Publisher:
    sink = publisher(broker, corrector)
    for event in (started(), change("jazz"), prediction("jazz")):
        sink(event)
    hears(sink, lambda: subscriber.json(TOPICS.state).get("genre") == "jazz", "the genre is published")
    return sink


def test_what_is_heard_is_published(broker: Mosquitto, subscriber: Subscriber) -> None:
    sink = begun(broker, subscriber)
    heard = subscriber.json(TOPICS.state)
    expected = {"state": "music", "genre": "jazz", "music": "ON", "confidence": 62, "tempo_bpm": 112.4}
    assert {key: heard[key] for key in expected} == expected
    assert subscriber.messages[TOPICS.availability] == "online"
    for event, genre, music in (
        (prediction(None, State.NO_MUSIC), "no music", "OFF"),
        (prediction(None, State.UNSURE), "not sure", "ON"),
        (prediction("R&B\x1b"), r"R&B\x1b", "ON"),
        (lost("unplugged"), r"R&B\x1b", "ON"),
        (prediction(None, State.NO_SOURCE), "no source", None),
    ):
        sink(event)
        hears(sink, lambda: subscriber.json(TOPICS.state)["genre"] == genre, genre)  # noqa: B023
        assert subscriber.json(TOPICS.state)["music"] == music
    assert subscriber.json(TOPICS.state)["problem"] == "unplugged"
    sink(restored())
    sink.close()
    wait_until(lambda: subscriber.messages[TOPICS.availability] == "offline", 10, "the end is said")


def test_a_style_leads_where_no_genre_fits(
    broker: Mosquitto, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "NUMBERS_EVERY_S", 1e9)  # what is published is what is shown anew
    sink = begun(broker, subscriber)
    sink(prediction("disco", styles=STYLES, nearest=True))
    hears(sink, lambda: subscriber.json(TOPICS.state)["genre"] == "Techno", "the style is published")
    heard = subscriber.json(TOPICS.state)
    assert heard["label"] == "disco"
    assert heard["beneath"] == "nearest of 10: disco · also sounds like House music"
    for _ in range(6):  # seconds: what leads for one alone is not shown
        sink(prediction("disco", styles=dict(reversed(STYLES.items())), nearest=True))
    hears(sink, lambda: subscriber.json(TOPICS.state)["genre"] == "House music", "another one, too")
    sink(prediction(None, State.SILENCE))
    hears(sink, lambda: subscriber.json(TOPICS.state)["genre"] == "silence", "and silence")
    assert subscriber.json(TOPICS.state)["label"] is None
    sink.close()


def test_states_are_rate_limited(broker: Mosquitto, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = begun(broker, subscriber)
    now = [time.monotonic()]
    monkeypatch.setattr(publisher_module.time, "monotonic", lambda: now[0])
    counted = []
    for length_s in (1.0, 100.0):  # a second of changes, then a hundred of numbers
        before = subscriber.counts[TOPICS.state]
        for n in range(200):
            now[0] += length_s / 200
            sink(prediction("jazz" if length_s > 1 or n % 2 else "rock", confidence=n / 200))
            time.sleep(0.005)
        wait_until(lambda: sink._last is not None and sink._last.is_published(), 10, "all is sent")
        counted.append(subscriber.counts[TOPICS.state] - before)
    assert counted[0] <= 3
    assert 5 <= counted[1] <= 13
    sink.close()


def test_it_says_again_what_it_is_when_home_assistant_starts(broker: Mosquitto, subscriber: Subscriber) -> None:
    sink = begun(broker, subscriber)
    counts = dict(subscriber.counts)
    assert counts[GENRE] == 1
    subscriber.client.publish(TOPICS.birth, "offline")
    subscriber.client.publish(TOPICS.birth, "online")
    for topic in (GENRE, TOPICS.availability, TOPICS.state):
        wait_until(lambda: subscriber.counts[topic] > counts[topic], 20, f"{topic} again")  # noqa: B023
    assert subscriber.counts[GENRE] == 2
    late = Subscriber(broker)
    wait_until(lambda: {GENRE, TOPICS.availability, TOPICS.state} <= late.retained, 20, "who comes later knows as well")
    late.close()
    sink.close()


def test_a_device_removed_in_home_assistant_stays_away_until_that_starts(
    broker: Mosquitto, subscriber: Subscriber
) -> None:
    sink = begun(broker, subscriber)
    kept = [topic for topic in subscriber.messages if topic.startswith("homeassistant/")]
    for topic in kept:  # as it does for each of its entities
        subscriber.client.publish(topic, "", qos=1, retain=True).wait_for_publish(10)
    sink(change("rock", "jazz"))
    hears(sink, lambda: subscriber.json(TOPICS.state).get("genre") == "rock", "listening goes on")
    assert not [topic for topic in subscriber.messages if topic.startswith("homeassistant/")]
    subscriber.client.publish(TOPICS.birth, "online")
    hears(sink, lambda: set(kept) <= set(subscriber.messages), "it is there again, since it still publishes")
    sink.close()


def test_a_broker_that_is_killed_and_comes_back(broker: Mosquitto, subscriber: Subscriber) -> None:
    sink = begun(broker, subscriber)
    broker.kill()
    hears(sink, lambda: sink.problem, "the loss is noticed")
    for n in range(100):
        sink(prediction("rock" if n % 2 else "pop"))
    sink(change("metal", "jazz"))
    subscriber.messages.clear()
    broker.start()
    hears(sink, lambda: subscriber.json(TOPICS.state).get("genre") == "metal", "the present, once it is back")
    assert sink.problem is None
    assert GENRE in subscriber.messages, "a broker that kept nothing is told everything again"
    sink.close()


def test_a_broker_that_is_not_there_is_waited_for(broker: Mosquitto, tmp_path: Path) -> None:
    broker.kill()
    sink = publisher(broker)
    sink(started())
    sink(prediction("jazz"))
    hears(sink, lambda: sink.problem == "cannot be reached", "it is said")
    broker.start()
    subscriber = Subscriber(broker)
    hears(sink, lambda: subscriber.json(TOPICS.state).get("genre") == "jazz", "it connects when the broker comes")
    subscriber.close()
    sink.close()


def test_a_slow_broker_holds_nothing_up_and_then_gets_the_newest(
    broker: Mosquitto, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHANGE_EVERY_S", "NUMBERS_EVERY_S"):
        monkeypatch.setattr(publisher_module, name, 0.0)
    sink = begun(broker, subscriber)
    sink(started(source="a long name, for the kernel takes some megabytes before a broker is slow" * 40))
    broker.freeze()
    began = time.monotonic()
    for n in range(3000):
        sink(prediction("rock" if n % 2 else "pop", confidence=n / 3000))
    sink(change("metal", "pop"))
    assert time.monotonic() - began < 20
    assert len(sink._client._out_packet) < 20, "nothing piles up"
    broker.thaw()
    hears(sink, lambda: subscriber.json(TOPICS.state)["genre"] == "metal", "the newest comes")
    broker.freeze()
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 5, "ending does not wait for it"
    broker.thaw()


def test_a_death_is_told_by_the_broker(broker: Mosquitto, subscriber: Subscriber) -> None:
    sink = begun(broker, subscriber)
    connection = sink._client.socket()
    assert connection is not None
    sink._client.reconnect_delay_set(60, 60)
    connection.shutdown(2)
    wait_until(lambda: subscriber.messages[TOPICS.availability] == "offline", 20, "the last will")
    sink.close()


def test_passwords_are_wanted_and_a_wrong_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Mosquitto(tmp_path, closed=True)
    broker.start()
    monkeypatch.delenv(publisher_module.PASSWORD_VARIABLE, raising=False)
    (tmp_path / "password").write_text("wrong\n")
    sink = publisher(broker, username=USERNAME, password=read_password(str(tmp_path / "password")))
    sink(started())
    hears(sink, lambda: str(sink.problem).startswith("refuses: Not authorized"), "it is said")
    sink.close()
    assert "wrong" not in caplog.text
    monkeypatch.setenv(publisher_module.PASSWORD_VARIABLE, PASSWORD)
    sink = publisher(broker, username=USERNAME, password=read_password(""))
    hears(sink, lambda: sink.problem is None, "it is let in")
    sink.close()
    broker.kill()
    with pytest.raises(FaceError, match="none: cannot be read as a password"):
        monkeypatch.delenv(publisher_module.PASSWORD_VARIABLE)
        read_password(str(tmp_path / "none"))


def test_tls_with_the_right_certificate_alone(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, tls=True)
    broker.start()
    sink = publisher(broker, tls=True)
    hears(sink, lambda: sink.problem == "cannot be reached", "an unknown certificate is not trusted")
    sink.close()
    sink = publisher(broker, tls=True, ca_file=str(broker.certificate))
    sink(started())
    subscriber = Subscriber(broker, tls=True)
    hears(sink, lambda: subscriber.json(TOPICS.state), "a known one is")
    subscriber.close()
    sink.close()
    broker.kill()
    with pytest.raises(FaceError, match="cannot be used for the broker"):
        publisher(broker, tls=True, ca_file=str(tmp_path / "mosquitto.conf"))


def test_a_message_puts_right_what_it_names(broker: Mosquitto, subscriber: Subscriber, tmp_path: Path) -> None:
    file = tmp_path / "history.db"

    def send(*messages: str | dict[str, object], retain: bool = False) -> None:
        for message in messages:
            payload = message if isinstance(message, str) else json.dumps(message)
            subscriber.client.publish(TOPICS.command, payload, qos=1, retain=retain).wait_for_publish(10)

    send({"genre": "reggae", "at": "2026-11-21T20:15:00Z"}, retain=True)
    sink = publisher(broker, corrector(file))
    room = Room(file, sink)
    room.hears("rock")
    room.is_told(lambda: subscriber.json(TOPICS.state).get("segment"), "what is shown is in the history")
    rock = subscriber.json(TOPICS.state)["segment"]
    room.hears("metal")
    room.is_told(lambda: subscriber.json(TOPICS.state).get("segment") not in (None, rock), "and what is then")
    metal = subscriber.json(TOPICS.state)["segment"]
    send("jazz", "undo", {"genre": "jazz"}, {"undo": True}, {"genre": "polka", "segment": metal}, "[1]")
    send({"genre": "jazz", "undo": True, "segment": metal}, {"genre": "jazz", "segment": None}, "[" * 99)
    send({"genre": "blues", "segment": rock}, {"genre": "jazz", "segment": metal})
    room.is_told(lambda: subscriber.json(TOPICS.state)["corrected"] == "jazz", "it is said what it is now")
    assert [segment.label for segment in read_segments(file)] == ["blues", "jazz"]
    send({"undo": True, "segment": metal})
    room.is_told(lambda: subscriber.json(TOPICS.state)["corrected"] is None, "and taken back")
    assert [segment.label for segment in read_segments(file)] == ["blues", "metal"]
    send({"right": True, "segment": metal})
    room.is_told(lambda: subscriber.json(TOPICS.state)["corrected"] == "metal", "it is confirmed")
    send({"genre": "Argentine Tango", "own": True, "segment": metal})
    room.is_told(lambda: subscriber.json(TOPICS.state)["corrected"] == "argentine tango", "a genre of one's own")
    room.history.close()
    sink.close()


def test_listening_is_paused_and_resumed(broker: Mosquitto, subscriber: Subscriber) -> None:
    switch = Switch()

    def send(message: str, retain: bool = False) -> None:
        subscriber.client.publish(TOPICS.listening, message, qos=1, retain=retain).wait_for_publish(10)

    send("OFF", retain=True)
    sink = publisher(broker, switch=switch)
    for event in (started(), change("jazz"), prediction("jazz")):
        sink(event)
    hears(sink, lambda: subscriber.json(TOPICS.state).get("listening") == "ON", "what a broker kept is no command")
    for message in ("off", "", "[" * 99, "OFF"):
        send(message)
    hears(sink, lambda: not switch.is_on, "it is off")
    sink(change(None, "jazz", State.PAUSED))
    hears(sink, lambda: subscriber.json(TOPICS.state)["listening"] == "OFF", "and said to be")
    assert subscriber.json(TOPICS.state)["genre"] == "paused"
    send("ON")
    hears(sink, lambda: switch.is_on, "it is on")
    sink.close()


@pytest.mark.parametrize("name", ["shelf", "Küche", "厨房", "a b", "a/b", "#", "+", "\udcff", "x" * 40])
def test_ids_are_plain_and_differ(name: str) -> None:
    assert set(plain_id(name)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert plain_id(name) != plain_id(name + "?")
    assert plain_id("a b") != plain_id("a/b")
