"""The topics that are published, and their announcement to Home Assistant (its MQTT discovery).

A device of its own has sensors for genre, confidence, tempo and level, binary sensors for music and problems, a switch
that pauses listening, and, where a history is kept, a select entity that corrects the genre, and buttons that confirm
it and undo that. All read one state topic, a JSON object.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge import words
from edge.events import State
from edge.sinks.view import View

ONLINE, OFFLINE = "online", "offline"
#: Payloads of the switch's topic.
ON, OFF = "ON", "OFF"
#: Payload of the button that undoes a correction, before its template.
UNDO = "undo"
#: Payload of the button that confirms the shown genre.
RIGHT = "right"
#: The target in a command: the segment that Home Assistant shows when it is sent, its only variable.
_OF_SHOWN = "'segment': this.attributes.segment | default(none)"
#: Whether there is music, by state; unknown in the others.
MUSIC = {State.MUSIC: ON, State.UNSURE: ON, State.SILENCE: OFF, State.NO_MUSIC: OFF}


def plain_id(name: str) -> str:
    """Return an id of ``[a-zA-Z0-9_-]`` alone; names that differ get ids that differ."""
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    return plain if plain == name else f"{plain}_{zlib.crc32(name.encode(errors='surrogatepass')):08x}"


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of topics: ``base`` is the first level of our own, ``prefix`` Home Assistant's."""

    name: str  # of the device, as people read it
    base: str
    prefix: str
    device_id: str  # in topics and in Home Assistant; see ``identity``
    page: str = ""  # address of the device's own page, if other machines reach one

    @property
    def state(self) -> str:
        """Topic of the present state, as JSON."""
        return f"{self.base}/{self.device_id}/state"

    @property
    def availability(self) -> str:
        """``online`` or ``offline``; the broker says the latter for a process that died."""
        return f"{self.base}/{self.device_id}/availability"

    @property
    def command(self) -> str:
        """Takes what ``edge.sinks.mqtt.command_topic`` parses."""
        return f"{self.base}/{self.device_id}/correct"

    @property
    def listening(self) -> str:
        """Takes ``ON`` and ``OFF``."""
        return f"{self.base}/{self.device_id}/listening"

    @property
    def birth(self) -> str:
        """Topic on which Home Assistant announces its start."""
        return f"{self.prefix}/status"


def state(view: View) -> dict[str, Any]:
    """Return the state topic's object."""
    return {
        "state": str(view.state),
        "genre": words.label(view.headline),
        "label": view.genre and words.label(view.genre),
        "beneath": words.joined(view.beneath),
        "music": MUSIC.get(view.state),
        "listening": OFF if view.state is State.PAUSED else ON,
        "confidence": None if view.confidence is None else round(100 * view.confidence),  # per cent
        "tempo_bpm": None if view.tempo_bpm is None else round(view.tempo_bpm, 1),
        "level_dbfs": None if view.level_dbfs is None else round(view.level_dbfs, 1),
        "styles": [words.label(name) for name, _ in view.styles],
        "source": view.source,
        "problem": view.problem,
        "segment": view.segment,
        "corrected": None if view.corrected is None else words.label(view.corrected),
        "history": view.history,
    }


def kept_before(names: Iterable[str], base: str, prefix: str) -> set[str]:
    """Return the topics that earlier versions, whose devices had their name for an id, left with a broker."""
    ids = {plain_id(name) for name in names}
    kept = {f"{base}/{one}/{topic}" for one in ids for topic in ("state", "availability")}
    entities = {key: component for key, (component, _) in _ENTITIES.items() if key not in _LATER}
    entities |= {"correct": "select", "undo": "button"}
    return kept | {f"{prefix}/{what}/livegenre_{one}/{key}/config" for one in ids for key, what in entities.items()}


