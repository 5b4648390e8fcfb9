"""The daemon's configuration: a TOML file, read into frozen objects.

An unknown key or a bad value is an error with its line, since silently ignored settings would be noticed months later.
The rules are part of the fields (``edge.checked``), and apply to options, too. ``edge/service/livegenre.toml``
documents every key with its default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge import checked
from edge.audio.raw_format import RawFormat
from edge.checked import between, one_of, setting, unknown
from edge.errors import ConfigError, SettingError
from edge.live.decision import DecisionSettings
from edge.rooms import MOST_ROOMS, RoomName, room_name, slug_of
from edge.service.nightly import LearningConfig
from edge.sinks.every_face import FACES

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class SourceConfig(RawFormat):
    """A source, the format of its audio if that has no header, and the name of the room that it is in."""

    uri: str = "mic"
    name: str = setting("", room_name)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The model."""

    folder: str = setting("", checked.path)
    styles: bool = True


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """The history: on or off, its file, and how long segments are kept."""

    enabled: bool = True
    file: str = setting("", checked.path)
    retention_days: int = setting(1095, between(0, 36_500))
    checkpoint_s: float = setting(5.0, between(0.1, 3_600))


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Logging."""

    level: str = setting("info", one_of(*LEVELS))


#: The class of each table; its fields are the table's keys.
SECTIONS: Mapping[str, type[Any]] = {
    "source": SourceConfig,
    "model": ModelConfig,
    "decision": DecisionSettings,
    "history": HistoryConfig,
    "learning": LearningConfig,
    **{face.section: face.settings for face in FACES},
    "log": LogConfig,
}


@dataclass(frozen=True, slots=True)
class Config:
    """The daemon's configuration."""

    sources: tuple[SourceConfig, ...] = (SourceConfig(),)
    model: ModelConfig = field(default_factory=ModelConfig)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    learning: LearningConfig = field(default_factory=LearningConfig)
    log: LogConfig = field(default_factory=LogConfig)
    faces: Mapping[str, Any] = field(default_factory=lambda: {face.section: face.settings() for face in FACES})

    @property
    def source(self) -> SourceConfig:
        """The first source, or the only one."""
        return self.sources[0]

    def rooms(self) -> dict[RoomName, SourceConfig]:
        """Return the sources by the names of their rooms, in their order."""
        slugs = tuple(slug_of(source.name) for source in self.sources)
        return {RoomName(source.name, place, slugs): source for place, source in enumerate(self.sources)}


def load_config(path: Path) -> Config:
    """Read a configuration file; ``ConfigError`` names the file, the line and the remedy."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
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
    sources = _sources(text, name, tables.pop("source", {}))
    read = {table: _section(text, name, table, entries) for table, entries in tables.items()}
    faces = {face.section: read.pop(face.section, face.settings()) for face in FACES}
    return Config(**read, sources=sources, faces=faces)


def _sources(text: str, name: str, entries: Any) -> tuple[SourceConfig, ...]:
    """Return the only source of ``[source]``, or those of an array of such tables."""
    if not isinstance(entries, list):
        return (_section(text, name, "source", entries),)
    found: dict[str, SourceConfig] = {}
    for number, entry in enumerate(entries):
        source = _section(text, name, "source", entry, number)
        try:
            if number >= MOST_ROOMS:
                raise SettingError("", f"there are {len(entries)} sources, {MOST_ROOMS} at most")
            if not source.name and len(entries) > 1:
                raise SettingError("name", 'each of several sources needs a name: name = "kitchen"')
            if other := found.get(slug_of(source.name)):
                raise SettingError("name", f"name is {source.name!r}, too like {other.name!r} of another source")
        except SettingError as error:
            raise ConfigError(f"{name}, line {_line_of(text, 'source', error.key, number)}: {error}") from error
        found[slug_of(source.name)] = source
    if not found:
        raise ConfigError(f"{name}, line {_line_of(text, 'source', '')}: source lists nothing; write [source]")
    return tuple(found.values())


def _section(text: str, name: str, table: str, entries: Any, number: int = 0) -> Any:
    try:
        if table not in SECTIONS:
            raise SettingError("", unknown("table", table, SECTIONS))
        if not isinstance(entries, Mapping):
            raise SettingError("", f"{table} is a table: write [{table}] and its keys below")
        return checked.make(SECTIONS[table], entries)
    except SettingError as error:
        raise ConfigError(f"{name}, line {_line_of(text, table, error.key, number)}: {error}") from error


def _line_of(text: str, table: str, key: str, entry: int = 0) -> int:
    """Return the line of a key, or of its table for "": tomllib does not report it, and people write plain keys.

    ``entry`` counts the tables of that name before the one that is meant.
    """
    current, first, n_before = "", 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([\w-]+)\s*\]", line):
            current = header[1] if header[1] != table or n_before == entry else "[]"
            first = number if current == table else first
            n_before += header[1] == table
        names = re.match(r"\s*([\w-]+)\s*(?:\.\s*([\w-]+)\s*)?=", line)
        if names and (current, names[1]) == (table, key):
            return number
        if names and not current and names[1] == table and key in ("", names[2]):
            return number
    return first
