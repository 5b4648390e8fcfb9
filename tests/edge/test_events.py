"""The JSON lines are an interface: names, order of the first fields, and what numbers may look like."""

from __future__ import annotations

import errno
import io
import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

from edge import events
from edge.events import (
    Change,
    Event,
    Gap,
    HistoryTrouble,
    Prediction,
    SegmentBegun,
    SegmentCorrected,
    SourceLost,
    SourceRestored,
    Started,
    State,
    Stats,
    Stopped,
    Tick,
)
from edge.sinks.jsonl import JsonLines

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)

#: The documented fields of each event. A change here is a change of the schema.
FIELDS = {
    Started: {"source", "model", "runtime", "window_s", "labels"},
    Prediction: {
        "state",
        "genre",
        "confidence",
        "probabilities",
        "tempo_bpm",
        "level_dbfs",
        "window_s",
        "provisional",
        "styles",
        "nearest",
        "personal",
    },
    Change: {"state", "genre", "previous_state", "previous_genre", "confidence", "tempo_bpm", "personal"},
    Gap: {"lost_s", "reason"},
    SourceLost: {"source", "stalled", "reason"},
    SourceRestored: {"source", "away_s"},
    SegmentBegun: {"segment", "corrected"},
    SegmentCorrected: {"segment", "start", "state", "genre", "corrected"},
    HistoryTrouble: {"problem", "begun_anew"},
    Stats: {"updates", "gaps", "dropped_s", "restarts", "backlog_s", "interval_s", "update_cost_s"},
    Stopped: {"reason", "warning"},
}


def prediction() -> Prediction:
    return Prediction(
        time=NOON,
        audio_s=12.0,
        state=State.MUSIC,
        genre="jazz",
        confidence=0.1234567,
        probabilities={"jazz": 1 / 3, "rock": 2 / 3},
        tempo_bpm=112.3456789,
        level_dbfs=None,
        window_s=10.0,
        provisional=False,
    )


def test_every_event_that_is_written_has_its_documented_fields() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}
    written = kinds - {Event, Tick}
    assert written == set(FIELDS)
    for kind, names in FIELDS.items():
        assert {field.name for field in fields(kind) if not field.metadata.get(events.INTERNAL)} == names | {
            "time",
            "audio_s",
        }
    assert events.SCHEMA == 1


def test_a_line_is_json_with_schema_event_time_and_audio_time_first() -> None:
    stream = io.StringIO()
    JsonLines(stream)(prediction())
    line = json.loads(stream.getvalue())
    assert list(line)[:4] == ["schema", "event", "time", "audio_s"]
    assert line["event"] == "prediction"
    assert line["time"] == "2026-03-01T12:00:00.123Z"
    assert line["state"] == "music"
    assert line["probabilities"] == {"jazz": 0.3333, "rock": 0.6667}
    assert line["level_dbfs"] is None


def test_times_in_another_zone_are_written_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert Stopped(time=east, audio_s=0.0, reason="").to_json()["time"] == "2026-03-01T12:00:00.123Z"


def test_ticks_are_not_written_and_every_line_is_flushed_at_once() -> None:
    class Counting(io.StringIO):
        flushes = 0

        def flush(self) -> None:
            self.flushes += 1

    stream = Counting()
    sink = JsonLines(stream)
    sink(Tick(time=NOON, audio_s=1.0, level_dbfs=-20.0, backlog_s=0.0))
    assert stream.getvalue() == ""
    sink(prediction())
    sink(prediction())
    assert stream.getvalue().count("\n") == stream.flushes == 2


class AlmostFull(io.RawIOBase):
    """A disk with so many bytes of room: it takes what fits, and refuses the rest."""

    def __init__(self, room: int) -> None:
        self.room, self.written = room, b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.written += taken
        return len(taken)


@pytest.mark.parametrize("room", [0, 1, 100, 1_000])
@pytest.mark.parametrize("buffered", [False, True])
def test_a_line_cut_by_a_full_disk_is_finished_before_the_next(room: int, buffered: bool) -> None:
    disk = AlmostFull(room)
    sink = JsonLines(io.TextIOWrapper(io.BufferedWriter(disk) if buffered else disk, write_through=not buffered))
    failures = 0
    for number in range(40):
        if number == 20:
            disk.room = 1_000_000
        try:
            sink(Stopped(time=NOON, audio_s=float(number), reason="x" * 30))
        except OSError:
            failures += 1
    sink.close()
    assert failures > 10
    told = [json.loads(line)["audio_s"] for line in disk.written.decode().splitlines()]
    assert told == sorted(set(told))
    assert told[-20:] == [float(number) for number in range(20, 40)]
