"""The server's answers: the page's files, and the JSON beside it that ``static/openapi.json`` describes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import words
from edge.sinks.colours import STATE_COLOURS, colours
from edge.sinks.face import Settings
from edge.sinks.web.answers import EventStream, as_error, as_json, json_object
from edge.sinks.web.board import Board, bands_at_once
from edge.sinks.web.history_api import HistoryApi
from edge.sinks.web.microphones_api import MicrophonesApi
from edge.sinks.web.settings_api import SettingsApi
from edge.switch import Switch
from features_np import FeatureSpec, mel_frequencies

#: Bytes that a request to pause may have.
MAX_BODY = 1024
SCRIPTS = [
    *("script", "ask", "axes", "correct", "heat", "list", "now"),
    *("past", "pictures", "rooms", "settings", "tip", "words"),
]
#: The page's files, all that is ever read from disk for it: by path, file and type.
PAGE = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    **{f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in SCRIPTS},
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/api/openapi.json": ("openapi.json", "application/json"),
}


class Api:
    """The answers."""

    def __init__(self, board: Board, model: Mapping[str, Any], switch: Switch, rooms: Callable[[], Any]) -> None:
        """``model`` is what ``/api/model`` gives, and ``rooms`` returns that of ``/api/rooms``."""
        self._board, self._switch, self._rooms = board, switch, rooms
        self._model = dict(model)

    async def now(self, _request: Request) -> Response:
        """The present state."""
        return as_json(self._board.now())

    async def events(self, _request: Request) -> Response:
        """The same, whenever it changes."""
        if self._board.is_full:
            raise HTTPException(503, "as many pages are open as there may be", {"retry-after": "10"})
        return EventStream(self._board.reader)

    async def rooms(self, _request: Request) -> Response:
        """The rooms, and what is shown in each."""
        return as_json(self._rooms())

    async def model(self, _request: Request) -> Response:
        """The classifier and its figures."""
        return as_json(self._model)

    async def listening(self, request: Request) -> Response:
        """Pause listening, or go on; ``Access`` has seen the token."""
        asked = await json_object(request, MAX_BODY)
        on = asked.get("on")
        if not isinstance(on, bool):
            raise HTTPException(400, 'write {"on": true} or {"on": false}')
        await asyncio.to_thread(self._switch.turn, on)
        return as_json({"on": on})


def _file(name: str, media_type: str) -> Response:
    content = files("edge.sinks.web").joinpath("static", name).read_bytes()
    return Response(content, media_type=media_type, headers={"cache-control": "no-cache"})


def application(
    board: Board,
    model: Mapping[str, Any],
    history: Path | None,
    switch: Switch,
    *,
    settings: Settings | None,
    rooms: Callable[[], Any],
) -> Starlette:
    """Return the application of one room; ``rooms`` returns those that the server has."""
    api = Api(board, model, switch, rooms)
    page = {path: _file(*entry) for path, entry in PAGE.items()}

    async def page_file(request: Request) -> Response:
        return page[request.url.path]

    app = Starlette(
        routes=[
            *(Route(path, page_file) for path in PAGE),
            Route("/api/now", api.now),
            Route("/api/events", api.events),
            Route("/api/rooms", api.rooms),
            Route("/api/model", api.model),
            Route("/api/listening", api.listening, methods=["POST"]),
            *HistoryApi(history).routes(),
            *SettingsApi(settings).routes(),
            *MicrophonesApi(switch).routes(),
        ],
        exception_handlers={HTTPException: as_error, Exception: as_error},
    )
    app.router.redirect_slashes = False  # it knows nothing of the path that a room has on the server
    return app


def model_card(name: str, labels: tuple[str, ...], runtime: str, spec: FeatureSpec, sidecar: Mapping[str, Any]) -> Any:
    """Return what ``/api/model`` gives, from a bundle's parts."""
    kept = {key: sidecar[key] for key in ("metrics",) if isinstance(sidecar.get(key), dict)}
    tints = {label: asdict(colour) for label, colour in colours(labels).items()}
    states = {label: {"words": text} | _mark(label) for label, text in words.STATE_WORDS.items()}
    card = {"name": words.safe(name), "labels": [*labels], "colours": tints, "states": states}
    return json.loads(
        json.dumps(card | {"runtime": runtime, "window_s": spec.window_s, "bands_hz": _bands_hz(spec)} | kept)
    )


def _bands_hz(spec: FeatureSpec) -> list[int]:
    """Return the middle of each row of the spectrogram that pages draw."""
    step = bands_at_once(spec.n_mels)
    middles = mel_frequencies(spec.n_mels + 2, fmin=0.0, fmax=spec.sample_rate / 2)[1:-1]
    return [round(float(middles[n : n + step].mean())) for n in range(0, len(middles) // step * step, step)]


def _mark(state: str) -> dict[str, Any]:
    mark = STATE_COLOURS.get(state)
    return {} if mark is None else {**asdict(mark.tint), "height": mark.height}
