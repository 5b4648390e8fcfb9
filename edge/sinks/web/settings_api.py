"""The page's requests about settings; each of them needs the token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import words
from edge.errors import EdgeError
from edge.sinks.face import Settings, load
from edge.sinks.web.answers import as_json, json_object

#: Paths that need the token to be read, too.
SECRET_PATHS = ("/api/settings", "/api/microphones", "/api/microphone", "/api/broker")
#: Bytes that settings may have.
MAX_BODY = 8192
NONE_HERE = "there is no configuration file: settings are those of the service"


class SettingsApi:
    """The answers."""

    def __init__(self, settings: Settings | None) -> None:
        """``settings`` are those that may be changed, if any."""
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/settings", self.settings, methods=["GET", "PATCH"]),
            Route("/api/broker", self.try_broker, methods=["POST"]),
        ]

    async def settings(self, request: Request) -> Response:
        """The settings as they are, with PATCH once some have been changed."""
        settings = self._required()
        if request.method == "PATCH":
            asked = await json_object(request, MAX_BODY)
            await self._do(lambda: settings.change(asked))
        return as_json(await self._do(settings.shown))

    async def try_broker(self, request: Request) -> Response:
        """Test the connection to a broker with the settings of MQTT, or with others in their place."""
        settings, asked = self._required(), await json_object(request, MAX_BODY)
        broker = await self._do(lambda: settings.broker(asked))
        await self._do(lambda: load("edge.sinks.mqtt.trying", "mqtt").reach(broker))
        return as_json({"reached": words.safe(broker.address)})

    def _required(self) -> Settings:
        if self._settings is None:
            raise HTTPException(404, NONE_HERE)
        return self._settings

    async def _do(self, work: Callable[[], Any]) -> Any:
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(work)
            except EdgeError as error:
                raise HTTPException(409, words.safe(error)) from error
