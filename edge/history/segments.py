"""A segment, and the hours of each day that segments add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

#: Moments that a local calendar still has, whatever the time zone, in milliseconds since 1970.
FIRST_MS, LAST_MS = -62_135_510_400_000, 253_402_214_400_000  # 2 January of year 1, 31 December 9999


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

    @property
    def end(self) -> datetime:
        """When it ended."""
        return self.start + timedelta(seconds=self.duration_s)

    @property
    def label(self) -> str:
        """What it was, as far as is known: the correction, else the genre, else the state."""
        return self.corrected or self.genre or self.state

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; times are RFC 3339 in UTC."""
        return {
            "start": rfc3339(self.start),
            "end": rfc3339(self.end),
            "duration_s": round(self.duration_s, 3),
            "state": self.state,
            "genre": self.genre,
            "confidence": self.confidence,
            "tempo_bpm": self.tempo_bpm,
            "corrected": self.corrected,
        }


#: A segment as the file has it, for sums over many: start and duration in milliseconds, and its label.
Span = tuple[int, int, str]


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
