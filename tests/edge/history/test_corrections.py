"""Corrections are stored beside the model's answers, with the head inputs, and can be undone."""

import argparse
import json
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from edge.audio.demo import synthesize
from edge.commands import correct as command
from edge.commands import history as history_command
from edge.errors import CorrectionError, HistoryError
from edge.events import Prediction, Started, State, Stopped
from edge.history.corrections import confirm, correct, lessons, undo
from edge.history.database import APPLICATION_ID, SCHEMA
from edge.history.reader import daily_agreement, read_segments
from edge.history.segments import Segment
from edge.history.writer import KEEP_INPUTS, HeadInput, HistoryWriter, ModelIdentity
from edge.live.pipeline import Pipeline
from edge.model.bundle import load_bundle
from edge.model.inputs import inputs_digest
from edge.sinks.history import HistorySink
from tests.edge.scripted import Scripted, blocks

MODEL = ModelIdentity("small", "inputs of small", ("jazz", "rock", "hip_hop", "no_music"))
LIVEGENRE = Path(sys.executable).with_name("livegenre")


def numbers(*values):
    return struct.pack(f"<{len(values)}f", *values)


def now():
    return datetime.fromtimestamp(time.time(), UTC)


@pytest.fixture
def evening(tmp_path):
    """Rock half an hour ago, jazz until now, and a pause between them; what was heard of the rock is no longer kept."""
    writer = HistoryWriter(tmp_path / "h.db")
    segments = {
        1: Segment(now() - timedelta(minutes=40), 600.0, "music", "rock", 0.8, 120.0),
        2: Segment(now() - timedelta(minutes=30), 1200.0, "silence"),
        3: Segment(now() - timedelta(minutes=10), 600.0, "music", "jazz", 0.4, 90.0),
    }
    writer.write(segments, {3: HeadInput(MODEL, 30.0, numbers(1.0, 2.5))})
    writer.close()
    return tmp_path / "h.db"


def labels_of(path):
    return [segment.corrected for segment in read_segments(path)]


def test_what_is_heard_now_is_corrected_and_taken_back(evening):
    done = correct(evening, "rock")
    assert (done.segment.genre, done.segment.corrected, done.teaches) == ("jazz", "rock", True)
    assert labels_of(evening) == [None, None, "rock"]
    correct(evening, "hip_hop")
    assert labels_of(evening) == [None, None, "hip_hop"]
    assert undo(evening).segment.corrected == "rock"
    assert undo(evening).segment.corrected is None
    assert labels_of(evening) == [None, None, None]
    with pytest.raises(CorrectionError, match="there is no correction to undo"):
        undo(evening)


def test_what_the_model_said_is_confirmed_and_that_is_taken_back(evening):
    assert confirm(evening).segment.corrected == "jazz"
    assert daily_agreement(evening)[now().astimezone().date()][1] == 1
    assert undo(evening).segment.corrected is None
    writer = HistoryWriter(evening)
    writer.write({4: Segment(now() - timedelta(seconds=5), 5.0, "unsure"), 5: Segment(now(), 5.0, "no_music")})
    writer.close()
    assert confirm(evening, 5).segment.corrected == "no_music"
    with pytest.raises(CorrectionError, match=r"there is no answer to confirm for what was heard from .*"):
        confirm(evening, 4)


def test_a_genre_of_ones_own_is_known_once_it_was_said_as_one(evening):
    with pytest.raises(CorrectionError, match=r"does not know 'Drum and Bass'.*as a genre of your own: --own"):
        correct(evening, "Drum and Bass")
    assert correct(evening, "Drum and Bass", own=True).segment.corrected == "drum_and_bass"
    assert correct(evening, "drum and bass", 1).segment.corrected == "drum_and_bass"
    with pytest.raises(CorrectionError, match="did you mean drum_and_bass"):
        correct(evening, "drum and bas")
    undo(evening, 1)
    undo(evening)
    with pytest.raises(CorrectionError, match="does not know"):
        correct(evening, "drum and bass")


