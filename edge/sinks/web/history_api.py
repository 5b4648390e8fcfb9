"""The page's requests about the history, and people's corrections."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge import words
from edge.errors import CorrectionError, HistoryError
from edge.history.corrections import Asked, asked_for
from edge.history.listing import Page, Wanted, each_matching, page_of, parse_cursor
from edge.history.periods import SPANS, Hour, Period, Totals, compared, hourly, midnight, period
from edge.history.reader import read_segments
from edge.history.segments import FIELDS, Row, Segment, export_values, json_line
from edge.http import server
from edge.http.access import Message, Receive, Scope, Send
from edge.sinks.web.answers import as_json, json_object

#: Bytes that a correction may have.
MAX_BODY = 1024
#: Reads of the history at the same time; further requests wait.
READS_AT_ONCE = 2
#: Segments of a page of the list, and that a download sends at once; characters that a text looked for may have.
PAGE_SEGMENTS, ROWS_A_PART, MAX_TEXT = 50, 500, 100
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
            Route("/api/period", self.period),
            Route("/api/segments", self.segments),
            Route("/api/download", self.download),
            Route("/api/correction", self.correct, methods=["POST", "DELETE"]),
        ]

    async def day(self, request: Request) -> Response:
        """One local day of the history."""
        file = self._file()
        wanted = _period_asked("day", request)
        return await self._read(lambda: day_of(file, wanted))

    async def period(self, request: Request) -> Response:
        """A week, a month or a year, hour by hour."""
        file = self._file()
        span = request.query_params.get("span", "week")
        if span not in SPANS:
            raise HTTPException(400, f"span: one of {', '.join(SPANS)}")
        wanted = _period_asked(span, request)
        return await self._read(lambda: period_of(file, wanted))

    async def segments(self, request: Request) -> Response:
        """A page of the segments that somebody looks for."""
        file, wanted = self._file(), _wanted(request)
        before = request.query_params.get("before")
        try:
            place = None if before is None else parse_cursor(before)
        except ValueError as error:
            raise HTTPException(400, f"before: {error}") from error
        return await self._read(lambda: _page(page_of(file, wanted, place, PAGE_SEGMENTS)))

    async def download(self, request: Request) -> Response:
        """All of them as a file."""
        file, wanted = self._file(), _wanted(request)
        kind = request.query_params.get("format", "csv")
        if kind not in KINDS:
            raise HTTPException(400, f"format: one of {', '.join(KINDS)}")
        media_type, parts_of = KINDS[kind]
        rows = each_matching(file, wanted)
        parts = parts_of(rows)
        async with self._reads:
            try:
                first = await asyncio.to_thread(next, parts)  # here it is found out whether it can be read
            except HistoryError as error:
                raise HTTPException(404, words.safe(error)) from error
        headers = {
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="livegenre-history.{kind}"',
        }
        return Patient(chain([first], parts), media_type=media_type, headers=headers)

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


class Patient(StreamingResponse):
    """A stream that is not sent to whoever stops reading it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, or the client does not read for ``server.PATIENCE_S``."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(server.PATIENCE_S):
                await send(message)

        await super().__call__(scope, receive, send_in_time)


def _csv_parts(rows: Iterator[Row]) -> Iterator[str]:
    yield ",".join(FIELDS) + "\r\n" + _csv(islice(rows, ROWS_A_PART))
    while part := _csv(islice(rows, ROWS_A_PART)):
        yield part


def _csv(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(map(export_values, rows))
    return text.getvalue()


def _json_parts(rows: Iterator[Row]) -> Iterator[str]:
    yield "[\n" + ",\n".join(json_line(row).rstrip() for row in islice(rows, ROWS_A_PART))
    while part := [json_line(row).rstrip() for row in islice(rows, ROWS_A_PART)]:
        yield ",\n" + ",\n".join(part)
    yield "\n]\n"


#: What a download may be: its type, and what makes the parts of its text.
KINDS: Mapping[str, tuple[str, Callable[[Iterator[Row]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv_parts),
    "json": ("application/json", _json_parts),
}


def _wanted(request: Request) -> Wanted:
    """Return what a list or a download is asked for: days are whole and local."""
    asked = request.query_params
    try:
        since, until = (
            None if name not in asked else midnight(date.fromisoformat(asked[name]) + timedelta(days=n))
            for n, name in enumerate(("from", "to"))
        )
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, "from, to: write dates as 2026-11-21") from error
    corrected = asked.get("corrected")
    if corrected not in (None, "true", "false"):
        raise HTTPException(400, "corrected: true or false")
    text = asked.get("text", "")[:MAX_TEXT]
    said = None if corrected is None else corrected == "true"
    return Wanted(since, until, asked.get("label") or None, text, said)


def _page(page: Page) -> dict[str, Any]:
    return {"segments": [_segment(segment) for segment in page.segments], "next": page.cursor}


def _period_asked(span: str, request: Request) -> Period:
    text = request.query_params.get("day")
    try:
        wanted = period(span, datetime.now().date() if text is None else date.fromisoformat(text))
        for one in (wanted, wanted.before):
            one.bounds()
    except (ValueError, OverflowError) as error:
        raise HTTPException(400, "day: write a date as 2026-11-21") from error
    return wanted


def day_of(file: Path, wanted: Period) -> dict[str, Any]:
    """Return a day as ``/api/history`` gives it."""
    since, until = wanted.bounds()
    return {
        "day": wanted.first.isoformat(),
        "start": since.isoformat(),
        "end": until.isoformat(),
        "hours": _hours(wanted.first, until),
        **_totals(file, wanted),
        "segments": [_segment(segment) for segment in read_segments(file, since, until)],
    }


def period_of(file: Path, wanted: Period) -> dict[str, Any]:
    """Return a period as ``/api/period`` gives it."""
    rows = zip(wanted.rows(), hourly(file, wanted), strict=True)
    return {
        "span": wanted.span,
        "first": wanted.first.isoformat(),
        "after": wanted.after.isoformat(),
        **_totals(file, wanted),
        "rows": [{"day": day.isoformat(), "hours": [_hour(hour) for hour in hours]} for day, hours in rows],
    }


def _hour(hour: Hour) -> dict[str, Any]:
    seconds = sorted(hour.totals.items(), key=lambda item: -item[1])
    return {"of": hour.length_ms // 1000, "seconds": {label: round(ms / 1000) for label, ms in seconds}}


def _totals(file: Path, wanted: Period) -> dict[str, Any]:
    """Return what was heard for how long, and in the same part of the period before."""
    here, before = compared(file, wanted, datetime.now().astimezone())
    return {"totals": _longest_first(here), "before": _longest_first(before)}


def _longest_first(totals: Totals) -> list[dict[str, Any]]:
    found = sorted(totals.items(), key=lambda item: -item[1])
    return [{"label": label, "seconds": round(ms / 1000, 1)} for label, ms in found]


def _hours(day: date, until: datetime) -> list[dict[str, str]]:
    """Return where the local clock says 0:00, 4:00 and so on: a day may have 23 or 25 hours."""
    times = [datetime.combine(day, time(hour)).astimezone() for hour in range(0, 24, MARK_EVERY_H)]
    labels = [f"{hour}:00" for hour in range(0, 25, MARK_EVERY_H)]
    return [{"label": label, "time": at.isoformat()} for label, at in zip(labels, [*times, until], strict=True)]


def _segment(segment: Segment) -> dict[str, Any]:
    return {"id": str(segment.id), **segment.to_json()}
