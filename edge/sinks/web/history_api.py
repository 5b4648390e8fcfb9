"""What the page asks of the history, and what people say of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import words
from edge.errors import CorrectionError, HistoryError
from edge.history.corrections import Asked, asked_for
from edge.history.reader import read_segments
from edge.history.segments import Segment, daily_totals, to_ms
from edge.sinks.web.answers import as_json, json_object

#: Bytes that a correction may have.
MAX_BODY = 1024
#: Reads of the history at the same time; further requests wait.
READS_AT_ONCE = 2
#: Hours between two marks along a day.
MARK_EVERY_H = 4


class HistoryApi:
    """The answers."""

    def __init__(self, history: Path | None) -> None:
        """``history`` is the file that is read, if one is kept."""
        self._history = history
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/history", self.day),
            Route("/api/correction", self.correct, methods=["POST", "DELETE"]),
        ]

    async def day(self, request: Request) -> Response:
        """One local day of the history."""
        file = self._file()
        text = request.query_params.get("day")
        try:
            day = datetime.now().date() if text is None else date.fromisoformat(text)
            since, until = (midnight(day + timedelta(days=n)) for n in (0, 1))
        except (ValueError, OverflowError) as error:
            raise HTTPException(400, "day: write a date as 2026-11-21") from error
        return await self._read(lambda: day_of(file, since, until))

    def _file(self) -> Path:
        if self._history is None:
            raise HTTPException(404, "no history is kept")
        return self._history

    async def _read(self, read: Callable[[], Any]) -> Response:
        async with self._reads:
            try:
                return as_json(await asyncio.to_thread(read))
            except HistoryError as error:
                raise HTTPException(404, words.safe(error)) from error

    async def correct(self, request: Request) -> Response:
        """Say what a segment was, or (DELETE) take its last correction back; ``Access`` has seen the token."""
        history = self._history
        if history is None:
            raise HTTPException(404, "no history is kept in which it could be put right")
        asked = _undo_asked(request) if request.method == "DELETE" else await _correction_asked(request)
        try:
            done = await asyncio.to_thread(asked.carry_out, history)
        except CorrectionError as error:
            raise HTTPException(409, words.safe(error)) from error
        except HistoryError as error:
            raise HTTPException(503 if history.exists() else 409, words.safe(error)) from error
        return as_json({"corrected": done.segment.corrected, "segment": _segment(done.segment)})


def _undo_asked(request: Request) -> Asked:
    return _asked({"undo": True, "segment": request.query_params.get("segment")})


async def _correction_asked(request: Request) -> Asked:
    return _asked({**await json_object(request, MAX_BODY), "undo": False})


def _asked(values: Mapping[str, Any]) -> Asked:
    try:
        return asked_for(values)
    except CorrectionError as error:
        raise HTTPException(400, str(error)) from error


def midnight(day: date) -> datetime:
    """Return when a local day begins."""
    return datetime.combine(day, datetime.min.time()).astimezone()


def day_of(file: Path, since: datetime, until: datetime) -> dict[str, Any]:
    """Return a day as ``/api/history`` gives it."""
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
