"""A face is a sink that a configuration or an option asks for; each declares itself once, as a ``Face``.

Configuration, command line, manual page and the daemon go through the declarations in ``edge.sinks.every_face``. A
declaration does not import the face's modules: an unused face costs nothing.
"""

from __future__ import annotations

import importlib
import stat
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from edge.checked import make
from edge.errors import EdgeError, FaceError
from edge.http.shared import Shared
from edge.rooms import RoomName

if TYPE_CHECKING:
    from pathlib import Path

    from edge.model.bundle import Bundle
    from edge.sinks import Sink
    from edge.switch import Switch


@dataclass(frozen=True, slots=True)
class Option:
    """The option of ``livegenre listen`` that asks for a face."""

    flag: str
    help: str
    metavar: str = ""  # what may follow it; nothing for ""
    alone: str = ""  # the value if none follows
    #: The settings for a value. Raises ``ConfigError`` for an invalid one.
    settings: Callable[[str], Mapping[str, Any]] = lambda _: {}


class Settings(Protocol):
    """The settings that somebody may change while listening goes on; each method raises ``EdgeError``."""

    def shown(self) -> Mapping[str, Any]:
        """Return them by table, without secrets."""

    def change(self, asked: Mapping[str, Any]) -> None:
        """Change some of them, by table and key."""

    def broker(self, asked: Mapping[str, Any]) -> Any:
        """Return the broker of MQTT that they would name with ``asked`` among them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Things that a face may use beside its own settings."""

    sections: Mapping[str, Any]  # the settings of every face, by section
    model: Bundle
    history: Path | None  # the file that may be read and corrected, if one is kept
    switch: Switch  # which pauses listening
    settings: Settings | None  # that may be changed, if there is a file of them
    announce: Callable[[str], None]  # takes the location of a face, in words
    on_exit: Callable[[], None] | None  # called when a person closes a face, if that ends the program
    room: RoomName = field(default_factory=RoomName)  # that the events come from
    shared: Shared = field(default_factory=Shared)  # with the faces of other rooms


@dataclass(frozen=True, slots=True)
class Face:
    """The declaration of a face."""

    section: str  # of the configuration
    name: str  # as people read it
    settings: type[Any]  # a dataclass with ``enabled`` and with rules for the other fields (``edge.checked``)
    option: Option
    #: Opens the sink. Raises ``FaceError`` if that is not possible now.
    open: Callable[[Any, Surroundings], Sink]
    #: What it is opened with beside its settings: while both stay the same, it stays open.
    depends_on: Callable[[Any, Surroundings], Hashable] = lambda _settings, _surroundings: None
    draws_sound: bool = False  # whether it wants pictures of the sound in the events
    in_every_room: bool = False  # whether each room has one; otherwise only the first room

    def asked_for(self, value: str | None) -> Any:
        """Return the settings that its option stands for; None: it was not given."""
        if value is None:
            return self.settings()
        given = self.option.settings(value)
        names = {
            key: self.option.flag if place == 0 else f"{self.option.flag} {key}" for place, key in enumerate(given)
        }
        return make(self.settings, {"enabled": True, **given}, names)


def load(module: str, extra: str) -> Any:
    """Import a module that needs an extra; ``FaceError`` says how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        raise FaceError(f"{missing} is not installed; pip install 'livegenre[{extra}]'") from error


def content(read: Callable[[], str]) -> str:
    """Return the result of ``read`` for ``Face.depends_on``; an error is reported when the face is opened."""
    try:
        return read()
    except EdgeError as error:
        return str(error)


def warn_if_exposed(file: Path) -> None:
    """Warn of a file with a secret that other users may read or replace."""
    import logging  # which the command line does not need

    try:
        mode = file.stat().st_mode
    except OSError:  # it comes from the environment
        return
    exposed = [what for what, bits in (("read", stat.S_IROTH), ("written", stat.S_IWGRP | stat.S_IWOTH)) if mode & bits]
    if exposed:
        logging.getLogger(__name__).warning(
            "%s may be %s by other users: chmod 600 %s", file, " and ".join(exposed), file
        )
