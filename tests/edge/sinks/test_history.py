"""Events become segments, segments a small file, and the file hours per day; clocks may do what they like."""

import argparse
import csv
import io
import itertools
import json
import random
import sqlite3
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.commands import history as command
from edge.errors import ConfigError, HistoryError
from edge.events import Change, Prediction, Started, State, Stopped, Tick
from edge.sinks.history import HistorySink
from edge.sinks.history_file import HistoryWriter, Segment, daily_totals, new_id, read_segments, split_by_day

SHOWN = [(State.MUSIC, "jazz"), (State.MUSIC, "rock"), (State.SILENCE, None), (State.NO_SOURCE, None)]


def utc_now():
    return datetime.fromtimestamp(time.time(), UTC)


def prediction(audio_s, state=State.MUSIC, genre="jazz", confidence=0.5, tempo_bpm=120.0):
    return Prediction(
        **{
            "time": utc_now(),
            "audio_s": audio_s,
            "state": state,
            "genre": genre,
            "confidence": confidence,
            "tempo_bpm": tempo_bpm,
        },
        **{"probabilities": None, "level_dbfs": -20.0, "window_s": 30.0, "provisional": False},
    )


def tick(audio_s):
    return Tick(time=utc_now(), audio_s=audio_s, level_dbfs=None, backlog_s=0.0)


def change(audio_s, state, genre):
    previous = {"previous_state": State.UNSURE, "previous_genre": None, "confidence": None, "tempo_bpm": None}
    return Change(time=utc_now(), audio_s=audio_s, state=state, genre=genre, **previous)


def record(path, events, **options):
    sink = HistorySink(path, **options)
    for event in events:
        sink(event)
    sink.close()
    assert sink.failures == 0
    return read_segments(path)


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_segment_lasts_as_long_as_its_answer_and_carries_mean_and_median(tmp_path):
    tempi = [100.0, 100.0, 200.0, 101.0, None]
    jazz = [prediction(2.0 + i, confidence=i / 10, tempo_bpm=tempo) for i, tempo in enumerate(tempi)]
    last = [
        change(7.5, State.NO_SOURCE, None),
        tick(9.25),
        Stopped(time=utc_now(), audio_s=9.5, reason="end"),
    ]
    first, second = record(tmp_path / "h.db", [*jazz, *last])
    assert (first.state, first.genre, first.duration_s) == ("music", "jazz", 5.5)
    assert first.confidence == pytest.approx(0.2)
    assert first.tempo_bpm == 100.0
    assert (second.state, second.genre, second.duration_s, second.confidence) == ("no_source", None, 2.0, None)
    assert abs((datetime.now(UTC) - first.start).total_seconds()) < 60


@given(steps=st.lists(st.tuples(st.sampled_from(SHOWN), st.integers(1, 5_000)), min_size=1, max_size=20))
@settings(max_examples=50)
def test_segments_cover_the_audio_once_and_alternate(tmp_path_factory, steps):
    at, events = 0.0, []
    for (state, genre), milliseconds in steps:
        kind = prediction if milliseconds % 2 else change
        events += [kind(at, state=state, genre=genre), tick(at + milliseconds / 2000)]
        at += milliseconds / 1000
    events.append(Stopped(time=utc_now(), audio_s=at, reason="end"))
    segments = record(tmp_path_factory.mktemp("history") / "h.db", events)
    assert sum(segment.duration_s for segment in segments) == pytest.approx(at, abs=0.001 * len(steps))
    answers = [(segment.state, segment.genre) for segment in segments]
    assert all(a != b for a, b in itertools.pairwise(answers))


def test_a_new_beginning_on_the_timeline_ends_the_segment(tmp_path):
    started = Started(
        time=utc_now(), audio_s=0.0, source="demo", model="m", runtime="r", window_s=30.0, labels=("jazz",)
    )
    segments = record(tmp_path / "h.db", [prediction(5.0), prediction(65.0), started, prediction(3.0), prediction(4.0)])
    assert [segment.duration_s for segment in segments] == [60.0, 1.0]


@pytest.mark.parametrize("step_s", [-7200.0, 3600.0, 86_400.0 * 365])
def test_a_clock_put_right_moves_the_start_and_leaves_the_duration(tmp_path, monkeypatch, step_s):
    wall, began = time.time, time.time()
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    sink(prediction(0.0))
    sink(prediction(50.0))
    monkeypatch.setattr(time, "time", lambda: wall() + step_s)
    sink(prediction(100.0))
    sink.close()
    (segment,) = read_segments(tmp_path / "h.db")
    assert segment.duration_s == 100.0
    assert segment.start.timestamp() == pytest.approx(began + step_s, abs=5)


def test_a_clock_put_right_before_anything_was_heard_counts_once(tmp_path, monkeypatch):
    wall = time.time
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    monkeypatch.setattr(time, "time", lambda: wall() + 3600.0)
    sink(prediction(0.0))
    sink(prediction(50.0))
    sink.close()
    (segment,) = read_segments(tmp_path / "h.db")
    assert segment.start.timestamp() == pytest.approx(wall() + 3600.0, abs=5)


def test_an_outage_lasts_until_the_audio_goes_on_however_late_that_is_told(tmp_path, monkeypatch):
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    sink(change(10.0, State.NO_SOURCE, None))
    late_s = time.clock_gettime(time.CLOCK_BOOTTIME) + 60.0
    monkeypatch.setattr(time, "clock_gettime", lambda _: late_s)
    sink(tick(10.0))
    assert [segment.duration_s for segment in read_segments(tmp_path / "h.db")] == [pytest.approx(60.0, abs=1.0)]
    sink(change(15.0, State.WARMING_UP, None))
    sink.close()
    assert [segment.duration_s for segment in read_segments(tmp_path / "h.db")] == [5.0]


