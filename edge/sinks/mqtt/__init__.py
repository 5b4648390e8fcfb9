"""Events for an MQTT broker, with discovery for Home Assistant.

``publisher`` is the sink; ``discovery`` defines topics and messages as pure data, ``identity`` the device's id, and
``forgetting`` clears retained topics.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge import checked
from edge.checked import between, matching, setting
from edge.errors import ConfigError
from edge.sinks.face import Face, Option, Surroundings, content, load, warn_if_exposed

if TYPE_CHECKING:
    from edge.sinks import Sink
    from edge.sinks.mqtt.publisher import Broker

#: Levels of a topic.
TOPIC = matching(r"[A-Za-z0-9_/-]{0,100}", "may have letters, digits, -, _ and / alone, 100 at most")


def host(value: str) -> str:
    """Rule (``edge.checked``) for another machine: its name or its IP address."""
    import ipaddress

    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not re.fullmatch(r"[\w.-]{1,253}", value):
            raise ValueError(f"is {value!r}, must be a name or an IP address; its port has a key of its own") from None
    return value


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Publishing to a broker: on or off, its address, its options."""

    enabled: bool = False
    host: str = setting("localhost", host)
    port: int = setting(1883, between(1, 65_535))
    tls: bool = False
    ca_file: str = setting("", checked.path)
    username: str = ""
    password_file: str = setting("", checked.path)
    name: str = setting("", matching("(?s).{0,100}", "must have 100 characters at most"))
    topic: str = setting("livegenre", TOPIC)
    discovery: str = setting("homeassistant", TOPIC)

    def password(self) -> str:
        """Return the password; raises ``FaceError`` if its file cannot be read."""
        password: str = load("edge.sinks.mqtt.publisher", "mqtt").read_password(self.password_file)
        return password

    def broker(self) -> Broker:
        """Return the broker, with user and password."""
        publisher = load("edge.sinks.mqtt.publisher", "mqtt")
        username = os.environ.get(publisher.USERNAME_VARIABLE, self.username)
        broker: Broker = publisher.Broker(self.host, self.port, username, self.password(), self.tls, self.ca_file)
        return broker


def _reached(text: str) -> Mapping[str, Any]:
    """Return the settings for ``HOST`` or ``HOST:PORT``."""
    found = re.fullmatch(r"([^:]*|\[.*\])(?::(\d{1,9}))?", text)
    if not found:
        raise ConfigError(f"--mqtt {text}: write HOST or HOST:PORT; user and password come from the environment")
    return {"host": found[1].strip("[]"), **({"port": int(found[2])} if found[2] else {})}


def _open(settings: MqttConfig, around: Surroundings) -> Sink:
    publisher = load("edge.sinks.mqtt.publisher", "mqtt")

    import socket
    from importlib.metadata import version

    from edge.history.database import own_file
    from edge.sinks.mqtt import command_topic
    from edge.sinks.mqtt.discovery import Topics, kept_before
    from edge.sinks.mqtt.identity import Retained, device_id

    if settings.password_file:
        warn_if_exposed(Path(settings.password_file))
    folder, own_name, room = own_file().parent, socket.gethostname(), around.room
    name = " ".join(filter(None, (settings.name, room.name))) or own_name
    base = "/".join(filter(None, (settings.topic, room.slug)))
    topics = Topics(name, base, settings.discovery, device_id(folder, room), _page(around))
    left = [one for one in Retained.of_all_rooms(folder) if one.slug not in room.slugs]
    sink: Sink = publisher.Publisher(
        settings.broker(),
        topics,
        version("livegenre"),
        None if around.history is None else command_topic.corrector(around.history),
        retained=Retained(folder, room),
        switch=around.switch,
        kept_before=set() if room.slug else kept_before({name, own_name}, settings.topic, settings.discovery),
        left=left if room.place == 0 else (),
    )
    around.announce(f"MQTT goes to {settings.host}:{settings.port} as {topics.state}")
    return sink


def _page(around: Surroundings) -> str:
    """Return where other machines reach the room's page, if they do."""
    from edge.http.address import parse_address

    web = around.sections.get("web")
    where = parse_address(web.address) if web is not None and web.enabled else None
    if where is None or where.is_loopback:
        return ""
    return where.url + (f"rooms/{around.room.slug}/" if around.room.slug else "")


def _depends_on(settings: MqttConfig, around: Surroundings) -> Hashable:
    return around.history, content(settings.password), _page(around), around.room.name


MQTT = Face(
    section="mqtt",
    name="mqtt",
    settings=MqttConfig,
    option=Option(
        "--mqtt",
        "Home Assistant and others, over a broker (default localhost:1883)",
        metavar="HOST:PORT",
        alone="localhost",
        settings=_reached,
    ),
    open=_open,
    depends_on=_depends_on,
    in_every_room=True,
)
