"""A real MQTT broker of a test's own, and a client that hears everything."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge.pulse import wait_until

#: The id of a test's device.
DEVICE_ID = "0123456789ab"
USERNAME, PASSWORD = "shelf", "a password"


class Mosquitto:
    """A broker that can be killed, frozen and started again."""

    def __init__(self, folder: Path, *, closed: bool = False, tls: bool = False, also: Sequence[str] = ()) -> None:
        """``also`` are further lines of its configuration."""
        self._program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if self._program is None:
            pytest.fail("mosquitto is not installed: apt-get install mosquitto")
        self.folder = folder
        self.port = free_port()
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", f"allow_anonymous {str(not closed).lower()}"]
        if closed:
            passwords = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, USERNAME, PASSWORD], check=True)
            passwords.chmod(0o644)
            lines.append(f"password_file {passwords}")
        if tls:
            self.certificate = certificate(folder)
            lines += [f"certfile {self.certificate}", f"keyfile {folder / 'key.pem'}"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join([*lines, *also, "user root", ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([str(self._program), "-c", self._config], stdout=log, stderr=log)
        wait_until(self._accepts, 20, "the broker accepts connections")

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class Subscriber:
    """A client that keeps the newest message of every topic, and counts them."""

    def __init__(self, broker: Mosquitto, *, tls: bool = False, username: str = "", password: str = "") -> None:
        self.messages: dict[str, str] = {}
        self.retained: set[str] = set()
        self.counts: dict[str, int] = {}
        self.client = Client(CallbackAPIVersion.VERSION2)
        if username:
            self.client.username_pw_set(username, password)
        if tls:
            self.client.tls_set(ca_certs=str(broker.certificate))
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = self._take
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.connect_async("127.0.0.1", broker.port)
        self.client.loop_start()
        wait_until(self.client.is_connected, 20, "the subscriber is connected")

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if not message.payload:  # what was retained is cleared
            self.messages.pop(message.topic, None)
            return
        self.messages[message.topic] = message.payload.decode()
        self.counts[message.topic] = self.counts.get(message.topic, 0) + 1
        if message.retain:
            self.retained.add(message.topic)

    def json(self, topic: str) -> Any:
        """The newest object of a topic; empty if there is none."""
        return json.loads(self.messages.get(topic, "{}"))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def free_port() -> int:
    """A port that nobody is given by chance, so that a broker which is down finds it free when it comes back."""
    first_by_chance = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10_000, first_by_chance)
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"
