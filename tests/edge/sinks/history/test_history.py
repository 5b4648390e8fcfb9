"""Events become segments, segments a small file, and the file hours per day; clocks may do what they like."""

import itertools
import random
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.errors import HistoryError
from edge.events import Change, Prediction, Started, State, Stopped, Tick
from edge.history.open_segment import DRIFT
from edge.history.reader import read_segments
from edge.history.segments import Segment, daily_totals, from_ms, split_by_day, to_ms
from edge.history.writer import HistoryWriter, new_id
from edge.sinks.history import HistorySink

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


@given(
    steps=st.lists(st.tuples(st.sampled_from(SHOWN), st.integers(1, 500_000)), min_size=1, max_size=20),
    drift=st.sampled_from([0.0, 0.0005, -0.0005]),
    jitter_s=st.floats(0, 0.2),
)
@example(steps=[((State.MUSIC, "jazz"), 2501), ((State.MUSIC, "rock"), 1)], drift=0.0, jitter_s=0.125)
@settings(max_examples=50, deadline=None)
def test_segments_cover_the_audio_once_touch_and_alternate(tmp_path_factory, steps, drift, jitter_s):
    """However the sound card's clock drifts from the wall clock, and however late the sound card tells of its audio."""
    at, events, began = 0.0, [], utc_now()
    for number, ((state, genre), milliseconds) in enumerate(steps):
        kind = prediction if milliseconds % 2 else change
        heard = began + timedelta(seconds=at * (1 + drift) + jitter_s * (number % 2))
        events += [
            replace(kind(at, state=state, genre=genre), time=heard),
            replace(tick(at + milliseconds / 2000), time=heard),
        ]
        at += milliseconds / 1000
    events.append(Stopped(time=utc_now(), audio_s=at, reason="end"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "clock_gettime", lambda _: 0.0)  # else a source that is lost lasts on while this runs
        patch.setattr(time, "time", began.timestamp)
        segments = record(tmp_path_factory.mktemp("history") / "h.db", events)
    given_way_s, rounded_s = DRIFT * at, 0.001 * len(steps)
    assert sum(segment.duration_s for segment in segments) == pytest.approx(at, rel=0, abs=given_way_s + rounded_s)
    pairs = list(itertools.pairwise(segments))
    assert all((a.state, a.genre) != (b.state, b.genre) for a, b in pairs)
    assert all(a.end == b.start for a, b in pairs)
    ends_s = (segments[-1].start - began).total_seconds() + segments[-1].duration_s if segments else at
    assert ends_s == pytest.approx(at * (1 + drift), rel=0.001, abs=0.2 + 0.001 * len(steps))


def test_a_days_drift_is_followed_rather_than_added_up(tmp_path):
    """A sound card that runs 0.05 % fast gives 43 s more in a day than have passed."""
    began, minutes = utc_now(), 24 * 60
    events = [
        replace(prediction(minute * 60 * 1.0005, genre=f"{minute % 2}"), time=began + timedelta(minutes=minute))
        for minute in range(minutes)
    ]
    segments = record(tmp_path / "h.db", events)
    assert abs(segments[-1].start - events[-2].time) < timedelta(seconds=0.1)
    assert all(a.end == b.start for a, b in itertools.pairwise(segments))


def test_time_that_is_missing_is_a_hole_between_segments(tmp_path):
    began = utc_now()
    moments = [(0.0, 0.0, "jazz"), (60.0, 60.0, "jazz"), (60.0, 90.0, "rock"), (70.0, 100.0, "rock")]
    events = [replace(prediction(at, genre=genre), time=began + timedelta(seconds=s)) for at, s, genre in moments]
    jazz, rock = record(tmp_path / "h.db", events)
    assert (jazz.duration_s, rock.duration_s) == (60.0, 10.0)
    assert (rock.start - jazz.end).total_seconds() == pytest.approx(30.0, abs=0.002)


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


def test_an_outage_that_turns_out_to_have_been_none_overlaps_nothing(tmp_path, monkeypatch):
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    for audio_s in (1.0, 2.0):
        sink(prediction(audio_s))
    sink(change(2.0, State.NO_SOURCE, None))
    later_s = time.clock_gettime(time.CLOCK_BOOTTIME) + 0.4
    with monkeypatch.context() as later:
        later.setattr(time, "clock_gettime", lambda _: later_s)
        sink(tick(2.0))
        assert read_segments(tmp_path / "h.db")[-1].state == "no_source"
    sink(change(2.0, State.MUSIC, "rock"))
    sink(prediction(5.0, genre="rock"))
    sink.close()
    segments = read_segments(tmp_path / "h.db")
    assert sum(segment.duration_s for segment in segments) == pytest.approx(4.0, abs=0.01)
    for before, after in itertools.pairwise(segments):
        assert after.start >= before.end


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

    monkeypatch.setattr("edge.history.writer.datetime", YearsAhead)
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


def test_a_file_that_is_about_to_be_made_holds_nothing_yet(tmp_path):
    """Nor does one of which a power cut has left the name alone."""
    (tmp_path / "h.db").touch()
    with pytest.raises(HistoryError, match="nothing has been recorded"):
        read_segments(tmp_path / "h.db")
    assert len(record(tmp_path / "h.db", [prediction(0.0), prediction(1.0)])) == 1


def test_days_are_local_and_may_have_23_or_25_hours(berlin):
    for day, hours in [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]:
        midnight = datetime(day.year, day.month, day.day).astimezone()
        split = dict(split_by_day(to_ms(midnight - timedelta(hours=1)), 30 * 3600_000))
        assert split[day] == hours * 3600_000
        assert sum(split.values()) == 30 * 3600_000
    late = (to_ms(datetime(2026, 6, 1, 22, 30, tzinfo=UTC)), 60_000, "jazz")  # half past midnight in Berlin
    assert daily_totals([late]) == {date(2026, 6, 2): {"jazz": 60.0}}


@given(
    spans=st.lists(st.tuples(st.integers(0, 10 * 86_400_000), st.integers(0, 40 * 3_600_000), st.sampled_from("ab"))),
    bounds=st.tuples(st.integers(0, 10 * 86_400_000), st.integers(0, 10 * 86_400_000)),
)
def test_daily_totals_are_the_parts_of_all_spans_within_the_bounds(spans, bounds):
    since, until = sorted(map(from_ms, bounds))
    expected = {}
    for start_ms, duration_ms, label in spans:
        first, last = max(start_ms, to_ms(since)), min(start_ms + duration_ms, to_ms(until))
        for day, part_ms in split_by_day(first, last - first):
            totals = expected.setdefault(day, {})
            totals[label] = totals.get(label, 0) + part_ms
    found = daily_totals(spans, since, until)
    assert list(found) == sorted(found)
    assert {
        day: {label: s for label, s in totals.items() if s} for day, totals in found.items() if any(totals.values())
    } == {day: {label: ms / 1000 for label, ms in totals.items()} for day, totals in expected.items()}


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
