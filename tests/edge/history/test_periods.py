"""Weeks, months and years of a history: what is added up, where clocks are set too, and by way of the index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.history.database import open_to_read
from edge.history.periods import SPANS, compared, hourly, period
from edge.history.reader import read_segments
from edge.history.segments import Segment, daily_totals, to_ms
from edge.history.writer import HistoryWriter, new_id

pytestmark = pytest.mark.usefixtures("berlin")
MARCH = datetime.fromisoformat("2026-03-01T00:00:00+01:00")


def written(file: Path, *parts: tuple[datetime, float, str]) -> Path:
    writer = HistoryWriter(file)
    rows = {
        new_id(start.timestamp()) + n: Segment(start, s, "music", label) for n, (start, s, label) in enumerate(parts)
    }
    writer.write(rows)
    writer.close()
    return file


@pytest.mark.parametrize(
    ("span", "day", "first", "after"),
    [
        ("day", "2026-12-31", "2026-12-31", "2027-01-01"),
        ("week", "2026-11-29", "2026-11-23", "2026-11-30"),
        ("week", "2026-11-30", "2026-11-30", "2026-12-07"),
        ("month", "2026-12-31", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29", "2028-02-01", "2028-03-01"),
        ("year", "2028-02-29", "2028-01-01", "2029-01-01"),
    ],
)
def test_periods(span: str, day: str, first: str, after: str) -> None:
    found = period(span, date.fromisoformat(day))
    assert (found.first.isoformat(), found.after.isoformat()) == (first, after)
    assert found.before.after == found.first


@pytest.mark.parametrize(
    ("day", "hour", "lengths"), [("2026-03-29", 2, [3600, 0, 3600]), ("2026-10-25", 2, [3600, 7200, 3600])]
)
def test_an_hour_is_as_long_as_the_clocks_make_it(tmp_path: Path, day: str, hour: int, lengths: list[int]) -> None:
    wanted = period("day", date.fromisoformat(day))
    since, until = wanted.bounds()
    file = written(tmp_path / "h.db", (since, (until - since) / timedelta(seconds=1), "jazz"))
    (row,) = hourly(file, wanted)
    assert [one.length_ms // 1000 for one in row[hour - 1 : hour + 2]] == lengths
    assert [one.totals.get("jazz", 0) for one in row] == [one.length_ms for one in row]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24 * 60), st.integers(1, 4000), st.sampled_from("abc")), min_size=1, max_size=12
    ),
    st.sampled_from(SPANS),
)
def test_hours_add_up_to_what_the_segments_do(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int, str]], span: str
) -> None:
    """Over the change of clocks, with segments of hours to days that overlap and reach over both ends."""
    file = written(
        tmp_path_factory.mktemp("h") / "h.db",
        *((MARCH + timedelta(minutes=minute), 60.0 * minutes, label) for minute, minutes, label in parts),
    )
    wanted = period(span, date(2026, 3, 29))
    since, until = wanted.bounds()
    spans = [(to_ms(one.start), round(one.duration_s * 1000), one.label) for one in read_segments(file)]
    expected: dict[str, float] = {}
    for totals in daily_totals(spans, since, until).values():
        for label, seconds in totals.items():
            expected[label] = expected.get(label, 0) + seconds
    found: dict[str, float] = {}
    for row in hourly(file, wanted):
        for hour in row:
            for label, ms in hour.totals.items():
                found[label] = found.get(label, 0) + ms / 1000
    assert found == pytest.approx(expected)
    assert {k: v / 1000 for k, v in compared(file, wanted, until)[0].items()} == pytest.approx(expected)


def test_a_week_that_goes_on_is_compared_with_as_much_of_the_one_before(tmp_path: Path) -> None:
    monday = datetime.fromisoformat("2026-03-23T10:00:00+01:00")
    file = written(tmp_path / "h.db", *((monday + timedelta(days=n), 3600.0, "jazz") for n in (-7, -5, 0)))
    week = period("week", date(2026, 3, 23))
    assert compared(file, week, monday + timedelta(days=1)) == ({"jazz": 3_600_000}, {"jazz": 3_600_000})
    assert compared(file, week, monday + timedelta(days=30)) == ({"jazz": 3_600_000}, {"jazz": 7_200_000})


def test_what_lasted_for_days_is_found_from_its_end(tmp_path: Path) -> None:
    file = written(tmp_path / "h.db", (MARCH, 40 * 86_400.0, "jazz"), (MARCH + timedelta(days=50), 60.0, "rock"))
    since = MARCH + timedelta(days=39)
    assert [one.label for one in read_segments(file, since, since + timedelta(hours=1))] == ["jazz"]


def test_a_week_of_many_years_is_found_by_the_index(tmp_path: Path) -> None:
    file = written(tmp_path / "h.db", (MARCH, 60.0, "jazz"))
    queries: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        connection = open_to_read(path)
        connection.set_trace_callback(queries.append)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.history.connection.open_to_read", traced)
        compared(file, period("week", date(2026, 3, 1)), MARCH)
    with closing(sqlite3.connect(file)) as connection:
        asked = [query for query in queries if "FROM segments LEFT JOIN" in query]
        plan = "\n".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}"))
    assert "SEARCH segments USING INDEX segments_by_start (start_ms>? AND start_ms<?)" in plan
    assert "SCAN segments" not in plan
