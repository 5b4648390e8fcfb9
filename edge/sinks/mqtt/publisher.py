"""The sink: publishes the shown state, and takes corrections.

paho-mqtt connects and reconnects in a thread of its own; this one only queues messages. While one state is pending, no
other is queued, so that the newest is sent next.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge import words
from edge.clock import Throttle
from edge.errors import EdgeError, FaceError
from edge.events import Event, Started, Stopped
from edge.sinks.mqtt import command_topic, discovery
from edge.sinks.mqtt.command_topic import Corrector
from edge.sinks.mqtt.discovery import OFF, OFFLINE, ON, ONLINE, Topics
from edge.sinks.mqtt.identity import ID_FILE, Retained
from edge.sinks.view import View, view_after
from edge.switch import Switch

log = logging.getLogger(__name__)

#: Minimum seconds between two states, in general and if only numbers have changed.
CHANGE_EVERY_S, NUMBERS_EVERY_S = 1.0, 10.0
#: Seconds after which a silent broker counts as gone, and the longest between two attempts to reach one.
KEEPALIVE_S, LONGEST_RETRY_S = 30, 60
#: Seconds that connecting may take, then the broker's answer, and disconnecting.
CONNECT_S, ANSWER_S, CLOSE_S = 5.0, 10.0, 1.5
#: So many connections in a row that last for fewer seconds than this mean that another client has the id: not every
#: broker says so.
SHORT_S, SHORT_TIMES = 30.0, 3
#: Seconds to wait after that, since the other client reconnects at once.
TAKEN_OVER_S = 60
#: Maximum size of a command in bytes.
MAX_COMMAND = 256
#: What takes back what a broker keeps.
REMEDY = "`livegenre service forget` takes it back"
#: What is wrong before the broker has answered for the first time.
NOT_YET, AWAY = "not connected yet", "cannot be reached"
USERNAME_VARIABLE, PASSWORD_VARIABLE = "LIVEGENRE_MQTT_USERNAME", "LIVEGENRE_MQTT_PASSWORD"


@dataclass(frozen=True, slots=True)
class Broker:
    """Address and credentials of a broker."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""  # certificates to trust; empty for the system's

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def read_password(file: str) -> str:
    """Return the password: the environment's, or that of ``file``; none if neither is there."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None or not file:
        return given or ""
    try:
        return Path(file).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FaceError(f"{file}: cannot be read as a password ({error})") from error


class Publisher:
    """Sink that publishes to a broker, which may be unavailable."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        version: str,
        corrector: Corrector | None = None,
        *,
        retained: Retained,
        switch: Switch,
        kept_before: Set[str] = frozenset(),
        left: Sequence[Retained] = (),
    ) -> None:
        """``retained`` is what brokers keep of this device, ``kept_before`` what one may that nothing is known of,
        ``left`` that of rooms that there are no longer; ``switch`` is turned by messages.

        Raises ``FaceError`` for certificates that cannot be read; a broker that is not there is waited for.
        """
        self.problem: str | None = NOT_YET
        self._broker, self._topics, self._version, self._corrector = broker, topics, version, corrector
        self._retained, self._kept_before, self._left, self._switch = retained, kept_before, left, switch
        self._clearing: dict[str, MQTTMessageInfo] = {}  # topics that are no longer used
        self._is_forgotten = self._is_outdated = self._is_introduced = False
        self._introducing = threading.Lock()
        self._view, self._labels = View(), tuple[str, ...]()
        self._last: MQTTMessageInfo | None = None
        self._told: tuple[object, ...] = ()
        self._due_s = 0.0
        self._let_in_s: float | None = None  # by the broker, on the monotonic clock
        self._n_short = 0  # short connections in a row
        self._reports = Throttle()  # by problem
        self._answer_due_s = time.monotonic() + CONNECT_S + ANSWER_S
        self._client = self._connect(MQTTProtocolVersion.MQTTv5)

    def _connect(self, protocol: MQTTProtocolVersion) -> Client:
        client = client_for(self._broker, f"livegenre-{self._topics.device_id}", protocol)
        client.reconnect_delay_set(1, LONGEST_RETRY_S)
        client.will_set(self._topics.availability, OFFLINE, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._trouble(AWAY, sys.exc_info()[1])
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.connect_async(self._broker.host, self._broker.port, KEEPALIVE_S)
        client.loop_start()
        return client

    def __call__(self, event: Event) -> None:
        """Publish what the event changes, at a limited rate."""
        self._view = view_after(self._view, event)
        if isinstance(event, Started) and event.labels != self._labels:
            self._labels, self._is_introduced = event.labels, False
            self._introduce()
        if isinstance(event, Stopped) or self._is_due():
            self._publish_state()
        self._look_after_connection()

    def _look_after_connection(self) -> None:
        if self._is_outdated:  # the broker's protocol is
            self._is_outdated = False
            before, self._client = self._client, self._connect(MQTTProtocolVersion.MQTTv311)
            _end(before, time.monotonic() + CLOSE_S)
        if self.problem == NOT_YET and time.monotonic() > self._answer_due_s:
            self._trouble("does not answer; is it a broker, and is tls as it wants it?")
        if self._clearing and all(map(is_published, self._clearing.values())):
            self._clearing = {}
            self._write_down(self._own_topics())
            for room in self._left:
                self._write_down(frozenset(), room)

    def _is_due(self) -> bool:
        now, view = time.monotonic(), self._view
        shown = (view.state, view.headline, view.problem, view.segment, view.corrected)
        if now < self._due_s or (shown == self._told and now < self._due_s + NUMBERS_EVERY_S - CHANGE_EVERY_S):
            return False
        if not self._client.is_connected() or (self._last is not None and not self._last.is_published()):
            return False  # what is left with the client waits still
        self._told, self._due_s = shown, now + CHANGE_EVERY_S
        return True

    def _publish_state(self) -> None:
        if self._client.is_connected():
            self._last = self._publish(self._topics.state, discovery.state(self._view), qos=0)

    def _publish(self, topic: str, value: str | dict[str, Any], qos: int = 1) -> MQTTMessageInfo:
        payload = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        return self._client.publish(topic, payload, qos=qos, retain=True)

    def _introduce(self) -> None:
        """Announce everything to Home Assistant, which may have been reinstalled."""
        with self._introducing:  # the first event and the connection may come at the same time
            if self._labels and self._client.is_connected() and not self._is_introduced:
                self._is_introduced = True
                self._publish_all()

    def _publish_all(self) -> None:
        kept = self._retained.at(self._broker.address)
        kept = set(self._kept_before) if kept is None else kept
        kept = kept.union(*(room.at(self._broker.address) or () for room in self._left))
        own = self._own_topics()
        self._write_down(kept | own)  # first, so that it can be cleared whatever happens
        for topic, value in self._configs().items():
            self._publish(topic, value)
        self._clearing = {topic: self._publish(topic, "") for topic in kept - own}
        self._publish(self._topics.availability, ONLINE)
        self._publish_state()

    def _configs(self) -> dict[str, dict[str, Any]]:
        correctable = self._corrector is not None
        if not self._topics.prefix:
            return {}
        return discovery.configs(self._topics, self._version, self._labels, correctable=correctable)

    def _own_topics(self) -> set[str]:
        return {*self._configs(), self._topics.state, self._topics.availability}

    # What follows runs in the client's thread.

    def _on_connect(self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: object) -> None:
        if str(code) == "Unsupported protocol version" and client.protocol == MQTTProtocolVersion.MQTTv5:
            self._is_outdated = True
            return
        if code.is_failure:
            self._trouble(f"refuses: {code}")
            return
        self.problem, self._last, self._let_in_s = None, None, time.monotonic()
        self._is_introduced = False
        log.info("broker %s: connected, publishing as %s", self._broker.address, self._topics.state)
        wanted = [self._topics.listening, *([self._topics.birth] if self._topics.prefix else [])]
        wanted += [self._topics.command] if self._corrector is not None else []
        client.subscribe([(topic, 1) for topic in wanted])
        self._introduce()

    def _on_disconnect(
        self, client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        if self._is_outdated or not code.is_failure:
            return
        let_in_s, self._let_in_s = self._let_in_s, None
        is_short = let_in_s is not None and time.monotonic() - let_in_s < SHORT_S
        self._n_short = self._n_short + 1 if is_short else 0
        taken_over = str(code) == "Session taken over" or self._n_short >= SHORT_TIMES
        client.reconnect_delay_set(TAKEN_OVER_S if taken_over else 1, LONGEST_RETRY_S)
        if taken_over:
            self._trouble(
                f"drops this connection, as for another client that has its id, livegenre-{self._topics.device_id}; "
                f"where one device's state is a copy of another's, remove {ID_FILE} from it"
            )
        elif let_in_s is not None:
            self._trouble(f"is gone: {code}")
        elif self.problem in (NOT_YET, AWAY):
            self._trouble("hangs up before it answers; is it a broker, and is tls as it wants it?")

    def _on_publish(
        self, _client: Client, _data: object, _number: int, code: ReasonCode, _properties: Properties
    ) -> None:
        if code.is_failure:
            self._trouble(f"does not take what is published: {code}")

    def _trouble(self, what: str, error: BaseException | None = None) -> None:
        self.problem = what
        reason = what if error is None else f"{what} ({error})"
        self._report(what, f"broker {self._broker.address} {words.safe(reason)}; listening goes on, tried again")

    def _report(self, kind: str, text: str) -> None:
        if self._reports.is_due(kind):
            log.warning("%s", text)

    def _write_down(self, topics: Set[str], retained: Retained | None = None) -> None:
        try:
            (retained or self._retained).keep(self._broker.address, topics)
        except FaceError as error:  # what is heard is published all the same
            self._report("unwritten", str(error))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if len(message.payload) > MAX_COMMAND:
            log.warning("a message of %d bytes at %s is no command", len(message.payload), message.topic)
            return
        text = message.payload.decode(errors="replace").strip()
        if message.topic == self._topics.birth:
            if text == ONLINE:
                self._is_introduced = False
                self._introduce()
        elif message.retain or not text:  # a retained command would be repeated at every start
            return
        elif message.topic == self._topics.listening:
            if text in (ON, OFF):
                self._switch.turn(text == ON)
            else:
                log.warning("a message at %s is neither %s nor %s", message.topic, ON, OFF)
        elif self._corrector is not None:
            try:
                self._corrector(command_topic.parsed(text))  # the history reports it to all faces
            except EdgeError as error:
                log.warning("a correction over MQTT is refused: %s", words.safe(error))

    def forget(self) -> None:
        """Clear the device's retained topics; raises ``FaceError`` if that is not possible now."""
        if not self._client.is_connected():
            raise FaceError(f"broker {self._broker.address}: not connected, so it keeps what it has; {REMEDY}")
        self._is_forgotten = True
        kept = self._retained.at(self._broker.address) or set()
        end = time.monotonic() + CLOSE_S
        messages = [self._publish(topic, "") for topic in kept | self._own_topics()]
        while not all(map(is_published, messages)):
            if time.monotonic() > end:
                raise FaceError(f"broker {self._broker.address}: does not take back what it has; {REMEDY}")
            time.sleep(0.01)
        self._write_down(frozenset())

    def close(self) -> None:
        """Publish that the device goes offline, and disconnect; a broker that does not answer is not waited for."""
        end = time.monotonic() + CLOSE_S
        if self._client.is_connected() and not self._is_forgotten:
            last = self._publish(self._topics.availability, OFFLINE)
            while not is_published(last) and self._client.is_connected() and time.monotonic() < end:
                time.sleep(0.01)
        _end(self._client, end)


def is_published(message: MQTTMessageInfo) -> bool:
    """Return True once the broker has it."""
    try:
        return message.is_published()
    except (ValueError, RuntimeError):  # it was never sent
        return False


def client_for(broker: Broker, client_id: str, protocol: MQTTProtocolVersion) -> Client:
    """Return a client that may connect; raises ``FaceError`` for certificates that cannot be read."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
    client.connect_timeout = CONNECT_S
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        try:
            client.tls_set(ca_certs=broker.ca_file or None)
        except (OSError, ValueError) as error:
            raise FaceError(f"{broker.ca_file or 'TLS'}: cannot be used for the broker ({error})") from error
    return client


def _end(client: Client, end_s: float) -> None:
    """Disconnect a client, and wait for its thread until then."""
    client.disconnect()
    stopping = threading.Thread(target=client.loop_stop, daemon=True)
    stopping.start()
    stopping.join(max(0.1, end_s - time.monotonic()))
