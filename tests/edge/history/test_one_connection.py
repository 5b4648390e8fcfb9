"""A recording process has its history open once, whoever reads and corrects in it: else its locks are lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.errors import HistoryError
from edge.events import HistoryTrouble, SegmentBegun, SegmentCorrected, Tick
from edge.history.corrections import correct, undo
from edge.history.reader import daily_agreement, read_segments
from edge.sinks import history
from edge.sinks.history import LOOK_EVERY_S, HistorySink
from tests.edge.history.open_files import WHOLE, of_history
from tests.edge.sinks.history.history_driver import GENRES, feed, heard, started

LIVEGENRE = Path(sys.executable).with_name("livegenre")


RECORD = """
import sys; from pathlib import Path; from edge.sinks.history import HistorySink; HistorySink(Path(sys.argv[1]))
"""


def livegenre(*arguments: object) -> None:
    subprocess.run([LIVEGENRE, *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "h.db"


@pytest.fixture
def sink(path: Path) -> Iterator[HistorySink]:
    found = HistorySink(path, checkpoint_s=0.0)
    found(started())
    yield found
    found.close()


def labels_of(path: Path) -> dict[str | None, str | None]:
    return {segment.genre: segment.corrected for segment in read_segments(path)}


@pytest.mark.parametrize(
    "touch",
    [
        lambda path: correct(path, "jazz"),
        lambda path: (correct(path, "jazz"), undo(path)),
        read_segments,
        daily_agreement,
        lambda path: HistorySink(path).close(),
    ],
    ids=["correct", "undo", "read", "agreement", "another recorder"],
)
def test_whatever_this_process_does_another_finds_it_in_possession(
    path: Path, sink: HistorySink, touch: Callable[[Path], object]
) -> None:
    events = heard()
    feed(sink, events, 10)
    touch(path)
    assert of_history(path) == WHOLE
    livegenre("correct", "classical", "--file", path)
    assert of_history(path) == WHOLE, "nobody took the log away"
    feed(sink, events, 10)
    assert sum(segment.duration_s for segment in read_segments(path)) == 19.0
    assert "classical" in labels_of(path).values()


RECORDER = """
import itertools, sys
from pathlib import Path
from edge.history.corrections import correct
from edge.sinks.history import HistorySink
from tests.edge.history.open_files import WHOLE, of_history
from tests.edge.sinks.history.history_driver import heard, started
sink = HistorySink(Path(sys.argv[1]), checkpoint_s=0.0)
sink(started())
for number, event in enumerate(heard()):
    sink(event)
    if number == 10:
        correct(Path(sys.argv[1]), "jazz")
    if number >= 10:
        print(int(event.audio_s), flush=True)
        input()
