"""Names of rooms: each of several sources has one, and with it files, an address and topics of its own."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

#: Sources at once, at most.
MOST_ROOMS = 8


def slug_of(name: str) -> str:
    """Return a name as files, addresses and topics have it: ``living-room`` for "Living Room"; it may be empty."""
    letters = unicodedata.normalize("NFKD", name).casefold().encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def room_name(value: str) -> str:
    """Rule (``edge.checked``) for the name of a room; empty for a source without one."""
    words = "may have letters, digits, spaces, - and _, 32 at most"
    if not re.fullmatch(r"([^\W_][\w -]{0,31})?", value) or value != value.strip():
        raise ValueError(f"is {value[:40]!r}, {words}")
    if value and not slug_of(value):
        raise ValueError(f"is {value!r}, but its files need a letter from a to z, or a digit")
    return value


@dataclass(frozen=True, slots=True)
class RoomName:
    """The name of a room, and its place among the others."""

    name: str = ""  # as people read it; empty for a source without one
    place: int = 0  # in the order of the configuration
    slugs: tuple[str, ...] = ("",)  # of all rooms, in that order

    @property
    def slug(self) -> str:
        """The name as files, addresses and topics have it; empty without one."""
        return slug_of(self.name)

    @property
    def shown(self) -> str:
        """The name where it tells rooms apart; empty where there is no other."""
        return "" if len(self.slugs) == 1 else self.name

    def file(self, path: Path) -> Path:
        """Return the room's own file: ``history-kitchen.db`` for ``history.db``."""
        return path.with_name(f"{path.stem}-{self.slug}{path.suffix}") if self.slug else path


#: The only source, without a name.
NO_ROOM = RoomName()


def files_of_rooms(path: Path) -> dict[str, Path]:
    """Return the files that ``RoomName.file`` gave for ``path`` and that exist, by slug; not that without a room."""
    start = f"{path.stem}-"
    return {found.stem.removeprefix(start): found for found in sorted(path.parent.glob(f"{start}*{path.suffix}"))}
