"""Discovery messages against the schemas of Home Assistant's own MQTT integration."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest

from edge.errors import CorrectionError
from edge.events import State
from edge.history.corrections import Asked
from edge.sinks.mqtt.command_topic import parsed
from edge.sinks.mqtt.discovery import RIGHT, UNDO, Topics, configs, state
from edge.sinks.view import View, view_after
from tests.edge.sinks.happenings import LABELS, STYLES, change, prediction, started
from tests.edge.sinks.mqtt.mosquitto import DEVICE_ID

ROOT = Path(__file__).resolve().parents[4]
HOMEASSISTANT = ROOT / ".venv-homeassistant" / "bin" / "python"
TOPICS = Topics("Küche", "livegenre", "homeassistant", DEVICE_ID)
#: What releases from 2025.10 on take in place of ``object_id``, which 2026.4 removed; older ones pass over it.
NEWER = {"default_entity_id"}
MESSAGES = configs(TOPICS, "0.1.0", LABELS, correctable=True)


def verdicts(messages: dict[str, Any]) -> dict[str, Any]:
    """Return Home Assistant's verdict on each message; a text is an error."""
    assert HOMEASSISTANT.exists(), "make test-homeassistant"
    command = [HOMEASSISTANT, "-P", Path(__file__).with_name("homeassistant_rules.py")]
    done = subprocess.run(command, input=json.dumps(messages), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.homeassistant
def test_home_assistant_takes_every_message_whole() -> None:
    found = verdicts(MESSAGES)
    assert found.keys() == MESSAGES.keys()
    for topic, message in MESSAGES.items():
        assert isinstance(found[topic], dict), found[topic]
        ignored = message.keys() - found[topic].keys() - NEWER
        assert not ignored, f"{topic}: Home Assistant does not know {ignored}"


@pytest.mark.homeassistant
def test_and_would_not_take_a_wrong_one() -> None:
    topic = next(iter(MESSAGES))
    wrong = [{"state_topic": "a/#/b"}, {"device_class": "genre"}, {"availability_topic": ""}, {"device": {"name": "x"}}]
    found = verdicts({f"{topic}/{number}": MESSAGES[topic] | change for number, change in enumerate(wrong)})
    assert [type(answer) for answer in found.values()] == [str] * len(wrong), found


@pytest.mark.homeassistant
def test_home_assistant_lets_its_user_remove_the_device() -> None:
    asked = "from homeassistant.components import mqtt; mqtt.async_remove_config_entry_device"
    done = subprocess.run([HOMEASSISTANT, "-P", "-c", asked], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def test_ids_and_topics_are_plain_and_unique() -> None:
    ids = [message["unique_id"] for message in MESSAGES.values()]
    assert len(set(ids)) == len(ids) == 10
    for topic, message in MESSAGES.items():
        assert re.fullmatch(r"homeassistant/\w+/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config", topic)
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", message["unique_id"])
        component = topic.split("/")[1]
        assert re.fullmatch(rf"{component}\.kuche_[a-z]+", message["default_entity_id"]), "as Home Assistant wants it"
    assert {message["device"]["name"] for message in MESSAGES.values()} == {"Küche"}


def test_text_has_no_class_of_numbers() -> None:
    (genre,) = (message for message in MESSAGES.values() if message["name"] == "Genre")
    assert not genre.keys() & {"device_class", "state_class", "unit_of_measurement", "suggested_display_precision"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (prediction("jazz"), {"Genre": "jazz", "Confidence": "62", "Tempo": "112.4", "Music": "ON"}),
        (
            prediction(None, State.NO_MUSIC),
            {"Genre": "no music", "Confidence": "None", "Tempo": "None", "Music": "OFF"},
        ),
        (prediction("disco", styles=STYLES, nearest=True), {"Genre": "Techno", "Music": "ON"}),
        (
            prediction(None, State.NO_SOURCE),
            {"Genre": "no source", "Music": "None", "Put right": "None", "Listening": "ON"},
        ),
        (
            change(None, "jazz", State.PAUSED),
            {"Genre": "paused", "Music": "None", "Listening": "OFF", "Problem": "OFF"},
        ),
    ],
)
def test_the_templates_find_what_they_name(event: Any, expected: dict[str, str]) -> None:
    payload = json.loads(json.dumps(state(view_after(view_after(View(), started()), event))))
    found = {
        message["name"]: jinja2.Template(message["value_template"], undefined=jinja2.StrictUndefined).render(
            value_json=payload
        )
        for message in MESSAGES.values()
        if "value_template" in message
    }
    assert {name: found[name] for name in expected} == expected


def test_what_stands_beneath_a_genre_comes_as_its_attributes() -> None:
    event = prediction("hip_hop", styles=STYLES, nearest=True, labels=("hip_hop", "jazz"))
    payload = json.loads(json.dumps(state(view_after(view_after(View(), started(labels=("hip_hop", "jazz"))), event))))
    (genre,) = (message for message in MESSAGES.values() if message["name"] == "Genre")
    assert genre["json_attributes_topic"] == TOPICS.state
    found = jinja2.Template(genre["json_attributes_template"], undefined=jinja2.StrictUndefined)
    assert json.loads(found.render(value_json=payload)) == {
        "label": "hip hop",
        "beneath": "nearest of 2: hip hop · also sounds like House music",
        "styles": ["Techno", "House music"],
    }


def test_a_problem_is_an_entity_and_the_page_belongs_to_the_device() -> None:
    (problem,) = (message for message in MESSAGES.values() if message["name"] == "Problem")
    shown = jinja2.Template(problem["value_template"])
    for view, expected in ((View(), "OFF"), (View(problem="unplugged"), "ON"), (View(history="not written"), "ON")):
        assert shown.render(value_json=json.loads(json.dumps(state(view)))) == expected
    assert all("configuration_url" not in message["device"] for message in MESSAGES.values())
    where = replace(TOPICS, page="http://shelf.local:8730/")
    found = configs(where, "1", LABELS, correctable=True)
    assert {message["device"]["configuration_url"] for message in found.values()} == {"http://shelf.local:8730/"}


def test_without_a_history_nothing_can_be_put_right() -> None:
    assert {topic.split("/")[1] for topic in configs(TOPICS, "1", LABELS, correctable=False)} == {
        *("sensor", "binary_sensor", "switch"),
    }
    (choice,) = (message for topic, message in MESSAGES.items() if "/select/" in topic)
    (button,) = (message for topic, message in MESSAGES.items() if "/button/" in topic and "/undo/" in topic)
    assert "no music" in choice["options"]
    assert (choice["command_topic"], button["payload_press"]) == (TOPICS.command, UNDO)


def test_what_home_assistant_sends_names_the_segment_that_it_shows() -> None:
    payload = json.loads(json.dumps(state(View(segment="123"))))
    (choice,) = (message for topic, message in MESSAGES.items() if "/select/" in topic)
    (button,) = (message for topic, message in MESSAGES.items() if "/undo/" in topic)
    (right,) = (message for topic, message in MESSAGES.items() if "/right/" in topic)

    def sent(message: dict[str, Any], value: str, payload: dict[str, Any]) -> str:
        attributes = jinja2.Template(message["json_attributes_template"]).render(value_json=payload)
        this = {"attributes": json.loads(attributes)}
        return jinja2.Template(message["command_template"], undefined=jinja2.StrictUndefined).render(
            value=value, this=this
        )

    assert parsed(sent(choice, "hip hop", payload)) == Asked(123, "hip hop")
    assert parsed(sent(button, UNDO, payload)) == Asked(123)
    assert parsed(sent(right, RIGHT, payload)) == Asked(123, right=True)
    for text in (sent(choice, "jazz", state(View())), "jazz", UNDO):
        with pytest.raises(CorrectionError):
            parsed(text)
