"""The daemon's configuration: a TOML file, read into frozen objects.

A key that is unknown or has a bad value is an error with its line: a daemon that starts with a setting silently
ignored is found out months later. ``edge/service/livegenre.toml`` documents every key with its default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from edge.audio.raw_format import RawFormat
from edge.errors import ConfigError
from edge.live.decision import DecisionSettings
from edge.sinks.web.address import parse_address

LEVELS = ("debug", "info", "warning", "error")

#: Smallest and largest value of every number, by table and key.
RANGES: Mapping[str, tuple[float, float]] = {
    "source.sample_rate": (4_000, 384_000),
    "source.channels": (1, 64),
    "decision.silence_dbfs": (-120, 0),
    "decision.silence_hysteresis_db": (0, 40),
    "decision.silence_after_s": (0, 600),
    "decision.smoothing_s": (0.01, 600),
    "decision.unsure_below": (0, 1),
    "decision.lead": (1, 100),
    "decision.at_once_s": (0, 600),
    "decision.settled_after_s": (0, 600),
    "decision.lead_for_s": (0, 600),
    "history.retention_days": (0, 36_500),
    "history.checkpoint_s": (0.1, 3_600),
    "mqtt.port": (1, 65_535),
}

#: Keys that name a file or a folder, where ~ is somebody's home.
PATHS = frozenset({"model.folder", "history.file", "web.token_file", "mqtt.ca_file", "mqtt.password_file"})
#: Keys that say where to listen for connections.
ADDRESSES = frozenset({"web.address", "prometheus.address"})
#: Keys that are levels of an MQTT topic.
TOPICS = frozenset({"mqtt.topic", "mqtt.discovery"})
TOPIC = r"[A-Za-z0-9_/-]*"


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """What to listen to."""

    uri: str = "mic"
    sample_rate: int = RawFormat().sample_rate
    channels: int = RawFormat().channels


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which model to use."""

    folder: str = ""
    styles: bool = True


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """Whether, where and how long to keep what was heard."""

    enabled: bool = True
    file: str = ""
    retention_days: int = 1095
    checkpoint_s: float = 5.0


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Whether and where to show a page; see ``edge.sinks.web``."""

    enabled: bool = False
    address: str = "127.0.0.1:8730"
    token_file: str = ""
    names: str = ""


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """Whether to fill the screen; see ``edge.sinks.window``."""

    enabled: bool = False


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Whether, where and how to publish; see ``edge.sinks.mqtt``."""

    enabled: bool = False
    host: str = "localhost"
    port: int = 1883
    tls: bool = False
    ca_file: str = ""
    username: str = ""
    password_file: str = ""
    name: str = ""
    topic: str = "livegenre"
    discovery: str = "homeassistant"


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """Whether and where to give out metrics; see ``edge.sinks.prometheus``."""

    enabled: bool = False
    address: str = "127.0.0.1:8731"


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What to log."""

    level: str = "info"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the daemon can be told; a field a table, the tables' fields the keys."""

    source: SourceConfig = field(default_factory=SourceConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    web: WebConfig = field(default_factory=WebConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    prometheus: PrometheusConfig = field(default_factory=PrometheusConfig)
    log: LogConfig = field(default_factory=LogConfig)


def load_config(path: Path) -> Config:
    """Read a configuration file; ``ConfigError`` names the file, the line and the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ConfigError(f"{path}: {reason}; write one or see `livegenre service show --config`") from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str) -> Config:
    """Return the configuration that ``text`` holds; ``name`` is the file's, for messages."""
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # also a number of thousands of digits, which tomllib does not call its own error
        raise ConfigError(f"{name}: is not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: is nested too deeply; a value here is a text, a number, true or false") from error
    for table, key, problem in _problems(tables):
        raise ConfigError(f"{name}, line {_line_of(text, table, key)}: {problem}")
    types = get_type_hints(Config)
    return Config(**{table: _table(table, types[table], entries) for table, entries in tables.items()})


def _table(table: str, kind: type[Any], entries: Mapping[str, Any]) -> Any:
    types = get_type_hints(kind)

    def converted(key: str, value: Any) -> Any:
        if f"{table}.{key}" in PATHS:
            return os.path.expanduser(value)  # noqa: PTH111 - "" must stay what it is
        return float(value) if types[key] is float else value

    return kind(**{key: converted(key, value) for key, value in entries.items()})


def _problems(tables: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """Yield (table, key or None, what is wrong) for whatever ``Config`` could not take."""
    known_tables = get_type_hints(Config)
    for table, entries in tables.items():
        if table not in known_tables:
            yield table, None, _unknown("table", table, known_tables)
        elif not isinstance(entries, dict):
            yield table, None, f"{table} is a table: write [{table}] and its keys below"
        else:
            types = get_type_hints(known_tables[table])
            for key, value in entries.items():
                problem = _problem(table, key, value, types)
                if problem:
                    yield table, key, problem


def _problem(table: str, key: str, value: object, types: Mapping[str, type]) -> str | None:
    if key not in types:
        return _unknown("key", key, types)
    allowed = (int, float) if types[key] is float else types[key]
    if not isinstance(value, allowed) or (isinstance(value, bool) and types[key] is not bool):
        return f"{key} must be {_TYPE_WORDS[types[key]]}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = RANGES[f"{table}.{key}"]
        return None if low <= value <= high else f"{key} is {value}, must be {low} to {high}"
    return _text_problem(table, key, value) if isinstance(value, str) else None


def _text_problem(table: str, key: str, value: str) -> str | None:
    if "\0" in value:
        return f"{key} holds a NUL character, which no path and no command can"
    if f"{table}.{key}" in PATHS and os.path.expanduser(value).startswith("~"):  # noqa: PTH111
        return f"{key} is {value!r}, but there is no such user; write the whole path"
    if f"{table}.{key}" in ADDRESSES:
        try:
            parse_address(value)
        except ConfigError as error:
            return f"{key}: {error}"
    if f"{table}.{key}" in TOPICS and not re.fullmatch(TOPIC, value):
        return f"{key} is {value!r}, may have letters, digits, -, _ and / alone"
    if (table, key) == ("log", "level") and value not in LEVELS:
        return f"level is {value!r}, must be one of {', '.join(LEVELS)}"
    return None


_TYPE_WORDS = {str: 'text in quotes ("...")', int: "a whole number", float: "a number", bool: "true or false"}


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"unknown {what} {name}; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}")


def _line_of(text: str, table: str, key: str | None) -> int:
    """Return the line of a key, or of its table: tomllib doesn't tell, and keys written by people are plain."""
    current, first = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            current = header[1]
            first = number if current == table else first
        names = re.match(r"\s*([\w-]+)\s*(?:\.\s*([\w-]+)\s*)?=", line)
        if names and (current, names[1]) == (table, key):
            return number
        if names and not current and names[1] == table and key in (None, names[2]):
            return number
    return first
