"""The sink: a page at an address, from the first event on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge.events import Event
from edge.http.access import Access
from edge.http.address import Address
from edge.http.server import Server
from edge.model.bundle import Bundle
from edge.sinks.face import Settings
from edge.sinks.web.app import PAGE, application, model_card
from edge.sinks.web.board import Board
from edge.sinks.web.settings_api import SECRET_PATHS
from edge.switch import Switch


class WebPage:
    """Sink that shows events to browsers. It never waits for one: events are handed to the server's thread."""

    def __init__(
        self,
        address: Address,
        token: str,
        bundle: Bundle,
        history: Path | None,
        names: Iterable[str] = (),
        *,
        token_place: str = "",
        frames: Iterable[str] = (),
        switch: Switch | None = None,
        settings: Settings | None = None,
    ) -> None:
        """``history`` is the file that the page's day is read from; ``names`` are further names of this machine,
        ``frames`` the origins whose pages may show this one in a frame; ``switch`` is turned by requests,
        and ``settings`` changed.

        Raises ``FaceError`` if the address cannot be had.
        """
        self._board = Board()
        self._board.correctable = history is not None
        card = model_card(bundle.name, bundle.labels, bundle.interpreter.runtime, bundle.spec, bundle.sidecar)
        access = Access(
            application(self._board, card, history, switch or Switch(), settings),
            token,
            open_to_read=address.is_loopback,
            open_paths=PAGE,
            names=names,
            token_place=token_place,
            frames=frames,
            secret_paths=SECRET_PATHS,
        )
        self._server = Server(access, address, name="web page", on_start=self._connect)

    def _connect(self) -> None:
        self._board.wake = lambda: self._server.call_soon(self._board.take_in)
        self._board.take_in()

    @property
    def url(self) -> str:
        """Its URL."""
        return self._server.address.url

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._server.require_running()
        self._board.put(event)

    def close(self) -> None:
        """End the server."""
        self._server.call_soon(self._board.dismiss)
        self._server.close()
