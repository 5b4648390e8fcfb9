"""Parts of answers to requests that all of the page's API shares."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.http import server
from edge.http.access import Receive, Scope, Send

log = logging.getLogger(__name__)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that no one keeps."""
    return JSONResponse(value, status, {"cache-control": "no-store", **(headers or {})})


async def as_error(_request: Request, error: Exception) -> Response:
    """Return what is told of an exception; one that is no refusal is logged."""
    if isinstance(error, HTTPException):
        return as_json({"error": error.detail}, error.status_code, error.headers)
    log.error("the page's server failed", exc_info=error)
    return as_json({"error": "an error of the program's own; its log says more"}, 500)


async def json_object(request: Request, most_bytes: int) -> dict[str, Any]:
    """Return the JSON object that a request sends; raises ``HTTPException`` for what is none."""
    body = b""
    try:
        async with asyncio.timeout(server.PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    raise HTTPException(413, f"a request here has {most_bytes} bytes at most")
        asked = json.loads(body)
    except TimeoutError as error:
        raise HTTPException(408, "the request did not end") from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the request is not JSON") from error
    if not isinstance(asked, dict):
        raise HTTPException(400, "the request is not a JSON object")
    return asked


def message(kind: str, value: Any) -> bytes:
    """Return one server-sent event (HTML standard, 9.2): a kind, and JSON on a line."""
    return f"event: {kind}\ndata: {json.dumps(value, allow_nan=False, separators=(',', ':'))}\n\n".encode()


class EventStream(Response):
    """Server-sent events for as long as the client reads them."""

    def __init__(self, reader: Callable[[], AbstractContextManager[AsyncIterator[bytes]]]) -> None:
        """``reader`` yields the events for as long as it is entered."""
        super().__init__(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client goes, or does not read for ``server.PATIENCE_S``."""
        with self._reader() as messages:  # before anything is waited for: it may be the last place
            await self._serve(messages, receive, send)

    async def _serve(self, messages: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sending = asyncio.create_task(_send_each(messages, send))
        leaving = asyncio.create_task(_until_gone(receive))
        _, unfinished = await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send_each(messages: AsyncIterator[bytes], send: Send) -> None:
    async for text in messages:
        async with asyncio.timeout(server.PATIENCE_S):
            await send({"type": "http.response.body", "body": text, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
