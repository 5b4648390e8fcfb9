"""What the server answers: the page's files, and the JSON beside it that ``openapi.json`` describes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge import words
from edge.errors import CorrectionError, HistoryError
from edge.history.corrections import Corrected, correct, target_of, undo
from edge.history.reader import read_segments
from edge.history.segments import Segment, daily_totals, to_ms
from edge.http import server
from edge.http.access import Receive, Scope, Send
from edge.sinks.colours import STATE_COLOURS, colours
from edge.sinks.web.board import Board

log = logging.getLogger(__name__)

#: The page's files, all that is ever read from disk for it: by path, file and type.
PAGE = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/script.js": ("script.js", "text/javascript; charset=utf-8"),
    "/pictures.js": ("pictures.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/api/openapi.json": ("openapi.json", "application/json"),
}
#: Bytes that a correction may have.
MAX_BODY = 1024
#: Days of the history that are read at the same time; further requests wait.
READS_AT_ONCE = 2
#: Hours between two marks along a day.
MARK_EVERY_H = 4


class Events(Response):
    """Server-sent events for as long as the client reads them."""

    def __init__(self, board: Board) -> None:
        super().__init__(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client goes, or does not read for ``server.PATIENCE_S``."""
        with self._board.reader() as messages:  # before anything is waited for: it may be the last place
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


class Api:
    """The answers."""

    def __init__(self, board: Board, model: Mapping[str, Any], history: Path | None) -> None:
        """``model`` is what ``/api/model`` gives; ``history`` the file that is read, if one is kept."""
        self._board = board
        self._model = dict(model)
        self._history = history
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    async def now(self, _request: Request) -> Response:
        """What is heard now."""
        return _json(self._board.now())

    async def events(self, _request: Request) -> Response:
        """The same, whenever it changes."""
        if self._board.is_full:
            raise HTTPException(503, "as many pages are open as there may be", {"retry-after": "10"})
        return Events(self._board)

    async def model(self, _request: Request) -> Response:
        """What the classifier is, and how right."""
        return _json(self._model)

    async def history(self, request: Request) -> Response:
        """One local day of the history."""
        if self._history is None:
            raise HTTPException(404, "no history is kept")
        text = request.query_params.get("day")
        try:
            day = datetime.now().date() if text is None else date.fromisoformat(text)
            since, until = (_midnight(day + timedelta(days=n)) for n in (0, 1))
        except (ValueError, OverflowError) as error:
            raise HTTPException(400, "day: write a date as 2026-11-21") from error
        async with self._reads:
            try:
                return _json(await asyncio.to_thread(_day, self._history, since, until))
            except HistoryError as error:
                raise HTTPException(404, words.safe(error)) from error

    async def correct(self, request: Request) -> Response:
        """Say what a segment was, or (DELETE) take its last correction back; ``Access`` has seen the token."""
        history = self._history
        if history is None:
            raise HTTPException(404, "no history is kept in which it could be put right")
        change = _undo_asked(request) if request.method == "DELETE" else await _correction_asked(request)
        try:
            done = await asyncio.to_thread(change, history)
        except CorrectionError as error:
            raise HTTPException(409, words.safe(error)) from error
        except HistoryError as error:
            raise HTTPException(503 if history.exists() else 409, words.safe(error)) from error
        return _json({"corrected": done.segment.corrected, "segment": _segment(done.segment)})


def _undo_asked(request: Request) -> Callable[[Path], Corrected]:
    target = _target({"segment": request.query_params.get("segment")})
    return lambda history: undo(history, target)


async def _correction_asked(request: Request) -> Callable[[Path], Corrected]:
    asked = await _body(request)
    genre = asked.get("genre")
    if not isinstance(genre, str):
        raise HTTPException(400, 'write {"genre": "jazz", "segment": "123"}')
    target = _target(asked)
    return lambda history: correct(history, genre, target)


