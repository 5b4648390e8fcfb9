"""All faces, in the order in which the command line and the configuration list them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.sinks.face import Face
from edge.sinks.mqtt import MQTT
from edge.sinks.prometheus import PROMETHEUS
from edge.sinks.reactions import REACTIONS
from edge.sinks.web import WEB
from edge.sinks.window import WINDOW

FACES: tuple[Face, ...] = (WEB, WINDOW, MQTT, PROMETHEUS, REACTIONS)


def faces_of(place: int) -> tuple[Face, ...]:
    """Return the faces of a room, by its place among others."""
    return tuple(face for face in FACES if face.in_every_room or place == 0)


def draws_sound(sections: Mapping[str, Any], place: int = 0) -> bool:
    """Return whether a face of a room that is asked for wants pictures of the sound."""
    return any(face.draws_sound and sections[face.section].enabled for face in faces_of(place))