def test_an_open_segment_is_on_disk_within_a_checkpoint_and_never_twice(tmp_path):
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    for second in range(10):
        sink(prediction(float(second)))
        assert [segment.duration_s for segment in read_segments(tmp_path / "h.db")] == [float(second)][: second and 1]
    sink.close()


def test_two_programs_may_write_to_one_file(tmp_path):
    first, second = (HistorySink(tmp_path / "h.db", checkpoint_s=0.0) for _ in range(2))
    for second_s in range(5):
        first(prediction(float(second_s), genre="jazz"))
        second(prediction(float(second_s), genre="rock"))
    first.close()
    second.close()
    assert sorted(segment.genre for segment in read_segments(tmp_path / "h.db")) == ["jazz", "rock"]


def test_retention_forgets_the_old_even_when_the_clock_is_years_ahead(tmp_path, monkeypatch):
    writer = HistoryWriter(tmp_path / "h.db")
    now = datetime.now(UTC)
    writer.write({age: Segment(now - timedelta(days=age), 60.0, "silence") for age in (0, 10, 400)})
    assert writer.forget_older_than(timedelta(days=365)) == 1

    class YearsAhead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=4000)

    monkeypatch.setattr("edge.sinks.history_file.datetime", YearsAhead)
    assert writer.forget_older_than(timedelta(days=365)) == 0
    writer.close()
    assert len(read_segments(tmp_path / "h.db")) == 2


def test_sink_applies_retention(tmp_path):
    writer = HistoryWriter(tmp_path / "h.db")
    writer.write(
        {
            1: Segment(datetime.now(UTC) - timedelta(days=40), 60.0, "silence"),
            2: Segment(datetime.now(UTC), 1.0, "silence"),
        }
    )
    writer.close()
    assert len(record(tmp_path / "h.db", [], retention_days=30)) == 1


def test_another_programs_database_and_a_newer_one_are_refused_and_left_alone(tmp_path):
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE letters (text)")
    other.commit()
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    HistoryWriter(tmp_path / "newer.db").close()
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    for name, reason in [("other.db", "another program"), ("newer.db", "newer livegenre")]:
        for reader in (HistorySink, read_segments):
            with pytest.raises(HistoryError, match=reason):
                reader(tmp_path / name)
    assert (tmp_path / "other.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["newer.db", "other.db"]


def test_days_are_local_and_may_have_23_or_25_hours(berlin):
    for day, hours in [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]:
        midnight = datetime(day.year, day.month, day.day).astimezone()
        split = dict(split_by_day(Segment(midnight - timedelta(hours=1), 30 * 3600.0, "silence")))
        assert split[day] == hours * 3600
        assert sum(split.values()) == 30 * 3600
    late = Segment(datetime(2026, 6, 1, 22, 30, tzinfo=UTC), 60.0, "music", "jazz")  # half past midnight in Berlin
    assert daily_totals([late]) == {date(2026, 6, 2): {"jazz": 60.0}}


def test_a_year_fits_in_a_few_megabytes(tmp_path):
    """A lively household: records change the answer 22 times an hour, 10 hours a day; silence in between."""
    dice, at, rows = random.Random(1), datetime(2026, 1, 1, tzinfo=UTC), {}
    for _day in range(365):
        for _ in range(220):
            label = dice.choice(["jazz", "classical", "hiphop", None])
            state = "music" if label else dice.choice(["silence", "unsure", "no_music"])
            numbers = (dice.random(), dice.uniform(60, 180)) if label else (None, None)
            segment = Segment(at, dice.uniform(5, 300), state, label, *numbers)
            rows[new_id(at.timestamp())] = segment
            at = segment.end
        at += timedelta(hours=14)
    writer = HistoryWriter(tmp_path / "h.db")
    ids = sorted(rows)
    for start in range(0, len(ids), 500):
        writer.write({row_id: rows[row_id] for row_id in ids[start : start + 500]})
    writer.close()
    size = (tmp_path / "h.db").stat().st_size
    print(f"{len(rows)} segments in a year: {size / 1e6:.2f} MB, {size / len(rows):.0f} bytes each")
    assert len(read_segments(tmp_path / "h.db")) == len(rows)
    assert size < 6e6


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


def test_segments_for_programs(evening, capsys):
    lines = [json.loads(line) for line in run_command(capsys, "--file", evening, "--json").splitlines()]
    assert lines[0] == {
        **{"start": "2026-11-20T22:00:00.000Z", "end": "2026-11-21T02:20:00.000Z", "duration_s": 15_600.0},
        **{"state": "music", "genre": "jazz", "confidence": 0.812, "tempo_bpm": 120.2},
    }
    rows = list(csv.DictReader(io.StringIO(run_command(capsys, "--file", evening, "--csv"))))
    as_text = [{key: "" if value is None else str(value) for key, value in line.items()} for line in lines]
    assert rows == as_text


def test_wrong_moment_and_missing_file_are_told(evening, capsys):
    with pytest.raises(ConfigError, match="--since last week: write a date"):
        run_command(capsys, "--file", evening, "--since", "last week")
    with pytest.raises(HistoryError, match="no such file"):
        run_command(capsys, "--file", evening.with_name("none.db"))


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599.0, "1 h 0 min")])
def test_durations_in_words(seconds, words):
    assert command.in_words(seconds) == words