@pytest.mark.parametrize("name", ["", " ", "silence", "no source", "a\nb", "\x1b[2J", "x" * 41, "-", "../x", "unsure"])
def test_what_is_no_name_of_a_genre_is_refused(evening, name):
    with pytest.raises(CorrectionError):
        correct(evening, name, own=True)
    assert labels_of(evening) == [None, None, None]


def test_what_was_heard_then_is_corrected(evening):
    done = correct(evening, "jazz", now() - timedelta(minutes=35))
    assert (done.segment.genre, done.segment.corrected, done.teaches) == ("rock", "jazz", False)
    for at in (now() - timedelta(minutes=20), now() - timedelta(hours=3)):
        with pytest.raises(CorrectionError, match="nothing was heard at"):
            correct(evening, "jazz", at)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("roc", "does not know 'roc'; did you mean rock?"),
        ("polka", "does not know 'polka'; it knows jazz, rock, hip_hop, no_music"),
        ("", "does not know ''; it knows"),
    ],
)
def test_a_label_that_the_model_does_not_know_is_refused(evening, said, words):
    with pytest.raises(CorrectionError, match=words):
        correct(evening, said)
    assert labels_of(evening) == [None, None, None]


@pytest.mark.parametrize(("said", "label"), [("Hip-Hop", "hip_hop"), ("no music", "no_music"), (" JAZZ", "jazz")])
def test_labels_may_be_spelled_as_people_do(evening, said, label):
    assert correct(evening, said).segment.corrected == label


def test_nothing_to_correct_is_told(tmp_path, evening):
    with pytest.raises(HistoryError, match="nothing has been recorded there yet"):
        correct(tmp_path / "none.db", "jazz")
    assert not (tmp_path / "none.db").exists()
    with closing(sqlite3.connect(evening)) as connection, connection:
        connection.execute("UPDATE segments SET start_ms = start_ms - 3600000")
    with pytest.raises(CorrectionError, match="nothing was heard in the last 10 minutes"):
        correct(evening, "jazz")


def test_the_days_summary_counts_agreement_and_the_label_that_holds(evening, capsys):
    correct(evening, "rock")
    correct(evening, "rock", now() - timedelta(minutes=35))
    agreement = daily_agreement(evening)
    assert [sum(column) for column in zip(*agreement.values(), strict=True)] == [2, 1]
    parser = argparse.ArgumentParser()
    history_command.add_parser(parser.add_subparsers())
    history_command.run(parser.parse_args(["history", "--file", str(evening)]))
    told = capsys.readouterr().out
    assert "rock" in told
    assert "jazz" not in told
    assert "that you judged" in told


def test_what_can_be_learned_is_the_newest_label_with_the_numbers_of_the_same_inputs(evening):
    correct(evening, "rock")
    correct(evening, "hip hop")
    correct(evening, "jazz", now() - timedelta(minutes=35))  # without numbers
    assert [(lesson.segment_id, lesson.label, lesson.vector) for lesson in lessons(evening, MODEL.inputs)] == [
        (3, "hip_hop", (1.0, 2.5))
    ]
    assert list(lessons(evening, "other inputs")) == []


def test_numbers_are_kept_for_the_newest_and_for_what_was_corrected(tmp_path):
    writer = HistoryWriter(tmp_path / "h.db")
    first = Segment(now() - timedelta(seconds=30), 60.0, "music", "jazz")
    writer.write({1: first}, {1: HeadInput(MODEL, 30.0, numbers(1.0))})
    correct(tmp_path / "h.db", "rock")
    for row_id in range(2, KEEP_INPUTS + 10):
        segment = Segment(first.start + timedelta(seconds=row_id), 1.0, "music", "jazz")
        writer.write({row_id: segment}, {row_id: HeadInput(MODEL, 30.0, numbers(1.0))})
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection:
        kept = [row_id for (row_id,) in connection.execute("SELECT segment_id FROM heard ORDER BY segment_id")]
    assert kept == [1, *range(10, KEEP_INPUTS + 10)]
    assert writer.forget_older_than(timedelta(0)) > 0
    writer.close()
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection:
        assert connection.execute("SELECT count(*) FROM corrections").fetchone() == (0,), "gone with its segment"


