"""A segment, and the hours of each day that segments add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

#: Moments that a local calendar still has, whatever the time zone, in milliseconds since 1970.
FIRST_MS, LAST_MS = -62_135_510_400_000, 253_402_214_400_000  # 2 January of year 1, 31 December 9999
#: Exported fields of a segment, in this order.
FIELDS = ("start", "end", "duration_s", "state", "genre", "confidence", "tempo_bpm", "corrected")

_DAY_MS, _MINUTE_MS = 86_400_000, 60_000
_JSON_LINE = "{" + ", ".join(f'"{name}": %s' for name in FIELDS) + "}\n"
# Preformatted parts of a time: formatting would take most of the time of a large export.
_MINUTES = [f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03}Z" for millisecond in range(1000)]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time with one answer."""

    start: datetime  # with a time zone
    duration_s: float
    state: str  # an ``edge.events.State``
    genre: str | None = None
    confidence: float | None = None  # mean, 0..1
    tempo_bpm: float | None = None  # median
    corrected: str | None = None  # the label that somebody gave it
    id: int | None = field(default=None, compare=False)  # in the history, of one that comes from there

    @property
    def end(self) -> datetime:
        """Its end."""
        return self.start + timedelta(seconds=self.duration_s)

    @property
    def label(self) -> str:
        """The correction, else the genre, else the state."""
        return self.corrected or self.genre or self.state

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; times are RFC 3339 in UTC."""
        answer = (self.state, self.genre, self.confidence, self.tempo_bpm, self.corrected)
        return dict(
            zip(FIELDS, export_values((to_ms(self.start), round(self.duration_s * 1000), *answer)), strict=True)
        )


#: A segment as the file has it: start and duration in milliseconds, then as ``Segment`` has them.
Row = tuple[int, int, str, str | None, float | None, float | None, str | None]
#: The same for sums over many: start and duration in milliseconds, and its label.
Span = tuple[int, int, str]


def export_values(row: Row) -> tuple[str, str, float, str, str | None, float | None, float | None, str | None]:
    """Return the values of ``FIELDS``; times are RFC 3339 in UTC."""
    start_ms, duration_ms = row[:2]
    return rfc3339(start_ms), rfc3339(start_ms + duration_ms), duration_ms / 1000, *row[2:]


def json_line(row: Row) -> str:
    """Return ``Segment.to_json`` as a line of JSON, three times as fast: there may be hundreds of thousands."""
    start, end, duration_s, state, genre, confidence, tempo_bpm, corrected = export_values(row)
    return _JSON_LINE % (
        f'"{start}"',
        f'"{end}"',
        duration_s,
        _quoted(state),
        _quoted(genre),
        "null" if confidence is None else confidence,
        "null" if tempo_bpm is None else tempo_bpm,
        _quoted(corrected),
    )


_quoted = lru_cache(64)(json.dumps)  # of the few states and genres that there are


def rfc3339(moment_ms: int) -> str:
    """Return a time, in milliseconds since 1970, in UTC and to the millisecond."""
    rest_ms = moment_ms % _DAY_MS
    minute, rest_ms = rest_ms // _MINUTE_MS, rest_ms % _MINUTE_MS
    return f"{_date(moment_ms // _DAY_MS)}{_MINUTES[minute]}{_SECONDS[rest_ms // 1000]}{_MILLISECONDS[rest_ms % 1000]}"


@lru_cache(4)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def to_ms(moment: datetime) -> int:
    """Return milliseconds since 1970, within what a local calendar still has."""
    return min(max(round(moment.timestamp() * 1000), FIRST_MS), LAST_MS)


def from_ms(milliseconds: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def split_by_day(start_ms: int, duration_ms: int) -> Iterator[tuple[date, int]]:
    """Yield (local day, milliseconds) for each local day that is touched; a day may have 23 or 25 hours."""
    end_ms = min(start_ms + duration_ms, LAST_MS)
    while start_ms < end_ms:
        day, _, midnight_ms = day_of(start_ms)
        stop_ms = min(midnight_ms, end_ms)
        yield day, stop_ms - start_ms
        start_ms = stop_ms


def day_of(moment_ms: int) -> tuple[date, int, int]:
    """Return the local day of a moment, and when it begins and ends, in milliseconds since 1970."""
    day = from_ms(moment_ms).astimezone().date()
    begins, ends = (datetime.combine(day + timedelta(days=n), datetime.min.time()).astimezone() for n in (0, 1))
    return day, to_ms(begins), to_ms(ends)


def daily_totals(
    spans: Iterable[Span], since: datetime | None = None, until: datetime | None = None
) -> dict[date, dict[str, float]]:
    """Return the seconds of each label per local day, counting only what lies within ``since``..``until``."""
    since_ms = FIRST_MS if since is None else to_ms(since)
    until_ms = LAST_MS if until is None else to_ms(until)
    days: dict[date, dict[str, int]] = {}
    totals: dict[str, int] = {}
    begin_ms = end_ms = 0  # of the day that ``totals`` belongs to: most spans lie within the day of the one before
    for span_ms, duration_ms, label in spans:
        start_ms, stop_ms = max(span_ms, since_ms), min(span_ms + duration_ms, until_ms)
        if not begin_ms <= start_ms <= stop_ms <= end_ms:
            for day, part_ms in split_by_day(start_ms, stop_ms - start_ms):
                of_day = days.setdefault(day, {})
                of_day[label] = of_day.get(label, 0) + part_ms
            day, begin_ms, end_ms = day_of(start_ms)
            totals = days.setdefault(day, {})
        else:
            totals[label] = totals.get(label, 0) + stop_ms - start_ms
    return {day: {label: ms / 1000 for label, ms in days[day].items()} for day in sorted(days) if days[day]}
