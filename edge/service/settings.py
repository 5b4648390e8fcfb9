"""The settings that the page may change: a few keys of the configuration file, whose comments and order stay.

What could run a program, or read a file, is not among them: whoever has the page's token gets no further than the page.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Any

from edge.checked import make, unknown
from edge.errors import ConfigError, SettingError
from edge.history.database import own_file
from edge.live.decision import DecisionSettings
from edge.service.config import Config, load_config, parse_config
from edge.sinks.face import load
from edge.sinks.mqtt import MqttConfig
from edge.written import write_whole

#: By table, the keys that may be changed. ``password`` is no key of the file: its own keeps it.
CHANGEABLE: Mapping[str, tuple[str, ...]] = {
    "source": ("uri",),
    "decision": tuple(asdict(DecisionSettings())),
    "mqtt": ("enabled", "host", "port", "tls", "username", "password", "name"),
}
MICROPHONE = re.compile(r"mic(:.+)?")
PASSWORD_FILE = "mqtt-password"


class FileSettings:
    """The settings of a daemon, which reads its file again once some have changed; any thread may use it."""

    def __init__(self, file: Path, reload: Callable[[], None]) -> None:
        self._file, self._reload = file, reload
        self._changing = Lock()

    def shown(self) -> dict[str, Any]:
        """Return the values that hold, and no secret; raises ``ConfigError`` for a file that is wrong by now."""
        config = load_config(self._file)
        mqtt, uri, are_several = self._mqtt(config), config.source.uri, len(config.sources) > 1
        source = {"uri": uri if MICROPHONE.fullmatch(uri) and not are_several else None}
        return {
            "file": str(self._file),
            "source": source | ({"several": True} if are_several else {}),
            "decision": asdict(config.decision),
            "mqtt": {key: getattr(mqtt, key) for key in CHANGEABLE["mqtt"] if key != "password"}
            | {"has_password": bool(mqtt.password_file)},
        }

    def change(self, asked: Mapping[str, Any]) -> None:
        """Write other values, by table and key, and have the file read again; all of them or none.

        Raises ``ConfigError``, with the line, for one that makes no sense, and where the file cannot be written.
        """
        _require_changeable(asked)
        with self._changing:
            text = self._text()
            if asked.get("source") and len(load_config(self._file).sources) > 1:
                raise SettingError("uri", "there are several sources: their microphones are set in the file")
            wanted = {table: dict(values) for table, values in asked.items()}
            password = wanted.get("mqtt", {}).pop("password", None)
            if password is not None:
                wanted["mqtt"]["password_file"] = str(self._password_file()) if password else ""
            changed = changed_text(text, wanted)
            parse_config(changed, str(self._file))
            before = self._password_file().read_text("utf-8") if password and self._password_file().exists() else None
            if password:
                self._write(self._password_file(), f"{password}\n", 0o600)
            try:
                self._write(self._file, changed, None)
            except ConfigError:
                if before is not None:
                    self._write(self._password_file(), before, 0o600)
                raise
        self._reload()

    def broker(self, asked: Mapping[str, Any]) -> Any:
        """Return the broker that the settings would be of, with ``asked`` in place of those of MQTT."""
        _require_changeable({"mqtt": asked})
        given = dict(asked)
        password = given.pop("password", None)
        mqtt = replace(make(MqttConfig, asdict(self._mqtt(load_config(self._file))) | given), enabled=True)
        found = mqtt.broker()
        return found if password is None else replace(found, password=password)

    @staticmethod
    def _mqtt(config: Config) -> MqttConfig:
        found: MqttConfig = config.faces["mqtt"]
        return found

    @staticmethod
    def _password_file() -> Path:
        return own_file().with_name(PASSWORD_FILE)

    def _text(self) -> str:
        load_config(self._file)  # which says what is wrong with it as it is
        return self._file.read_bytes().decode("utf-8-sig")

    def _write(self, file: Path, text: str, mode: int | None) -> None:
        where = file.resolve()  # a link stays one
        try:
            content = text.encode()
            write_whole(where, content, stat.S_IMODE(where.stat().st_mode) if mode is None else mode)
        except UnicodeEncodeError as error:
            raise ConfigError(f"{file}: half a character cannot be written; type it again") from error
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}; {self._remedy()}") from error

    def _remedy(self) -> str:
        kept = own_file().with_name(self._file.name)
        if self._file.resolve().parent == kept.parent or not os.environ.get("STATE_DIRECTORY"):
            return "let the service's user write the file and its folder, or edit it by hand"
        here, there = shlex.quote(str(self._file)), shlex.quote(str(kept))
        return f"to let the page change it, type: sudo mv {here} {there} && sudo ln -s {there} {here}"


def changed_text(text: str, wanted: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a configuration with other values, and all else as it was: comments, order, line ends."""
    tomlkit = load("tomlkit", "web")
    document = tomlkit.parse(text)
    for table, values in wanted.items():
        for key, value in values.items():
            if table not in document:
                document[table] = tomlkit.table()
            held = document[table]
            try:
                (held[0] if isinstance(held, list) else held)[key] = value  # an array of tables, with one
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{key} must be a text, a number, true or false") from error
    changed: str = tomlkit.dumps(document)
    return changed


def _require_changeable(asked: Mapping[str, Any]) -> None:
    for table, values in asked.items():
        if table not in CHANGEABLE:
            raise SettingError("", unknown("table", table, CHANGEABLE))
        if not isinstance(values, Mapping):
            raise SettingError("", f"{table} must be an object")
        for key, value in values.items():
            if key not in CHANGEABLE[table]:
                raise SettingError(key, unknown("setting", key, CHANGEABLE[table]))
            if not isinstance(value, str | int | float | bool):
                raise SettingError(key, f"{key} must be a text, a number, true or false")
            if key == "uri" and not MICROPHONE.fullmatch(str(value)):
                raise SettingError(key, "uri must be mic or mic:NAME here; other sources are set in the file")
            if key == "password" and (not isinstance(value, str) or re.search(r"[\0\r\n]", value)):
                raise SettingError(key, "password must be a text of one line")
