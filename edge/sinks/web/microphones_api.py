"""The page's requests about microphones: which there are, and the level of one before it is chosen.

Both work in a process of its own: PortAudio lists anew only once nothing is open, and a device may hang.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import words
from edge.sinks.web.answers import EventStream, as_json, message
from edge.switch import Switch

#: Seconds that listing the microphones may take, and that the level of one is told.
LIST_S, LEVEL_S = 20.0, 30.0
#: Characters that the name of one may have.
MAX_NAME = 500
_LIST = "import sys; from edge.cli import main; sys.exit(main(['devices', '--json']))"
_LEVELS = "import sys; from edge.diagnostics.levels import print_levels; print_levels(sys.argv[1] or None, {seconds})"


class MicrophonesApi:
    """The answers; ``Access`` has seen the token."""

    def __init__(self, switch: Switch) -> None:
        """While ``switch`` is off no microphone is opened."""
        self._switch = switch
        self._listing = asyncio.Lock()
        self._is_trying = False

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/api/microphones", self.all), Route("/api/microphone", self.levels)]

    async def all(self, _request: Request) -> Response:
        """The microphones that are there."""
        async with self._listing:
            return as_json(await asyncio.to_thread(listed))

    async def levels(self, request: Request) -> Response:
        """The level of one of them, as it changes."""
        name = request.query_params.get("id", "")
        if len(name) > MAX_NAME or "\0" in name:
            raise HTTPException(400, f"id: {MAX_NAME} characters at most")
        if not self._switch.is_on:
            raise HTTPException(409, "listening is paused: no microphone is opened")
        if self._is_trying:
            raise HTTPException(409, "the level of another one is shown now; close that page, or wait")
        return EventStream(lambda: self._levels_of(name))

    @contextmanager
    def _levels_of(self, name: str) -> Iterator[AsyncIterator[bytes]]:
        self._is_trying = True
        command = [sys.executable, "-P", "-c", _LEVELS.format(seconds=LEVEL_S), name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            yield self._messages(process)
        finally:
            self._is_trying = False
            process.kill()
            Thread(target=process.wait, daemon=True).start()  # a device may keep it from ending

    async def _messages(self, process: subprocess.Popen[bytes]) -> AsyncIterator[bytes]:
        assert process.stdout is not None
        while line := await asyncio.to_thread(process.stdout.readline):
            if not self._switch.is_on:
                return
            told = json.loads(line)
            if "error" in told:
                yield message("problem", {"error": words.safe(told["error"])})
            else:
                level = told["level_dbfs"]
                yield message("level", {"level_dbfs": None if level is None else round(level, 1)})


def listed() -> list[dict[str, Any]]:
    """Return the microphones: their ids, their names, and which is the default."""
    command = [sys.executable, "-P", "-c", _LIST]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIST_S, check=False)
        found = [json.loads(line) for line in done.stdout.splitlines()]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        found = []
    kept = ("id", "name", "is_default")
    return [{key: words.safe(one[key]) if isinstance(one[key], str) else one[key] for key in kept} for one in found]
