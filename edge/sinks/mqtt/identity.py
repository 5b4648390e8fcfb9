"""A device's identity for brokers: a random id, created once, and its retained topics.

Its name cannot be the id: two devices of one name would keep disconnecting each other.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from edge.errors import FaceError
from edge.rooms import NO_ROOM, RoomName, files_of_rooms
from edge.written import write_whole

ID_FILE, TOPICS_FILE = "device-id", "mqtt-topics.json"
_ID = re.compile(r"[0-9a-f]{12}")


def device_id(folder: Path, room: RoomName = NO_ROOM) -> str:
    """Return the id of this device, or of a room, which is made when there is none in ``folder``, the state's.

    Raises ``FaceError`` if it cannot be kept: a device that has another id at each start would fill Home Assistant.
    """
    file = room.file(folder / ID_FILE)
    with suppress(OSError, UnicodeDecodeError):
        found = file.read_text(encoding="ascii").strip()
        if _ID.fullmatch(found):
            return found
    made = secrets.token_hex(6)
    _write(file, f"{made}\n")
    return made


class Retained:
    """The retained topics of this device, or of a room, by broker, recorded before they are published.

    Any thread may use it.
    """

    def __init__(self, folder: Path, room: RoomName = NO_ROOM) -> None:
        self.slug = room.slug
        self._file = room.file(folder / TOPICS_FILE)
        self._writing = Lock()

    @classmethod
    def of_all_rooms(cls, folder: Path) -> list[Retained]:
        """Return those of every room that there is or was, and of a device without rooms."""
        file = folder / TOPICS_FILE
        found = [cls(folder, RoomName(slug)) for slug in files_of_rooms(file)]
        return [*found, cls(folder)] if file.exists() else found

    def at(self, broker: str) -> set[str] | None:
        """Return the topics at a broker, named ``host:port``; None where nothing was written down."""
        found = self._all().get(broker)
        return None if found is None else set(found)

    def brokers(self) -> list[str]:
        """Return the brokers that keep something."""
        return [broker for broker, topics in self._all().items() if topics]

    def keep(self, broker: str, topics: Iterable[str]) -> None:
        """Write down the topics at a broker; raises ``FaceError`` if that is not possible."""
        with self._writing:
            everything = self._all()
            if set(everything.get(broker, ())) != set(topics) or broker not in everything:
                _write(self._file, json.dumps(everything | {broker: sorted(topics)}, indent=1) + "\n")

    def _all(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return {
            str(broker): [topic for topic in topics if isinstance(topic, str)]
            for broker, topics in (found.items() if isinstance(found, dict) else ())
            if isinstance(topics, list)
        }


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        write_whole(file, text.encode())
    except OSError as error:
        raise FaceError(f"{file}: {error.strerror}; MQTT needs a place to keep this") from error