def _target(asked: Mapping[str, Any]) -> int | datetime:
    try:
        return target_of(asked)
    except CorrectionError as error:
        raise HTTPException(400, str(error)) from error


async def _body(request: Request) -> dict[str, Any]:
    body = b""
    try:
        async with asyncio.timeout(server.PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY:
                    raise HTTPException(413, f"a correction has {MAX_BODY} bytes at most")
        asked = json.loads(body)
    except TimeoutError as error:
        raise HTTPException(408, "the request did not end") from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the request is not JSON") from error
    return asked if isinstance(asked, dict) else {}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time()).astimezone()


def _day(file: Path, since: datetime, until: datetime) -> dict[str, Any]:
    segments = read_segments(file, since, until)
    spans = [(to_ms(segment.start), round(segment.duration_s * 1000), segment.label) for segment in segments]
    totals = daily_totals(spans, since, until).get(since.date(), {})
    return {
        "day": since.date().isoformat(),
        "start": since.isoformat(),
        "end": until.isoformat(),
        "hours": _hours(since.date(), until),
        "totals": [
            {"label": label, "seconds": round(seconds, 1)}
            for label, seconds in sorted(totals.items(), key=lambda item: -item[1])
        ],
        "segments": [_segment(segment) for segment in segments],
    }


def _hours(day: date, until: datetime) -> list[dict[str, str]]:
    """Return where the local clock says 0:00, 4:00 and so on: a day may have 23 or 25 hours."""
    times = [datetime.combine(day, time(hour)).astimezone() for hour in range(0, 24, MARK_EVERY_H)]
    labels = [f"{hour}:00" for hour in range(0, 25, MARK_EVERY_H)]
    return [{"label": label, "time": at.isoformat()} for label, at in zip(labels, [*times, until], strict=True)]


def _segment(segment: Segment) -> dict[str, Any]:
    return {"id": str(segment.id), **segment.to_json()}


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(value, status, {"cache-control": "no-store", **(headers or {})})


async def _error(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _json({"error": error.detail}, error.status_code, error.headers)
    log.error("the page's server failed", exc_info=error)
    return _json({"error": "an error of the program's own; its log says more"}, 500)


def _file(name: str, media_type: str) -> Response:
    content = files("edge.sinks.web").joinpath(name).read_bytes()
    return Response(content, media_type=media_type, headers={"cache-control": "no-cache"})


def application(board: Board, model: Mapping[str, Any], history: Path | None) -> Starlette:
    """Return the application."""
    api = Api(board, model, history)
    page = {path: _file(*entry) for path, entry in PAGE.items()}

    async def page_file(request: Request) -> Response:
        return page[request.url.path]

    return Starlette(
        routes=[
            *(Route(path, page_file) for path in PAGE),
            Route("/api/now", api.now),
            Route("/api/events", api.events),
            Route("/api/model", api.model),
            Route("/api/history", api.history),
            Route("/api/correction", api.correct, methods=["POST", "DELETE"]),
        ],
        exception_handlers={HTTPException: _error, Exception: _error},
    )


def model_card(name: str, labels: tuple[str, ...], runtime: str, window_s: float, sidecar: Mapping[str, Any]) -> Any:
    """Return what ``/api/model`` gives, from a bundle's parts."""
    kept = {key: sidecar[key] for key in ("metrics",) if isinstance(sidecar.get(key), dict)}
    tints = {label: asdict(colour) for label, colour in colours(labels).items()}
    states = {label: {"words": text} | _mark(label) for label, text in words.STATE_WORDS.items()}
    card = {"name": words.safe(name), "labels": [*labels], "colours": tints, "states": states}
    return json.loads(json.dumps(card | {"runtime": runtime, "window_s": window_s} | kept))


def _mark(state: str) -> dict[str, Any]:
    mark = STATE_COLOURS.get(state)
    return {} if mark is None else {**asdict(mark.tint), "height": mark.height}
