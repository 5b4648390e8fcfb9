"""The faces of several rooms: a device over MQTT, metrics and reactions for each."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.history.reader import read_segments
from edge.http.address import Address
from edge.http.shared import Shared
from edge.sinks.mqtt.discovery import Topics
from edge.sinks.mqtt.identity import ID_FILE, device_id
from edge.sinks.prometheus.exporter import Endpoint, Metrics
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.rooms.house import House
from tests.edge.service.test_daemon import daemon, manager  # noqa: F401 - a fixture
from tests.edge.service.test_daemon_faces import answer, broker  # noqa: F401 - a fixture
from tests.edge.sinks.happenings import prediction, started
from tests.edge.sinks.mqtt.mosquitto import Mosquitto, Subscriber, free_port

ROOMS = {"kitchen": "0123456789ab", "Living Room": "ba9876543210"}
TOPICS = {
    name: Topics(name, f"livegenre/{slug}", "homeassistant", ROOMS[name])
    for name, slug in (("kitchen", "kitchen"), ("Living Room", "living-room"))
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    (tmp_path / "state").mkdir()
    for name, topics in TOPICS.items():
        (tmp_path / "state" / f"{ID_FILE}-{topics.base.partition('/')[2]}").write_text(ROOMS[name])
    return found


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:  # noqa: F811
    found = Subscriber(broker)
    yield found
    found.close()


def faces(broker: Mosquitto, metrics: int, web: int, told: Path) -> str:  # noqa: F811
    mqtt = f"[mqtt]\nenabled = true\nhost = '127.0.0.1'\nport = {broker.port}\n"
    prometheus = f"[prometheus]\nenabled = true\naddress = '127.0.0.1:{metrics}'\n"
    command = f'echo \\"$LIVEGENRE_ROOM\\" $(cat) >> {told}'
    page = f"[web]\nenabled = true\naddress = '127.0.0.1:{web}'\n"
    return f'{mqtt}{prometheus}{page}[reactions]\nenabled = true\nafter_s = 0\npause_s = 1\ncommand = "{command}"\n'


def test_each_room_has_its_own(house: House, manager: Manager, broker: Mosquitto, subscriber: Subscriber) -> None:  # noqa: F811
    metrics, web, told = free_port(), free_port(), house.folder / "told"
    house.furnish(*ROOMS, more=faces(broker, metrics, web, told))
    kitchen, living_room = TOPICS.values()

    def left(topics: Topics) -> list[str]:
        asked = (topics.command, topics.listening)
        return [topic for topic in subscriber.messages if topics.device_id in topic and topic not in asked]

    def corrected(room: str) -> set[str | None]:
        return {segment.corrected for segment in read_segments(house.history(room))}

    def pages() -> list[str]:
        rooms = json.loads(answer(f"http://127.0.0.1:{web}/api/rooms") or "[]")
        return [room["path"] for room in rooms]

    def is_shown(path: str, room: str) -> bool:
        segment = json.loads(answer(f"http://127.0.0.1:{web}/{path}api/now"))["segment"]
        return segment in {str(segment.id) for segment in read_segments(house.history(room))}

    def scraped() -> str:
        return answer(f"http://127.0.0.1:{metrics}/metrics")

    def measured(room: str) -> bool:
        return f'livegenre_source_up{{room="{room}"}} 1.0' in scraped()

    with daemon(house.config, manager) as process:
        for topics in TOPICS.values():
            wait_until(lambda: subscriber.json(topics.state).get("segment"), 60, "music, in the history")  # noqa: B023
            devices = {subscriber.json(topic)["device"]["name"] for topic in left(topics) if "/config" in topic}
            assert devices == {topics.name}
        wait_until(lambda: all(map(measured, ROOMS)), 30, "both are measured")
        wait_until(lambda: told.exists() and len({line[:3] for line in told.open()}) == 2, 60, "both reacted")
        for line in told.read_text().splitlines():
            name, brace, rest = line.partition(" {")
            assert json.loads(brace + rest)["room"] == name

        assert pages() == ["/rooms/kitchen/", "/rooms/living-room/"]
        for place, history in (("kitchen", "kitchen"), ("living-room", "Living Room"), ("", "kitchen")):
            wait_until(lambda: is_shown(place and f"rooms/{place}/", history), 30, "it is the room's page")  # noqa: B023

        segment = subscriber.json(kitchen.state)["segment"]
        subscriber.client.publish(kitchen.command, json.dumps({"genre": "reggae", "segment": segment}), qos=1)
        wait_until(lambda: "reggae" in corrected("kitchen"), 30, "it is in the kitchen's history")
        assert corrected("Living Room") == {None}

        subscriber.client.publish(living_room.listening, "OFF", qos=1)
        wait_until(lambda: subscriber.json(living_room.state).get("listening") == "OFF", 30, "the one is paused")
        assert (house.folder / "state" / "paused-living-room").exists()
        before = house.seconds("kitchen")
        wait_until(lambda: house.seconds("kitchen") > before, 30, "the other goes on")
        assert subscriber.json(kitchen.state)["listening"] == "ON"

        house.furnish("kitchen", "hall", more=faces(broker, metrics, web, told))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: not left(living_room), 30, "of the other nothing is left")
        wait_until(lambda: measured("hall") and not measured("Living Room"), 30, "nor among the metrics")
        wait_until(lambda: pages() == ["/rooms/kitchen/", "/rooms/hall/"], 30, "the pages are the rooms'")
        assert subscriber.messages[kitchen.availability] == "online"
        process.terminate()
        assert process.wait(timeout=20) == 0
        wait_until(lambda: subscriber.messages.get(kitchen.availability) == "offline", 30, "it is offline")

    assert any("/hall/" in topic for topic in subscriber.messages)
    house.furnish("kitchen", more=faces(broker, metrics, web, told))
    with daemon(house.config, manager) as process:
        wait_until(lambda: not any("/hall/" in topic for topic in subscriber.messages), 60, "cleared by the next start")
        wait_until(lambda: "livegenre_source_up 1.0" in scraped(), 30, "it is measured")
        assert 'room="' not in scraped(), "a room alone has no label"
        assert pages() == ["/rooms/kitchen/"]
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert device_id(house.folder / "state") not in ROOMS.values()


def test_metrics_of_a_room_go_with_it_and_their_server_with_the_last() -> None:
    shared = Shared()

    def opened(room: str) -> Metrics:
        endpoint = shared.take("metrics", lambda: Endpoint(Address("127.0.0.1", 0), "", has_rooms=True))
        return Metrics(endpoint=endpoint, room=room, on_close=lambda: shared.give_back("metrics"))

    kitchen, hall = opened("kitchen"), opened("hall")
    assert kitchen.url == hall.url
    for sink in (kitchen, hall):
        for event in (started(), prediction("jazz")):
            sink(event)
    url = kitchen.url
    for room in ("kitchen", "hall"):
        assert f'livegenre_shown{{label="jazz",room="{room}"}} 1.0' in answer(url)
        assert f'livegenre_updates_total{{room="{room}"}} 1.0' in answer(url)
    hall.close()
    assert 'room="hall"' not in answer(url)
    assert 'room="kitchen"' in answer(url)
    kitchen.close()
    wait_until(lambda: not answer(url), 10, "the server has ended")
    opened("kitchen").close()