def predictions(n_seconds, genre="jazz", began=None):
    began = began or now() - timedelta(seconds=n_seconds)
    yield Started(
        time=began, audio_s=0.0, source="x", model="small", runtime="r", window_s=30.0, labels=MODEL.labels, inputs="i"
    )
    for second in range(n_seconds):
        yield Prediction(
            **{"time": began + timedelta(seconds=second), "audio_s": float(second), "state": State.MUSIC},
            **{"genre": genre, "confidence": 0.5, "tempo_bpm": 100.0, "probabilities": None, "level_dbfs": -20.0},
            **{"window_s": min(second + 1.0, 30.0), "provisional": second < 29, "vector": numbers(float(second))},
        )


def test_the_numbers_kept_are_those_of_the_first_full_window_and_few_writes(tmp_path, monkeypatch):
    written = []
    write = HistoryWriter.write

    def counted(self, segments, inputs=None, **moved):
        written.extend(inputs or {})
        write(self, segments, inputs, **moved)

    monkeypatch.setattr(HistoryWriter, "write", counted)
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    for event in predictions(200):
        sink(event)
        if event.audio_s == 10:
            correct(tmp_path / "h.db", "rock")
    sink.close()
    (lesson,) = lessons(tmp_path / "h.db", "i")
    assert (lesson.label, lesson.vector) == ("rock", (29.0,))
    assert len(written) <= 6


def test_a_new_answer_is_in_the_file_as_soon_as_it_lasts(tmp_path):
    """Else a correction would go to the record before."""
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=3600.0)
    began = now() - timedelta(seconds=20)
    for event in predictions(10, began=began):
        sink(event)
    for event in list(predictions(12, genre="rock", began=began))[11:]:
        sink(replace(event, audio_s=event.audio_s))
    for event in list(predictions(14, genre="rock", began=began))[13:]:
        sink(event)
    assert correct(tmp_path / "h.db", "hip_hop").segment.genre == "rock"
    sink.close()


def test_the_listeners_own_numbers_come_out_as_they_went_in(tmp_path):
    bundle, audio = load_bundle(), synthesize(20, sample_rate=22_050)
    sink = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    vectors = []
    for event in Pipeline(Scripted(blocks(audio)), bundle).events():
        sink(event)
        if isinstance(event, Prediction) and event.vector is not None:
            vectors.append(event.vector)
            assert "vector" not in event.to_json()
        if isinstance(event, Stopped):
            break
    sink.close()
    correct(tmp_path / "h.db", bundle.labels[0], read_segments(tmp_path / "h.db")[-1].start)
    (lesson,) = lessons(tmp_path / "h.db", inputs_digest(bundle.sidecar))
    assert np.array(lesson.vector, dtype="<f4").tobytes() in vectors
    assert len(lesson.vector) == bundle.mean.size


RECORDER = """
import sys, time
from pathlib import Path
from edge.sinks.history import HistorySink
from tests.edge.history.test_corrections import predictions
sink = HistorySink(Path(sys.argv[1]), checkpoint_s=0.0)
for event in predictions(1_000_000):
    sink(event)
    if sink.problem is None:
        print(event.audio_s, flush=True)
"""


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path):
    """One records as fast as it can, the other corrects and takes back, over and over."""
    path = tmp_path / "h.db"
    root = Path(__file__).resolve().parents[3]
    recorder = subprocess.Popen([sys.executable, "-c", RECORDER, path], stdout=subprocess.PIPE, cwd=root)
    with recorder:
        for _ in range(3):
            recorder.stdout.readline()
        moment = read_segments(path)[0].start + timedelta(seconds=0.5)
        for number in range(100):
            correct(path, MODEL.labels[number % 3], moment)
            if number % 4 == 3:
                undo(path, moment)
        recorder.kill()
        acknowledged = [float(line) for line in recorder.stdout if line.endswith(b"\n")][-1]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM corrections").fetchone() == (75,)
    assert acknowledged <= read_segments(path)[0].duration_s <= acknowledged + 1