def configs(topics: Topics, version: str, labels: tuple[str, ...], *, correctable: bool) -> dict[str, dict[str, Any]]:
    """Return the discovery messages by topic: retained JSON objects."""
    entities = {**_ENTITIES, "listening": ("switch", {**_SWITCH, "command_topic": topics.listening})}
    if correctable and labels:
        entities |= _corrections(topics, labels)
    device = {
        "identifiers": [f"livegenre_{topics.device_id}"],
        "name": words.safe(topics.name),
        "manufacturer": "livegenre",
        "model": "music genre listener",
        "sw_version": version,
        **({"configuration_url": topics.page} if topics.page else {}),
    }
    shared = {
        "availability_topic": topics.availability,
        "device": device,
        "origin": {"name": "livegenre", "sw_version": version},
    }
    found = {}
    for key, (component, entity) in entities.items():
        ids = {
            "default_entity_id": f"{component}.{_entity_name(topics.name)}_{key}",
            "unique_id": f"livegenre_{topics.device_id}_{key}",
        }
        source = {} if component == "button" else {"state_topic": topics.state}
        if "json_attributes_template" in entity:
            source["json_attributes_topic"] = topics.state
        topic = f"{topics.prefix}/{component}/livegenre_{topics.device_id}/{key}/config"
        found[topic] = {**entity, **ids, **source, **shared}
    return found


def _entity_name(name: str) -> str:
    """Return a name as Home Assistant has it in the ids of entities; it makes them unique by itself."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", name).lower() if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_") or "livegenre"


def _measurement(name: str, key: str, unit: str, icon: str) -> Mapping[str, Any]:
    return {
        "name": name,
        "value_template": f"{{{{ value_json.{key} }}}}",
        "unit_of_measurement": unit,
        "state_class": "measurement",
        "suggested_display_precision": 0,
        "icon": icon,
    }


#: By key: component of Home Assistant, and the entity's own configuration. A genre is text: it has no class; what
#: stands beneath it comes as its attributes, with the model's own label for automations.
_ENTITIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "genre": (
        "sensor",
        {
            "name": "Genre",
            "value_template": "{{ value_json.genre }}",
            "icon": "mdi:music",
            "json_attributes_template": "{{ {'label': value_json.label, 'beneath': value_json.beneath, "
            "'styles': value_json.styles} | tojson }}",
        },
    ),
    "confidence": ("sensor", _measurement("Confidence", "confidence", "%", "mdi:gauge")),
    "tempo": ("sensor", _measurement("Tempo", "tempo_bpm", "BPM", "mdi:metronome")),
    "level": ("sensor", _measurement("Level", "level_dbfs", "dBFS", "mdi:volume-high")),
    "music": (
        "binary_sensor",
        {
            "name": "Music",
            "value_template": "{{ value_json.music }}",
            "payload_on": ON,
            "payload_off": OFF,
            "device_class": "sound",
        },
    ),
    "problem": (
        "binary_sensor",
        {
            "name": "Problem",
            "value_template": "{{ 'ON' if value_json.problem or value_json.history else 'OFF' }}",
            "payload_on": ON,
            "payload_off": OFF,
            "device_class": "problem",
            "entity_category": "diagnostic",
            "json_attributes_template": "{{ {'source': value_json.problem, 'history': value_json.history} | tojson }}",
        },
    ),
}

_SWITCH: Mapping[str, Any] = {
    "name": "Listening",
    "value_template": "{{ value_json.listening }}",
    "payload_on": ON,
    "payload_off": OFF,
    "icon": "mdi:microphone",
}

#: Entities that devices of earlier versions, with their name as id, did not have.
_LATER = {"problem"}


def _corrections(topics: Topics, labels: tuple[str, ...]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    choice = {
        "name": "Put right",
        "command_topic": topics.command,
        "options": [words.label(label) for label in labels],
        "command_template": f"{{{{ {{'genre': value, {_OF_SHOWN}}} | tojson }}}}",
        "value_template": "{{ value_json.corrected }}",
        "json_attributes_template": "{{ {'segment': value_json.segment} | tojson }}",
        "icon": "mdi:pencil",
        "entity_category": "config",
    }
    return {
        "correct": ("select", choice),
        "right": ("button", _button(topics, "That is right", RIGHT, "mdi:check")),
        "undo": ("button", _button(topics, "Take back", UNDO, "mdi:undo")),
    }


def _button(topics: Topics, name: str, payload: str, icon: str) -> Mapping[str, Any]:
    return {
        "name": name,
        "command_topic": topics.command,
        "payload_press": payload,
        "command_template": f"{{{{ {{'{payload}': true, {_OF_SHOWN}}} | tojson }}}}",
        "json_attributes_template": "{{ {'segment': value_json.segment} | tojson }}",
        "icon": icon,
        "entity_category": "config",
    }
