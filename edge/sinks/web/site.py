"""The server of all rooms' pages: the first room's at ``/``, and each with a name at ``/rooms/NAME/``.

A request is handed to its room with the path that it has there. Access control and routes of a room are therefore those
of a page alone.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from edge.http.access import App, Receive, Scope, Send
from edge.http.address import Address
from edge.http.server import Server
from edge.rooms import RoomName
from edge.sinks.web.board import Board

_IN_A_ROOM = re.compile(r"/rooms/([a-z0-9-]+)(/.*)", re.DOTALL)


def path_of(room: RoomName) -> str:
    """Return where a room's page is on the server."""
    return f"/rooms/{room.slug}/" if room.slug else "/"


@dataclass(frozen=True, slots=True)
class Entry:
    """A room with its page: ``app`` answers, behind access control, with what ``board`` holds."""

    room: RoomName
    app: App
    board: Board


class Site:
    """Serves from the moment it is made; rooms come and go."""

    def __init__(self, address: Address) -> None:
        """Raises ``FaceError`` if the address cannot be had."""
        self._entries: tuple[Entry, ...] = ()  # replaced as a whole: the server's thread reads it
        self.server = Server(self, address, name="web page", on_start=self._connect)

    def add(self, entry: Entry) -> None:
        """Serve a room's page from now on."""
        self._entries = tuple(sorted((*self._entries, entry), key=lambda one: one.room.place))
        self.server.call_soon(self._connect)

    def remove(self, board: Board) -> None:
        """Serve it no longer, and dismiss its readers."""
        self._entries = tuple(one for one in self._entries if one.board is not board)
        self.server.call_soon(board.dismiss)

    def _connect(self) -> None:
        for entry in self._entries:
            entry.board.wake = partial(self.server.call_soon, entry.board.take_in)
            entry.board.take_in()

    def rooms(self) -> list[dict[str, Any]]:
        """Return the rooms as ``/api/rooms`` gives them, in their order."""
        found = []
        for entry in self._entries:
            now = entry.board.now()
            shown = {key: now[key] for key in ("state", "genre", "shown", "listening")}
            found.append({"name": entry.room.name, "path": path_of(entry.room), **shown})
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a room answer a request."""
        while not self._entries:  # the first room is just being added, or the last was removed
            await asyncio.sleep(0.01)
        entry = self._entries[0]
        if found := _IN_A_ROOM.fullmatch(scope.get("path", "")):
            for one in self._entries:
                if one.room.slug == found[1]:
                    entry, scope = one, {**scope, "path": found[2]}
        await entry.app(scope, receive, send)

    def close(self) -> None:
        """End the server."""
        self.server.close()