"""


def test_a_kill_after_corrections_from_within_and_without_loses_nothing(path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", RECORDER, path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        seconds = int(process.stdout.readline())
        livegenre("correct", "classical", "--file", path)
        assert of_history(path, process.pid) == WHOLE
        for _ in range(30):
            process.stdin.write(b"\n")
            process.stdin.flush()
            seconds = int(process.stdout.readline())
        process.kill()
    assert sum(segment.duration_s for segment in read_segments(path)) == seconds == 40
    corrected = [segment.corrected for segment in read_segments(path)]
    assert corrected == [None, "classical", None, None, None, None]


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()


def remove_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def remove_shared_memory(path: Path) -> None:
    Path(f"{path}-shm").unlink()


def replace_log(path: Path) -> None:
    remove_log(path)
    shutil.copy(path, f"{path}-wal")  # which is none


def move_away(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def replace_by_older(path: Path) -> None:
    older = path.with_name("older.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(older)) as target:
        source.backup(target)
    older.replace(path)


DISPLACEMENTS = (remove, remove_all, remove_log, remove_shared_memory, replace_log, move_away, move_folder)


@pytest.mark.parametrize("displace", [*DISPLACEMENTS, replace_by_older], ids=lambda one: one.__name__)
def test_what_is_displaced_is_told_and_begun_anew_with_what_is_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, displace: Callable[[Path], None]
) -> None:
    path = tmp_path / "state" / "h.db"
    sink = HistorySink(path, checkpoint_s=3600.0)  # so that nothing but the look at the file makes it write
    sink(started())
    events = heard()
    feed(sink, events, 10)  # seven seconds of blues are in the file, two of classical at least in part
    sink.news()
    if displace is replace_by_older:  # not from this process, which has the file open
        script = "import sys, pathlib; from tests.edge.history import test_one_connection as t; "
        script += "t.replace_by_older(pathlib.Path(sys.argv[1]))"
        root = Path(__file__).resolve().parents[3]
        subprocess.run([sys.executable, "-c", script, path], check=True, cwd=root)
    else:
        displace(path)
    assert LOOK_EVERY_S <= 10, "a minute at most, together with a second attempt"
    monkeypatch.setattr(history, "LOOK_EVERY_S", 0.0)
    sink._next_look = 0.0
    sink(Tick(time=datetime.now(UTC), audio_s=9.0, level_dbfs=-20.0, backlog_s=0.0))
    assert "was moved, removed or replaced" in caplog.text
    assert sink.begun_anew is not None
    assert sink.problem is None
    assert [event.begun_anew for event in sink.news() if isinstance(event, HistoryTrouble)] == [sink.begun_anew]
    assert of_history(path) == WHOLE
    livegenre("correct", "jazz", "--file", path)
    feed(sink, events, 2)
    sink.close()
    kept = {segment.genre: segment.duration_s for segment in read_segments(path)}
    assert kept["classical"] == 4.0, "what was open then is whole"
    assert labels_of(path)["classical"] == "jazz"
    has_lost_all = displace in (remove, remove_all, move_away, move_folder)
    assert ("blues" in kept) is not has_lost_all, "what was in a log that is gone was still to be had"
    if displace is move_away:
        assert {"blues", "classical"} <= labels_of(path.with_name("moved.db")).keys(), "it is whole without its log"


def test_a_correction_never_goes_into_a_file_that_is_gone(path: Path, sink: HistorySink) -> None:
    feed(sink, heard(), 10)
    path.unlink()
    with pytest.raises(HistoryError, match="nothing has been recorded there yet"):
        correct(path, "jazz")
    with pytest.raises(HistoryError, match="nothing has been recorded there yet"):
        read_segments(path)


def test_corrections_and_reads_in_threads_while_it_records(path: Path, sink: HistorySink) -> None:
    """As the page, MQTT and the display do."""
    events, made, failed = heard(), [], []
    feed(sink, events, 10)

    def correct_and_read() -> None:
        try:
            for number in range(40):
                made.append(correct(path, GENRES[number % 3]))
                read_segments(path)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=correct_and_read) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        feed(sink, events, 1)
    assert failed == []
    assert sink.failures == 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM corrections").fetchone() == (len(made),) == (120,)


def test_while_another_process_writes_a_correction_waits_and_recording_goes_on(path: Path, sink: HistorySink) -> None:
    events = heard()
    feed(sink, events, 10)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
    )
    script += "print('locked', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        correcting = threading.Thread(target=correct, args=(path, "jazz"))
        correcting.start()
        feed(sink, events, 2)
        assert "locked" in str(sink.problem)
        holder.stdin.close()
        holder.wait()
    correcting.join()
    assert "jazz" in labels_of(path).values()
    feed(sink, events, 2)
    assert sink.problem is None


def test_by_whatever_name_it_is_the_same_file(tmp_path: Path, path: Path, sink: HistorySink) -> None:
    """Of a link, the log is beside the file itself."""
    feed(sink, heard(), 10)
    links = [tmp_path / "soft.db", tmp_path / "elsewhere" / "h.db"]
    links[1].parent.mkdir()
    for link in links:
        link.symlink_to(path)
        assert read_segments(link) == read_segments(path)
        correct(link, "jazz")
        assert of_history(path) == WHOLE
    livegenre("correct", "jazz", "--file", links[0])
    assert of_history(path) == WHOLE
    for link in links:
        done = subprocess.run([sys.executable, "-c", RECORD, link], capture_output=True, text=True, check=False)
        assert "another livegenre" in done.stderr


def test_from_a_link_another_process_reads_what_is_still_in_the_log(
    tmp_path: Path, path: Path, sink: HistorySink
) -> None:
    feed(sink, heard(), 10)
    (tmp_path / "other").mkdir()
    link = tmp_path / "other" / "h.db"
    link.symlink_to(path)
    done = subprocess.run([LIVEGENRE, "history", "--json", "--file", link], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 2


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "other file", "folder", "pipe"])
def test_what_stands_where_the_lock_belongs_is_not_written_to(path: Path, kind: str) -> None:
    lock, notes = path.with_name("h.db.lock"), path.with_name("notes")
    notes.write_text("milk, bread and butter")
    match kind:
        case "link":
            lock.symlink_to(notes)
        case "dangling link":
            lock.symlink_to("nowhere")
        case "hard link":
            notes.write_text("1234")
            lock.hardlink_to(notes)
        case "other file":
            lock.write_text("milk")
        case "folder":
            lock.mkdir()
        case "pipe":
            os.mkfifo(lock)
    before = notes.read_text()
    with pytest.raises(HistoryError, match=r"h\.db\.lock: is no lock file of livegenre; move it away"):
        HistorySink(path)
    assert notes.read_text() == before
    assert not path.with_name("nowhere").exists()
    assert not lock.is_file() or lock.read_text() in ("milk", before)


def test_a_lock_that_is_removed_is_taken_again(path: Path, sink: HistorySink) -> None:
    path.with_name("h.db.lock").unlink()
    feed(sink, heard(), 3)
    assert of_history(path) == WHOLE
    assert sink.begun_anew is None
    done = subprocess.run([sys.executable, "-c", RECORD, path], capture_output=True, text=True, check=False)
    assert f"process {os.getpid()}" in done.stderr


def test_an_own_correction_is_noticed_like_another_process(path: Path, sink: HistorySink) -> None:
    feed(sink, heard(), 10)
    begun = sink.news()[-1]
    assert isinstance(begun, SegmentBegun)
    assert sink.news() == []
    correct(path, "jazz", int(begun.segment))
    livegenre("correct", "blues", "--file", path)
    (told,) = sink.news()
    assert isinstance(told, SegmentCorrected)
    assert (told.segment, told.genre, told.corrected) == (begun.segment, "classical", "blues")
    livegenre("correct", "--undo", "--file", path)
    undo(path, int(begun.segment))
    (told,) = sink.news()
    assert isinstance(told, SegmentCorrected)
    assert told.corrected is None
    assert sink.news() == []


def test_a_history_is_opened_in_one_place_of_the_program() -> None:
    """Any other open file in a recording process would release its locks."""
    edge = Path(__file__).resolve().parents[3] / "edge"
    openers = {
        name: {str(file.relative_to(edge)) for file in edge.rglob("*.py") if name in file.read_text()}
        for name in ("sqlite3.connect(", "open_to_write(", "open_to_read(")
    }
    assert openers == {
        "sqlite3.connect(": {"history/database.py"},
        "open_to_write(": {"history/database.py", "history/connection.py"},
        "open_to_read(": {"history/database.py", "history/connection.py"},
    }


CORRECTOR = """
import sys
from pathlib import Path
from edge.history.corrections import correct
from edge.sinks.history import HistorySink
from tests.edge.sinks.history.history_driver import feed, heard, started
sink = HistorySink(Path(sys.argv[1]), checkpoint_s=0.0)
sink(started())
feed(sink, heard(), 5)
correct(Path(sys.argv[1]), "classical")
print("corrected", flush=True)
"""


def test_a_correction_is_on_the_disk_before_it_is_acknowledged(path: Path) -> None:
    """It is too rare and too dear to be lost with the last seconds, as a power cut may lose what is heard."""
    trace, root = path.with_name("trace"), Path(__file__).resolve().parents[3]
    strace = ["strace", "-f", "-y", "-o", trace, "-e", "trace=pwrite64,fsync,fdatasync,write"]
    subprocess.run([*strace, sys.executable, "-c", CORRECTOR, path], check=True, cwd=root, stdout=subprocess.DEVNULL)
    before = trace.read_text().split('"corrected')[0].splitlines()
    of_log = [line.split("(")[0].split()[-1] for line in before if f"{path}-wal" in line]
    assert of_log[-1] in ("fsync", "fdatasync"), of_log[-5:]
