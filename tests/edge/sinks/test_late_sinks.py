"""A sink that is opened while listening goes on shows what one shows that was there from the start, whichever it is."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge.errors import FaceError
from edge.events import Event, State, Stopped
from edge.history.reader import read_segments
from edge.http.address import Address
from edge.model.bundle import Bundle, load_bundle
from edge.service.config import Config
from edge.service.faces import Faces
from edge.sinks import Sink
from edge.sinks.history import HistorySink
from edge.sinks.mqtt import MqttConfig
from edge.sinks.mqtt.discovery import Topics
from edge.sinks.mqtt.identity import Retained
from edge.sinks.mqtt.publisher import Broker, Publisher
from edge.sinks.persistent import RETRY_S, Persistent
from edge.sinks.present import Present
from edge.sinks.prometheus.exporter import Endpoint, Metrics
from edge.sinks.view import View, view_after
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from edge.sinks.window.fullscreen import picture
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, lost, prediction, restored, started, stats, tick
from tests.edge.sinks.mqtt.mosquitto import DEVICE_ID, Mosquitto, Subscriber

TOKEN = "a-token-of-24-characters"
MUSIC = [started(), change("jazz"), prediction("jazz"), tick()]
LOST = [lost(), change(None, "jazz", State.NO_SOURCE)]
BACK = [restored(), change(None, None, State.WARMING_UP), change("rock"), prediction("rock"), stats()]
PAUSED = [change(None, "jazz", State.PAUSED)]
#: What has happened before the sink is opened.
PASTS = {
    "music": MUSIC,
    "another answer": [*MUSIC, change("rock", "jazz"), prediction("rock"), change("pop", "rock")],
    "a source that is lost": [*MUSIC, *LOST],
    "a source that is back": [*MUSIC, *LOST, *BACK],
    "paused": [*MUSIC, *PAUSED],
    "paused while the source is lost": [*MUSIC, *LOST, *PAUSED],
    "resumed after that": [*MUSIC, *LOST, *PAUSED, change(None, None, State.WARMING_UP), prediction("rock")],
    "another source": [*MUSIC, *LOST, started("Radio"), change("pop"), prediction("pop")],
}


bundle: Callable[[], Bundle] = cache(lambda: load_bundle("classic"))


def page() -> tuple[Sink, Callable[[], Any]]:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, bundle(), None)

    def seen() -> Any:
        now = sink._board.now()
        return {key: value for key, value in now.items() if key not in ("audio_s", "level_dbfs", "dropped_s")}

    return sink, seen


def metrics() -> tuple[Sink, Callable[[], Any]]:
    sink = Metrics(Endpoint(Address("127.0.0.1", 0), TOKEN))

    def seen() -> Any:
        with urllib.request.urlopen(sink.url, timeout=30) as answer:
            text = answer.read().decode()
        kept = "livegenre_(source_up|shown|genre_confidence_ratio|model_info|tempo_bpm|update_duration)"
        return [line for line in text.splitlines() if re.match(kept, line)]

    return sink, seen


class Viewing:
    """The picture of the window."""

    def __init__(self) -> None:
        self.view = View()

    def __call__(self, event: Event) -> None:
        self.view = view_after(self.view, event)

    def close(self) -> None:
        """Nothing is open."""


def window() -> tuple[Sink, Callable[[], Any]]:
    sink = Viewing()
    of_the_hour = ("hour", "legend")  # which a window reads from the history
    return sink, lambda: {key: value for key, value in picture(sink.view).items() if key not in of_the_hour}


@pytest.mark.parametrize("past", PASTS.values(), ids=PASTS)
@pytest.mark.parametrize("opened", [page, metrics, window])
def test_it_shows_the_present(opened: Callable[[], tuple[Sink, Callable[[], Any]]], past: list[Event]) -> None:
    present = Present()
    first, seen_first = opened()
    for event in past:
        present(event)
        first(event)
    late, seen_late = opened()
    face = Persistent(lambda: late, "late", present, patient=False)
    try:
        wait_until(lambda: seen_late() == seen_first(), 20, "both show the same")
        assert seen_late() == seen_first()
    finally:
        first.close()
        face.close()


def test_what_opens_it_is_told_once() -> None:
    """Also if the event that reopens it is one that it has to know."""
    for last, expected in ((prediction("rock"), "rock"), (tick(), "jazz")):
        present, taken = Present(), list[Event]()
        for event in MUSIC:
            present(event)
        present(last)
        face = Persistent(_refused_once(taken.append), "late", present, patient=True)
        face._next_try -= RETRY_S
        face(last)
        assert len({id(event) for event in taken}) == len(taken)
        assert taken[-1] is last
        assert [event.genre for event in taken if hasattr(event, "genre")][-1] == expected


def _refused_once(sink: Any) -> Callable[[], Sink]:
    answers = [sink, None]

    def opener() -> Sink:
        found: Sink | None = answers.pop()
        if found is None:
            raise FaceError("not now")
        return found

    return opener


def test_over_mqtt(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    subscriber, present = Subscriber(broker), Present()
    try:
        for event in [*MUSIC, *LOST]:
            present(event)
        topics = Topics("shelf", "livegenre", "homeassistant", DEVICE_ID)
        reached, retained = Broker("127.0.0.1", broker.port), Retained(tmp_path)
        face = Persistent(
            lambda: Publisher(reached, topics, "1", retained=retained, switch=Switch()), "mqtt", present, patient=False
        )
        wait_until(lambda: subscriber.messages.get(topics.availability) == "online", 20, "it is available")
        wait_until(lambda: subscriber.json(topics.state).get("problem") == "unplugged", 20, "and says what is wrong")
        assert subscriber.json(topics.state)["genre"] == "no source"
        assert any(topic.startswith("homeassistant/") for topic in subscriber.messages), "and can be found"
        face.close()
    finally:
        subscriber.close()
        broker.kill()


def test_a_history_goes_on_without_a_second_twice(tmp_path: Path) -> None:
    """A reload that changes [history] opens another sink, in the middle of whatever is heard."""
    present = Present()
    first = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    for event in MUSIC:
        present(event)
        first(event)
    first.close()
    late = HistorySink(tmp_path / "h.db", checkpoint_s=0.0, retention_days=3)
    for event in present.from_now_on():
        late(event)
    for event in (prediction("jazz"), prediction("jazz")):
        late(event)
    late(Stopped(time=event.time, audio_s=event.audio_s, reason="stopped"))
    late.close()
    segments = read_segments(tmp_path / "h.db")
    assert [segment.genre for segment in segments] == ["jazz", "jazz"]
    for one, other in pairwise(segments):
        assert one.end <= other.start


def test_a_reload_leaves_open_what_it_does_not_change() -> None:
    faces = Faces(Present(), Switch(), patient=True)
    mqtt = MqttConfig(enabled=True, host="127.0.0.1", port=1)
    try:
        faces.show(Config().faces | {"mqtt": mqtt}, bundle())
        before = dict(faces._open)
        faces.show(Config().faces | {"mqtt": replace(mqtt)}, bundle())
        assert faces._open == before
        faces.show(Config().faces | {"mqtt": replace(mqtt, name="other")}, bundle())
        assert faces._open != before
        faces.show(Config().faces, bundle())
        assert faces._open == {}
    finally:
        with suppress(FaceError):
            faces.close()
