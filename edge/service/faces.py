"""The faces that a configuration asks for: opened, handed every event, and closed.

What a face needs is imported when it is opened: one that nobody asked for costs nothing.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.checked import make
from edge.errors import ConfigError, EdgeError, FaceError
from edge.events import Event
from edge.history.database import own_file
from edge.http import address, token
from edge.model.bundle import Bundle
from edge.service.config import Config, MqttConfig, WebConfig
from edge.sinks import Sink
from edge.sinks.guard import Guarded
from edge.sinks.mqtt import identity
from edge.sinks.mqtt.discovery import kept_before
from edge.sinks.persistent import Persistent
from edge.sinks.present import Present
from edge.sinks.secret_files import warn_if_exposed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A face that a configuration asks for."""

    name: str
    key: Hashable  # all that it is opened with: while this stays the same it stays open
    opener: Callable[[], Sink]


class Faces:
    """Sink that is all faces of a configuration, which may change: those that are opened late are told the present."""

    def __init__(
        self,
        present: Present,
        *,
        announce: Callable[[str], None] = log.info,
        on_exit: Callable[[], None] | None = None,
        patient: bool = False,
    ) -> None:
        """``present`` has every event before this. ``announce`` is told where a face is to be found, ``on_exit`` called
        when somebody closes one. ``patient``: one that cannot be opened at first is no error, but tried again."""
        self._present = present
        self._announce, self._on_exit, self._patient = announce, on_exit, patient
        self._open: dict[str, tuple[Hashable, Persistent, Guarded]] = {}

    def show(self, config: Config, bundle: Bundle, history: Path | None = None) -> None:
        """Open, keep and close faces as a configuration asks; ``history`` is the file that they may read and correct.

        Raises ``FaceError`` for the first that cannot be opened, unless this is patient.
        """
        wanted = {face.name: face for face in self._wanted(config, bundle, history)}
        for name, (key, face, guarded) in [*self._open.items()]:  # first: an address may pass from one to another
            if name not in wanted or wanted[name].key != key:
                if name not in wanted:
                    face.forget()
                guarded.close()
                del self._open[name]
        for name, one in wanted.items():
            if name not in self._open:
                face = Persistent(one.opener, name, self._present, patient=self._patient)
                self._open[name] = one.key, face, Guarded(face, name)

    def _wanted(self, config: Config, bundle: Bundle, history: Path | None) -> Iterator[Wanted]:
        web, mqtt, announce = config.web, config.mqtt, self._announce
        read_token = partial(_secret, lambda: token.read_token(_token_file(web)))
        key: Hashable
        if web.enabled:
            key = (web, config.model.folder, history, read_token())
            yield Wanted("web page", key, partial(_web, web, bundle, history, announce))
        if config.window.enabled:
            yield Wanted("window", config.window, partial(_window, self._on_exit))
        if mqtt.enabled:
            key = (mqtt, history, _secret(lambda: _mqtt_password(mqtt)))
            yield Wanted("mqtt", key, partial(_mqtt, mqtt, history, announce))
        if config.prometheus.enabled:
            key = (config.prometheus, web.names, read_token())
            yield Wanted("metrics", key, partial(_metrics, config, announce))

    def __call__(self, event: Event) -> None:
        """Hand an event to every face."""
        for _, _, guarded in self._open.values():
            guarded(event)

    def close(self) -> None:
        """Close every face."""
        for _, _, guarded in self._open.values():
            guarded.close()
        self._open.clear()


def _secret(read: Callable[[], str]) -> str:
    """Return what a face reads from a file when it is opened: another content is another face."""
    try:
        return read()
    except EdgeError as error:  # which opening it says
        return str(error)


def _module(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise FaceError(f"{missing} is not installed; pip install 'livegenre[{extra}]'") from error


def _web(config: WebConfig, bundle: Bundle, history: Path | None, announce: Callable[[str], None]) -> Sink:
    where = address.parse_address(config.address, address.WEB_PORT)
    token_file, names = _token_file(config), _names(config)
    secret = token.read_token(token_file)
    place = token.place_of_token(token_file)
    module = _module("edge.sinks.web.page", "web")
    page = module.WebPage(where, secret, bundle, history, names, token_place=place)
    warn_if_exposed(token_file)
    needed = f"; putting a genre right needs the token in {place}" if history else ""
    announce(f"the page is at {page.url}" + (needed if where.is_loopback else f" with the token in {place}"))
    sink: Sink = page
    return sink


def _window(on_exit: Callable[[], None] | None) -> Sink:
    from edge.sinks.window.fullscreen import Window

    return Window(on_exit)


def _metrics(config: Config, announce: Callable[[str], None]) -> Sink:
    where = address.parse_address(config.prometheus.address, address.METRICS_PORT)
    token_file = _token_file(config.web)
    module = _module("edge.sinks.prometheus", "prometheus")
    metrics = module.Metrics(where, token.read_token(token_file), _names(config.web))
    warn_if_exposed(token_file)
    place = token.place_of_token(token_file)
    announce(f"metrics are at {metrics.url}" + ("" if where.is_loopback else f" with the token in {place}"))
    sink: Sink = metrics
    return sink


def _token_file(config: WebConfig) -> Path:
    return Path(config.token_file) if config.token_file else own_file().with_name("web-token")


def _names(config: WebConfig) -> list[str]:
    return config.names.replace(",", " ").split()


def _mqtt(config: MqttConfig, history: Path | None, announce: Callable[[str], None]) -> Sink:
    publisher = _module("edge.sinks.mqtt.publisher", "mqtt")
    from edge.sinks.mqtt import command_topic

    if config.password_file:
        warn_if_exposed(Path(config.password_file))
    folder = own_file().parent
    name = config.name or socket.gethostname()
    topics = publisher.Topics(name, config.topic, config.discovery, identity.device_id(folder))
    corrector = None if history is None else command_topic.corrector(history)
    before = kept_before({name, socket.gethostname()}, config.topic, config.discovery)
    retained = identity.Retained(folder)
    sink: Sink = publisher.Publisher(
        broker_of(config), topics, version("livegenre"), corrector, retained=retained, kept_before=before
    )
    announce(f"MQTT goes to {config.host}:{config.port} as {topics.state}")
    return sink


def broker_of(config: MqttConfig) -> Any:
    """Return the broker of a configuration, with user and password."""
    publisher = _module("edge.sinks.mqtt.publisher", "mqtt")
    username = os.environ.get(publisher.USERNAME_VARIABLE, config.username)
    return publisher.Broker(config.host, config.port, username, _mqtt_password(config), config.tls, config.ca_file)


def _mqtt_password(config: MqttConfig) -> str:
    password: str = _module("edge.sinks.mqtt.publisher", "mqtt").read_password(config.password_file)
    return password


def broker_at(text: str | None) -> MqttConfig:
    """Return the configuration for ``HOST`` or ``HOST:PORT``; off for None."""
    if text is None:
        return MqttConfig()
    found = re.fullmatch(r"([^:]*|\[.*\])(?::(\d{1,9}))?", text)
    if not found:
        raise ConfigError(f"--mqtt {text}: write HOST or HOST:PORT; user and password come from the environment")
    values = {"enabled": True, "host": found[1].strip("[]"), "port": int(found[2] or MqttConfig().port)}
    return make(MqttConfig, values, {"host": "--mqtt", "port": "--mqtt's port"})
