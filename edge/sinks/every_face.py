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


def draws_sound(sections: Mapping[str, Any]) -> bool:
    """Return whether a face that is asked for wants pictures of the sound."""
    return any(face.draws_sound and sections[face.section].enabled for face in FACES)