#: The layout of livegenre's first histories, as it was.
FIRST_LAYOUT = """
CREATE TABLE segments (
    id INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL, state TEXT NOT NULL,
    genre TEXT, confidence REAL, tempo_bpm REAL
)
"""


@pytest.fixture
def first_layout(tmp_path):
    path = tmp_path / "old.db"
    start_ms = round((time.time() - 120) * 1000)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(FIRST_LAYOUT)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("PRAGMA journal_mode = WAL") if not connection.in_transaction else None
        connection.execute("INSERT INTO segments VALUES (7, ?, 110000, 'music', 'jazz', 0.5, 120.0)", (start_ms,))
    return path


def test_a_history_of_the_first_layout_is_read_as_it_is(first_layout):
    before = first_layout.read_bytes()
    assert [(segment.genre, segment.corrected) for segment in read_segments(first_layout)] == [("jazz", None)]
    assert daily_agreement(first_layout) == {}
    assert list(lessons(first_layout, "i")) == []
    assert first_layout.read_bytes() == before


def test_a_history_of_the_first_layout_is_brought_up_to_date_by_whoever_writes(first_layout):
    with pytest.raises(CorrectionError, match="no model has recorded here yet"):
        correct(first_layout, "rock")
    sink = HistorySink(first_layout, checkpoint_s=0.0)
    for event in predictions(3, began=now() - timedelta(seconds=5)):
        sink(event)
    sink.close()
    assert [segment.duration_s for segment in read_segments(first_layout)] == [110.0, 2.0]
    assert correct(first_layout, "rock").segment.corrected == "rock"
    with closing(sqlite3.connect(first_layout)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["correct", *map(str, arguments)]))


def test_the_command_says_what_it_did(evening, capsys):
    assert run("Hip-Hop", "--file", evening) == 0
    told = capsys.readouterr().out
    assert ", 10 min: jazz is hip hop. To undo: livegenre correct --undo --at 2" in told
    assert run("jazz", "--at", "35m", "--file", evening) == 0
    assert run(*told.split("livegenre correct ")[1].split(), "--file", evening) == 0
    assert labels_of(evening) == ["jazz", None, None], "of that alone"
    with pytest.raises(CorrectionError, match="there is no correction to undo of what was heard from"):
        run("--undo", "--file", evening)
    assert run("Hip-Hop", "--file", evening) == 0
    capsys.readouterr()
    assert run("--undo", "--file", evening) == 0
    assert capsys.readouterr().out.endswith(": jazz, as the model answered\n")
    assert run("jazz", "--file", evening) == 0
    assert "jazz is right." in capsys.readouterr().out
    assert run("jazz", "--at", "35m", "--file", evening) == 0
    assert "too long ago to learn from" in capsys.readouterr().out


def test_the_command_has_one_line_and_a_status_for_what_it_cannot_do(evening):
    for arguments, words in [(["polka"], "does not know"), (["jazz", "--at", "5h"], "nothing was heard at")]:
        done = subprocess.run(
            [LIVEGENRE, "correct", *arguments, "--file", evening], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert words in done.stderr


def test_json_has_what_was_said_beside_what_the_model_said(evening, capsys):
    correct(evening, "rock")
    parser = argparse.ArgumentParser()
    history_command.add_parser(parser.add_subparsers())
    history_command.run(parser.parse_args(["history", "--json", "--file", str(evening)]))
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["genre"], last["corrected"]) == ("jazz", "rock")
