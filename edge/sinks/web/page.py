"""The sink: a page at an address, from the first event on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from edge.events import Event
from edge.http.access import Access
from edge.model.bundle import Bundle
from edge.rooms import NO_ROOM, RoomName
from edge.sinks.face import Settings
from edge.sinks.web.app import PAGE, application, model_card
from edge.sinks.web.board import Board
from edge.sinks.web.settings_api import SECRET_PATHS
from edge.sinks.web.site import Entry, Site
from edge.switch import Switch


class WebPage:
    """Sink that shows events to browsers. It never waits for one: events are handed to the server's thread."""

    def __init__(
        self,
        site: Site,
        token: str,
        bundle: Bundle,
        history: Path | None,
        names: Iterable[str] = (),
        *,
        token_place: str = "",
        frames: Iterable[str] = (),
        switch: Switch | None = None,
        settings: Settings | None = None,
        room: RoomName = NO_ROOM,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        """``history`` is the file that the page's day is read from; ``names`` are further names of this machine,
        ``frames`` the origins whose pages may show this one in a frame; ``switch`` is turned by requests,
        and ``settings`` changed. ``site`` is the server; ``on_close`` gives back one that the pages of other rooms
        use, too.
        """
        self._board = Board()
        self._board.correctable = history is not None
        card = model_card(bundle.name, bundle.labels, bundle.interpreter.runtime, bundle.spec, bundle.sidecar)
        self._site = site
        access = Access(
            application(self._board, card, history, switch or Switch(), settings=settings, rooms=site.rooms),
            token,
            open_to_read=site.server.address.is_loopback,
            open_paths=PAGE,
            names=names,
            token_place=token_place,
            frames=frames,
            secret_paths=SECRET_PATHS,
        )
        self._on_close, self._server = on_close or site.close, site.server
        site.add(Entry(room, access, self._board))

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._server.address.url

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._server.require_running()
        self._board.put(event)

    def close(self) -> None:
        """End the page, and the server unless others use it."""
        self._site.remove(self._board)
        self._on_close()
