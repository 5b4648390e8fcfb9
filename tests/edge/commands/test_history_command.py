"""Output of the history command for all forms of dates and any amount of history."""

import argparse
import csv
import io
import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commands import history as command
from edge.errors import ConfigError, HistoryError
from edge.history.database import own_file
from edge.history.segments import FIRST_MS, LAST_MS, Segment, json_line
from edge.history.writer import HistoryWriter
from tests.benchmarks.history import N_SEGMENTS, run_on_ten_years, ten_years


def utc_now():
    return datetime.fromtimestamp(time.time(), UTC)


def run_command(capsys, *arguments):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    assert command.run(parser.parse_args(["history", *map(str, arguments)])) == 0
    return capsys.readouterr().out


@pytest.fixture
def evening(tmp_path, berlin):
    """Jazz over midnight in Berlin, then silence, then a little rock."""
    writer = HistoryWriter(tmp_path / "h.db")
    night = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)  # 23:00 in Berlin
    writer.write(
        {
            1: Segment(night, 4 * 3600 + 1200.0, "music", "jazz", 0.8125, 120.25),
            2: Segment(night + timedelta(hours=5), 2700.0, "silence"),
            3: Segment(night + timedelta(hours=6), 40.0, "music", "rock", 0.5, None),
        }
    )
    writer.close()
    return tmp_path / "h.db"


def test_summary_for_people(evening, capsys):
    assert run_command(capsys, "--file", evening) == (
        "Fri 20 Nov 2026  jazz 1 h 0 min\nSat 21 Nov 2026  jazz 3 h 20 min, rock 40 s, silence 45 min\n"
    )


def test_summary_between_two_moments(evening, capsys):
    arguments = ("--file", evening, "--since", "2026-11-21", "--until")
    assert run_command(capsys, *arguments, "2026-11-21T01:30") == "Sat 21 Nov 2026  jazz 1 h 30 min\n"
    assert "silence 45 min" in run_command(capsys, *arguments, "2026-11-21")


@pytest.mark.parametrize("day", ["2026-11-21", "20261121", "2026-W47-6"])
def test_a_day_counts_to_its_end_however_it_is_written(evening, capsys, day):
    assert "silence 45 min" in run_command(capsys, "--file", evening, "--until", day)
    assert "20 Nov" not in run_command(capsys, "--file", evening, "--since", day)


def test_moments_at_the_ends_of_the_calendar_are_no_bounds(evening, capsys):
    everything = run_command(capsys, "--file", evening)
    for since in ("0001-01-01", "00010101", "0001-01-01T00:30", "999999w"):
        assert run_command(capsys, "--file", evening, "--since", since) == everything
    for until in ("9999-12-31", "99991231", "9999-W52-5", "9999-12-31T23:59:59"):
        assert run_command(capsys, "--file", evening, "--until", until) == everything


def test_how_long_ago(tmp_path, capsys):
    now = utc_now()
    writer = HistoryWriter(tmp_path / "h.db")
    writer.write({hours: Segment(now - timedelta(hours=hours), 60.0, "music", f"h{hours}") for hours in (1, 3, 30)})
    writer.close()
    for ago, heard in [("2h", {"h1"}), ("90 min", {"h1"}), ("1d", {"h1", "h3"}), ("1w", {"h1", "h3", "h30"})]:
        lines = run_command(capsys, "--file", tmp_path / "h.db", "--json", "--since", ago).splitlines()
        assert {json.loads(line)["genre"] for line in lines} == heard


def test_a_segment_beyond_the_calendar_is_passed_over(tmp_path, capsys):
    """A clock that was set to nonsense must not keep the rest from being read."""
    HistoryWriter(tmp_path / "h.db").close()
    with sqlite3.connect(tmp_path / "h.db") as connection:
        for row_id, start_ms in enumerate([-(2**62), 0, 253_402_300_799_000, 2**62]):
            connection.execute(
                "INSERT INTO segments VALUES (?, ?, 60000, 'music', 'jazz', NULL, NULL)", (row_id, start_ms)
            )
    connection.close()
    assert "1970" in run_command(capsys, "--file", tmp_path / "h.db")
    assert len(run_command(capsys, "--file", tmp_path / "h.db", "--json").splitlines()) == 1


def test_segments_for_programs(evening, capsys):
    lines = [json.loads(line) for line in run_command(capsys, "--file", evening, "--json").splitlines()]
    assert lines[0] == {
        **{"start": "2026-11-20T22:00:00.000Z", "end": "2026-11-21T02:20:00.000Z", "duration_s": 15_600.0},
        **{"state": "music", "genre": "jazz", "confidence": 0.812, "tempo_bpm": 120.2, "corrected": None},
    }
    rows = list(csv.DictReader(io.StringIO(run_command(capsys, "--file", evening, "--csv"))))
    as_text = [{key: "" if value is None else str(value) for key, value in line.items()} for line in lines]
    assert rows == as_text


def test_wrong_moment_and_missing_file_are_told(evening, capsys):
    for text in ("last week", "2026-02-30", "20261345", "2026-W60-1", "2 fortnights", "-2h", ""):
        with pytest.raises(ConfigError, match=f"--since {text}: write a date"):
            run_command(capsys, "--file", evening, f"--since={text}")
    with pytest.raises(HistoryError, match="no such file"):
        run_command(capsys, "--file", evening.with_name("none.db"))


def test_a_relative_state_folder_is_ignored_as_the_specification_says(monkeypatch, tmp_path):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert own_file() == tmp_path / ".local" / "state" / "livegenre" / "history.db"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert own_file() == tmp_path / "state" / "livegenre" / "history.db"


def test_a_tilde_that_the_shell_left_is_expanded(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    writer = HistoryWriter(tmp_path / "h.db")
    writer.write({1: Segment(datetime(2026, 11, 21, 12, tzinfo=UTC), 60.0, "music", "jazz")})
    writer.close()
    assert run_command(capsys, "--file=~/h.db").endswith("jazz 1 min\n")


@given(
    start_ms=st.integers(FIRST_MS, LAST_MS - 10**9) | st.integers(0, 2**41),
    duration_ms=st.integers(0, 10**9),
    texts=st.tuples(st.text(), st.none() | st.text(), st.none() | st.text()),
    numbers=st.tuples(*[st.none() | st.floats(allow_nan=False, allow_infinity=False)] * 2),
)
def test_a_line_of_json_is_what_python_makes_of_the_segment(start_ms, duration_ms, texts, numbers):
    state, genre, corrected = texts
    row = (start_ms, duration_ms, state, genre, *numbers, corrected)
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start_ms)
    told = Segment(start, duration_ms / 1000, *row[2:]).to_json()
    assert json_line(row) == json.dumps(told) + "\n"
    end = start + timedelta(milliseconds=duration_ms)
    written = [moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z" for moment in (start, end)]
    assert [told["start"], told["end"]] == written
    assert told["duration_s"] == duration_ms / 1000


@pytest.mark.parametrize(("form", "lines"), [((), 3_653), (("--json",), N_SEGMENTS)])
def test_ten_years_are_read_in_little_memory(tmp_path, form, lines):
    printed, used = run_on_ten_years(ten_years(tmp_path / "h.db"), *form)
    assert abs(printed.count("\n") - lines) <= 1
    assert used.mebibytes < 64
