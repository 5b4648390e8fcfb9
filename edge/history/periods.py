"""Weeks, months and years of a history by local hours, and comparison with the period before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from edge.history.reader import each_span, label_totals
from edge.history.segments import day_of, from_ms, to_ms

SPANS = ("day", "week", "month", "year")
HOUR_MS, HOURS = 3_600_000, 24
#: Daylight saving changes are multiples of this.
QUARTER_MS = 900_000

#: Milliseconds by label.
Totals = dict[str, int]


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from ``first`` on, until ``after``, which is the first of the next such period."""

    span: str  # of SPANS
    first: date
    after: date

    @property
    def before(self) -> Period:
        """The period before it."""
        return period(self.span, self.first - timedelta(days=1))

    def bounds(self) -> tuple[datetime, datetime]:
        """Return when it begins and ends."""
        return midnight(self.first), midnight(self.after)

    def rows(self) -> list[date]:
        """Return the first days of what is shown as one row: of a year its months, else each day."""
        if self.span == "year":
            return [date(self.first.year, month, 1) for month in range(1, 13)]
        return [self.first + timedelta(days=n) for n in range((self.after - self.first).days)]


@dataclass
class Hour:
    """An hour of the local clock, on one day or on all days of a month."""

    length_ms: int  # less or more where clocks are set
    totals: Totals


def period(span: str, day: date) -> Period:
    """Return the day, week (from Monday), month or year that a day lies in; OverflowError beyond the calendar."""
    if span == "year":
        return Period(span, day.replace(month=1, day=1), _year(day.year + 1).replace(month=1, day=1))
    if span == "month":
        first = day.replace(day=1)
        return Period(span, first, (first + timedelta(days=31)).replace(day=1))
    first = day - timedelta(days=day.weekday() if span == "week" else 0)
    return Period(span, first, first + timedelta(days=7 if span == "week" else 1))


def _year(year: int) -> date:
    try:
        return date(year, 1, 1)
    except ValueError as error:
        raise OverflowError from error


def midnight(day: date) -> datetime:
    """Return when a local day begins."""
    return datetime.combine(day, datetime.min.time()).astimezone()


def hourly(path: Path, wanted: Period) -> list[list[Hour]]:
    """Return the 24 hours of each row of a period; raises ``HistoryError`` for a file that is no history."""
    rows = wanted.rows()
    table = [[Hour(0, {}) for _ in range(HOURS)] for _ in rows]
    starts, hours = list[int](), list[Hour]()
    for n in range((wanted.after - wanted.first).days):
        day = wanted.first + timedelta(days=n)
        row = table[bisect_right(rows, day) - 1]
        for start_ms, length_ms, hour in _hours_of(day):
            row[hour].length_ms += length_ms
            starts.append(start_ms)
            hours.append(row[hour])
    since, until = wanted.bounds()
    _add(path, (since, until), starts, hours)
    return table


def _add(path: Path, bounds: tuple[datetime, datetime], starts: list[int], hours: list[Hour]) -> None:
    since_ms, until_ms = map(to_ms, bounds)
    edges = [*starts, until_ms]
    for span_ms, duration_ms, label in each_span(path, *bounds):
        start_ms, stop_ms = max(span_ms, since_ms), min(span_ms + duration_ms, until_ms)
        place = bisect_right(edges, start_ms) - 1
        while start_ms < stop_ms:
            end_ms = min(edges[place + 1], stop_ms)
            totals = hours[place].totals
            totals[label] = totals.get(label, 0) + end_ms - start_ms
            start_ms, place = end_ms, place + 1


def _hours_of(day: date) -> Iterator[tuple[int, int, int]]:
    """Yield when each hour of a local day begins, how long it is, and what the clock says; one may come twice."""
    _, start_ms, end_ms = day_of(to_ms(midnight(day)))
    if end_ms - start_ms == HOURS * HOUR_MS and _offset(start_ms) == _offset(end_ms):
        yield from ((start_ms + hour * HOUR_MS, HOUR_MS, hour) for hour in range(HOURS))
        return
    began_ms, clock = start_ms, _clock(start_ms)
    for now_ms in range(start_ms + QUARTER_MS, end_ms, QUARTER_MS):
        if _clock(now_ms) != clock:
            yield began_ms, now_ms - began_ms, clock[0]
            began_ms, clock = now_ms, _clock(now_ms)
    yield began_ms, end_ms - began_ms, clock[0]


def _clock(moment_ms: int) -> tuple[int, timedelta | None]:
    local = from_ms(moment_ms).astimezone()
    return local.hour, local.utcoffset()


def _offset(moment_ms: int) -> timedelta | None:
    return from_ms(moment_ms).astimezone().utcoffset()


def compared(path: Path, wanted: Period, now: datetime) -> tuple[Totals, Totals]:
    """Return milliseconds by label in a period, and in as much of the one before as has passed of this one."""
    since, until = wanted.bounds()
    before_since, before_until = wanted.before.bounds()
    if since <= now < until:
        passed = now.replace(tzinfo=None) - since.replace(tzinfo=None)  # by the local clock
        before_until = min(before_until, (before_since.replace(tzinfo=None) + passed).astimezone())
    return label_totals(path, since, until), label_totals(path, before_since, before_until)
