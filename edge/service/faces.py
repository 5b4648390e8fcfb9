"""The faces that a configuration asks for: opened, handed every event, and closed.

What a face needs is imported when it is opened: one that nobody asked for costs nothing.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.checked import make
from edge.errors import ConfigError, FaceError
from edge.events import Event, Started
from edge.history.database import own_file
from edge.model.bundle import Bundle
from edge.service.config import Config, MqttConfig, WebConfig
from edge.sinks import Sink, problem_of
from edge.sinks.guard import Guarded
from edge.sinks.web import address

log = logging.getLogger(__name__)

#: Seconds after which a face that could not be opened is tried again.
RETRY_S = 30.0


class Faces:
    """Sink that is all faces of a configuration."""

    def __init__(
        self,
        config: Config,
        bundle: Bundle,
        history: Path | None = None,
        *,
        announce: Callable[[str], None] = log.info,
        on_exit: Callable[[], None] = lambda: None,
        patient: bool = False,
    ) -> None:
        """``announce`` is told where a face is to be found, ``on_exit`` called when somebody closes one.
        ``patient``: one that cannot be opened is tried again."""
        openers: dict[str, Callable[[], Sink]] = {}
        if config.web.enabled:
            openers["web page"] = partial(_web, config.web, bundle, history, announce)
        if config.window.enabled:
            openers["window"] = partial(_window, on_exit)
        if config.mqtt.enabled:
            openers["mqtt"] = partial(_mqtt, config.mqtt, history, announce)
        if config.prometheus.enabled:
            openers["metrics"] = partial(_metrics, config, announce)
        self._sinks: list[Sink] = []
        try:
            for name, opener in openers.items():
                face = Persistent(opener, name) if patient else opener()
                self._sinks.append(Guarded(face, name))
        except BaseException:
            self.close()
            raise

    def __call__(self, event: Event) -> None:
        """Hand an event to every face."""
        for sink in self._sinks:
            sink(event)

    def close(self) -> None:
        """Close every face."""
        for sink in self._sinks:
            sink.close()


def faces_change(before: Config, after: Config) -> bool:
    """Whether a change of configuration is one of the faces, or of what they show."""
    tables = ("web", "window", "mqtt", "prometheus", "history", "model")
    return any(getattr(before, table) != getattr(after, table) for table in tables)


class Persistent:
    """Sink that opens another, and if that fails tries again later, with an event; those until then go nowhere."""

    def __init__(self, opener: Callable[[], Sink], name: str) -> None:
        self._opener = opener
        self._sink: Sink | None = None
        self._started: Started | None = None
        self._next_try = time.monotonic() + RETRY_S
        try:
            self._sink = opener()
        except FaceError as error:
            log.warning("%s: %s; listening goes on, tried again every %.0f s", name, error, RETRY_S)

    @property
    def problem(self) -> str | None:
        """What is wrong now, in words."""
        return "not open yet" if self._sink is None else problem_of(self._sink)

    def __call__(self, event: Event) -> None:
        """Hand an event on; what opening raises comes through."""
        if isinstance(event, Started):
            self._started = event
        if self._sink is None:
            if time.monotonic() < self._next_try:
                return
            self._next_try = time.monotonic() + RETRY_S
            self._sink = self._opener()
            if self._started is not None and self._started is not event:
                self._sink(self._started)
        self._sink(event)

    def close(self) -> None:
        """Close it if it was opened."""
        if self._sink is not None:
            self._sink.close()


def _module(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise FaceError(f"{missing} is not installed; pip install 'livegenre[{extra}]'") from error


def _web(config: WebConfig, bundle: Bundle, history: Path | None, announce: Callable[[str], None]) -> Sink:
    where = address.parse_address(config.address, address.WEB_PORT)
    token_file, names = _token_file(config), _names(config)
    token = address.read_token(token_file)
    page = _module("edge.sinks.web.page", "web").WebPage(where, token, bundle, history, names)
    announce(f"the page is at {page.url}" + ("" if where.is_loopback else f" with the token in {token_file}"))
    sink: Sink = page
    return sink


def _window(on_exit: Callable[[], None]) -> Sink:
    try:
        from edge.sinks.window import Window
    except ImportError as error:  # many a Python is built or packaged without Tk
        raise FaceError("this Python has no tkinter, which the window needs; apt install python3-tk") from error
    return Window(on_exit)


def _metrics(config: Config, announce: Callable[[str], None]) -> Sink:
    where = address.parse_address(config.prometheus.address, address.METRICS_PORT)
    token_file = _token_file(config.web)
    module = _module("edge.sinks.prometheus", "prometheus")
    metrics = module.Metrics(where, address.read_token(token_file), _names(config.web))
    announce(f"metrics are at {metrics.url}" + ("" if where.is_loopback else f" with the token in {token_file}"))
    sink: Sink = metrics
    return sink


def _token_file(config: WebConfig) -> Path:
    return Path(config.token_file) if config.token_file else own_file().with_name("web-token")


def _names(config: WebConfig) -> list[str]:
    return config.names.replace(",", " ").split()


def _mqtt(config: MqttConfig, history: Path | None, announce: Callable[[str], None]) -> Sink:
    publisher = _module("edge.sinks.mqtt.publisher", "mqtt")
    username = os.environ.get(publisher.USERNAME_VARIABLE, config.username)
    password = publisher.read_password(config.password_file)
    broker = publisher.Broker(config.host, config.port, username, password, config.tls, config.ca_file)
    topics = publisher.Topics(config.name or socket.gethostname(), config.topic, config.discovery)
    corrector = None if history is None else publisher.Corrector(*_corrections(history))
    sink: Sink = publisher.Publisher(broker, topics, version("livegenre"), corrector)
    announce(f"publishing to {config.host}:{config.port} as {topics.state}")
    return sink


def broker_at(text: str | None) -> MqttConfig:
    """Return the configuration for ``HOST`` or ``HOST:PORT``; off for None."""
    if text is None:
        return MqttConfig()
    found = re.fullmatch(r"([^:]*|\[.*\])(?::(\d{1,9}))?", text)
    if not found:
        raise ConfigError(f"--mqtt {text}: write HOST or HOST:PORT; user and password come from the environment")
    values = {"enabled": True, "host": found[1].strip("[]"), "port": int(found[2] or MqttConfig().port)}
    return make(MqttConfig, values, {"host": "--mqtt", "port": "--mqtt's port"})


def _corrections(history: Path) -> tuple[Callable[[str], str | None], Callable[[], str | None]]:
    """Return what corrects the present, and what takes that back; both return what it is said to be then."""
    from edge.history.corrections import correct, undo

    return lambda label: correct(history, label).segment.corrected, lambda: undo(history).segment.corrected
