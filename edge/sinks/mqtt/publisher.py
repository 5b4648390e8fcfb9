"""The sink: publishes what is shown, and takes corrections.

paho-mqtt connects, and connects again, in a thread of its own; this one only leaves messages with it. While the broker
does not take one state, no other is left: what is then sent is the newest.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge import words
from edge.errors import EdgeError, FaceError
from edge.events import Change, Event, Started, Stopped
from edge.sinks.mqtt import discovery
from edge.sinks.mqtt.discovery import OFFLINE, ONLINE, UNDO, Topics
from edge.sinks.view import View, view_after

log = logging.getLogger(__name__)

#: Seconds between two states: at least, and where only numbers have changed.
CHANGE_EVERY_S, NUMBERS_EVERY_S = 1.0, 10.0
#: Seconds after which a silent broker counts as gone, and the longest between two attempts to reach one.
KEEPALIVE_S, LONGEST_RETRY_S = 30, 60
#: Seconds that connecting may take, and ending.
CONNECT_S, CLOSE_S = 5.0, 1.5
REPORT_EVERY_S = 600.0
USERNAME_VARIABLE, PASSWORD_VARIABLE = "LIVEGENRE_MQTT_USERNAME", "LIVEGENRE_MQTT_PASSWORD"


@dataclass(frozen=True, slots=True)
class Broker:
    """How to reach a broker."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""  # certificates to trust; empty for the system's


@dataclass(frozen=True, slots=True)
class Corrector:
    """What a command does: both return what somebody says it is now, if anybody does."""

    correct: Callable[[str], str | None]
    undo: Callable[[], str | None]


def read_password(file: str) -> str:
    """Return the password: the environment's, or that of ``file``; none if neither is there."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None or not file:
        return given or ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FaceError(f"{file}: cannot be read as a password ({error})") from error


class Publisher:
    """Sink that publishes to a broker, which may be away."""

    def __init__(self, broker: Broker, topics: Topics, version: str, corrector: Corrector | None = None) -> None:
        """Raises ``FaceError`` for certificates that cannot be read; a broker that is not there is waited for."""
        self.problem: str | None = "not connected yet"
        self._topics, self._version, self._corrector = topics, version, corrector
        self._address = f"{broker.host}:{broker.port}"
        self._view, self._labels = View(), tuple[str, ...]()
        self._corrected: str | None = None
        self._last: MQTTMessageInfo | None = None
        self._told: tuple[object, ...] = ()
        self._due_s = self._next_report_s = 0.0
        self._client = self._connected_to(broker)
        self._client.connect_async(broker.host, broker.port, KEEPALIVE_S)
        self._client.loop_start()

    def _connected_to(self, broker: Broker) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"livegenre-{self._topics.device_id}")
        client.connect_timeout = CONNECT_S
        client.reconnect_delay_set(1, LONGEST_RETRY_S)
        client.will_set(self._topics.availability, OFFLINE, qos=1, retain=True)
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            try:
                client.tls_set(ca_certs=broker.ca_file or None)
            except (OSError, ValueError) as error:
                raise FaceError(f"{broker.ca_file or 'TLS'}: cannot be used for the broker ({error})") from error
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._trouble("cannot be reached")
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def __call__(self, event: Event) -> None:
        """Publish what the event changes, as often as is good for a broker."""
        self._view = view_after(self._view, event)
        if isinstance(event, Change):
            self._corrected = None  # that was said of what was heard before
        if isinstance(event, Started) and event.labels != self._labels:
            self._labels = event.labels
            self._introduce()
        if isinstance(event, Stopped) or self._is_due():
            self._publish_state()

    def _is_due(self) -> bool:
        now, view = time.monotonic(), self._view
        shown = (view.state, view.headline, view.problem, self._corrected)
        if now < self._due_s or (shown == self._told and now < self._due_s + NUMBERS_EVERY_S - CHANGE_EVERY_S):
            return False
        if not self._client.is_connected() or (self._last is not None and not self._last.is_published()):
            return False  # what is left with the client waits still
        self._told, self._due_s = shown, now + CHANGE_EVERY_S
        return True

    def _publish_state(self) -> None:
        if self._client.is_connected():
            self._last = self._publish(self._topics.state, discovery.state(self._view, self._corrected), qos=0)

    def _publish(self, topic: str, value: str | dict[str, Any], qos: int = 1) -> MQTTMessageInfo:
        payload = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        return self._client.publish(topic, payload, qos=qos, retain=True)

    def _introduce(self) -> None:
        """Tell Home Assistant what there is; it forgets nothing that is retained, but may have been set up anew."""
        if not (self._labels and self._client.is_connected()):
            return
        if self._topics.prefix:
            correctable = self._corrector is not None
            found = discovery.configs(self._topics, self._version, self._labels, correctable=correctable)
            for topic, value in found.items():
                self._publish(topic, value)
        self._publish(self._topics.availability, ONLINE)
        self._publish_state()

    # What follows runs in the client's thread.

    def _on_connect(self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: object) -> None:
        if code.is_failure:
            self._trouble(f"refuses: {code}")
            return
        self.problem, self._last = None, None
        log.info("broker %s: connected", self._address)
        wanted = [self._topics.birth] if self._topics.prefix else []
        wanted += [self._topics.command] if self._corrector is not None else []
        if wanted:
            client.subscribe([(topic, 1) for topic in wanted])
        self._introduce()

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        if code.is_failure and self.problem is None:
            self._trouble(f"is gone: {code}")

    def _trouble(self, what: str) -> None:
        self.problem = what
        if time.monotonic() >= self._next_report_s:
            self._next_report_s = time.monotonic() + REPORT_EVERY_S
            log.warning("broker %s %s; listening goes on, tried again", self._address, words.safe(what))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        text = message.payload.decode(errors="replace").strip()
        if message.topic == self._topics.birth:
            if text == ONLINE:
                self._introduce()
        elif self._corrector is not None and not message.retain and text:  # a retained one would come with every start
            try:
                self._corrected = self._corrector.undo() if text == UNDO else self._corrector.correct(text)
            except EdgeError as error:
                log.warning("a correction over MQTT: %s", words.safe(error))
            else:
                self._publish_state()

    def close(self) -> None:
        """Say that nothing more comes, and end; a broker that does not answer is not waited for."""
        end = time.monotonic() + CLOSE_S
        if self._client.is_connected():
            last = self._publish(self._topics.availability, OFFLINE)
            while not last.is_published() and self._client.is_connected() and time.monotonic() < end:
                time.sleep(0.01)
        self._client.disconnect()
        stopping = threading.Thread(target=self._client.loop_stop, daemon=True)
        stopping.start()
        stopping.join(max(0.1, end - time.monotonic()))
