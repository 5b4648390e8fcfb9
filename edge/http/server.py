"""An ASGI application served by uvicorn in a thread of its own, with limits on clients."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.errors import FaceError
from edge.http.access import App
from edge.http.address import Address

log = logging.getLogger(__name__)

#: Concurrent connections; further ones get status 503.
MAX_CONNECTIONS = 96
#: Seconds that a client may take to send a request, or to read what it has asked for.
PATIENCE_S = 10.0
#: Bytes that a request's line and headers may have.
MAX_HEAD = 16_384


class _Connection(H11Protocol):
    """uvicorn's connection with timeouts for slow requests and for readers that stall."""

    _answered: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(PATIENCE_S, self._watch)

    def _watch(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()  # it was closed a while ago, and what is left is not read
        elif self.cycle is self._answered and (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()  # the same as at the last look: no request has come since
        else:
            self._answered = self.cycle
        self._timer = self.loop.call_later(PATIENCE_S, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)


class Server:
    """Serves from the moment it is made; ``close()`` ends it."""

    def __init__(self, app: App, address: Address, *, name: str, on_start: Callable[[], None] = lambda: None) -> None:
        """``on_start`` runs in the server's thread. Raises ``FaceError`` if the address cannot be had."""
        self._socket = address.bind()
        self.address = Address(address.host, self._socket.getsockname()[1])
        self._on_start = on_start
        self.loop: asyncio.AbstractEventLoop | None = None
        self._server = uvicorn.Server(_config(app))
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # a defect in the server must not stop listening
            log.exception("the server at %s ended", self.address)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._on_start()
        await self._server.serve(sockets=[self._socket])

    def call_soon(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Run a function in the server's thread; from any thread, and without waiting."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(function, *arguments)

    def require_running(self) -> None:
        """Raise ``FaceError`` if the server has ended."""
        if not self._thread.is_alive():
            raise FaceError(f"the server at {self.address} has ended")

    def close(self) -> None:
        """End all connections and the thread."""
        self._server.should_exit = True
        self._thread.join(timeout=2.0)


def _config(app: App) -> uvicorn.Config:
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # clients' errors are not logged
    return uvicorn.Config(
        app,
        http=_Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_graceful_shutdown=1,
    )
