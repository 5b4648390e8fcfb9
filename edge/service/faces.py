"""The requested faces: opening them, passing events, and closing them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from edge.events import Event
from edge.http.shared import Shared
from edge.model.bundle import Bundle
from edge.rooms import NO_ROOM, RoomName
from edge.sinks import Sink
from edge.sinks.every_face import faces_of
from edge.sinks.face import Settings, Surroundings
from edge.sinks.guard import Guarded
from edge.sinks.persistent import Persistent
from edge.sinks.present import Present
from edge.switch import Switch

log = logging.getLogger(__name__)


class Faces:
    """Sink of all faces of a configuration, which may change; those opened late get the present state."""

    def __init__(
        self,
        present: Present,
        switch: Switch,
        *,
        announce: Callable[[str], None] = log.info,
        on_exit: Callable[[], None] | None = None,
        patient: bool = False,
        settings: Settings | None = None,
        shared: Shared | None = None,
    ) -> None:
        """``present`` has every event before this; faces may turn ``switch``. ``announce`` is told where a face is to
        be found, ``on_exit`` called when somebody closes one. ``patient``: one that cannot be opened at first is no
        error, but tried again. ``settings`` are those that faces may change; ``shared`` is for those of all rooms."""
        self._present, self._switch, self._settings = present, switch, settings
        self._announce, self._on_exit, self._patient = announce, on_exit, patient
        self._shared = shared or Shared()
        self._open: dict[str, tuple[Hashable, Persistent, Guarded]] = {}
        self._wanted: dict[str, tuple[Hashable, Callable[[], Sink]]] = {}

    def show(self, sections: Mapping[str, Any], model: Bundle, history: Path | None = None) -> None:
        """Open, keep and close faces as their settings ask, by section; they may read and correct ``history``.

        Raises ``FaceError`` for the first that cannot be opened, unless this is patient.
        """
        self.close_changed(sections, model, history)
        self.open_missing()

    def close_changed(
        self, sections: Mapping[str, Any], model: Bundle, history: Path | None, *, room: RoomName = NO_ROOM
    ) -> None:
        """Close the faces that settings no longer ask for as they are: others may take over their addresses."""
        around = Surroundings(
            sections, model, history, self._switch, self._settings, self._announce, self._on_exit, room, self._shared
        )
        self._wanted = wanted = {}
        for face in faces_of(room.place):
            settings = sections[face.section]
            if settings.enabled:
                key: Hashable = (settings, face.depends_on(settings, around))
                wanted[face.name] = key, partial(face.open, settings, around)
        for name, (key, persistent, guarded) in [*self._open.items()]:
            if name not in wanted or wanted[name][0] != key:
                if name not in wanted:
                    persistent.forget()
                guarded.close()
                del self._open[name]

    def open_missing(self) -> None:
        """Open the faces that are asked for and not open."""
        for name, (key, opener) in self._wanted.items():
            if name not in self._open:
                persistent = Persistent(opener, name, self._present, patient=self._patient)
                self._open[name] = key, persistent, Guarded(persistent, name)

    def __call__(self, event: Event) -> None:
        """Hand an event to every face."""
        for _, _, guarded in self._open.values():
            guarded(event)

    def forget(self) -> None:
        """Take back what faces have left elsewhere, and close them."""
        for _, persistent, _ in self._open.values():
            persistent.forget()
        self.close()

    def close(self) -> None:
        """Close every face."""
        for _, _, guarded in self._open.values():
            guarded.close()
        self._open.clear()
