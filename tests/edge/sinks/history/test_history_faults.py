"""The history survives what happens to programs and disks; every fault is real: a kill, a full disk, a lock."""

import json
import logging
import os
import random
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.errors import HistoryError
from edge.history.reader import read_segments
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter
from edge.sinks import history
from edge.sinks.history import HistorySink
from tests.edge.sinks.history import history_driver
from tests.edge.sinks.history.history_driver import feed, predictions

LIVEGENRE = Path(sys.executable).with_name("livegenre")
DRIVER = [sys.executable, history_driver.__file__]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[4])}


def answers(n_seconds):
    """The segments that ``predictions`` amount to after ``n_seconds`` events: (genre, duration)."""
    found = []
    for second in range(0, n_seconds - 1, 7):
        found.append((history_driver.GENRES[second // 7 % 3], min(7, n_seconds - 1 - second)))
    return found


def recorded(path):
    return [(segment.genre, segment.duration_s) for segment in read_segments(path)]


def test_killed_at_any_moment_it_loses_nothing_that_was_written(tmp_path):
    path, dice = tmp_path / "h.db", random.Random(7)
    for _ in range(6):
        before = sum(seconds for _, seconds in recorded(path)) if path.exists() else 0.0
        with subprocess.Popen([*DRIVER, "endless", str(path)], stdout=subprocess.PIPE, env=ENVIRONMENT) as driver:
            heard = [driver.stdout.readline() for _ in range(dice.choice([1, 2, 30]))]
            time.sleep(dice.uniform(0, 0.05))
            driver.kill()
            # A line cut short by the kill was never acknowledged.
            heard += [line for line in driver.stdout if line.endswith(b"\n")]
            acknowledged = int(heard[-1])
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        written = sum(seconds for _, seconds in recorded(path)) - before
        assert acknowledged <= written <= acknowledged + 1
    assert sorted(entry.name for entry in tmp_path.iterdir() if "corrupt" in entry.name) == []


@pytest.mark.parametrize(("fault", "words"), [("full", "full"), ("readonly", "Read-only file system")])
def test_full_or_read_only_disk_is_waited_for_and_nothing_is_missing_afterwards(tmp_path, fault, words):
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    command = [*namespace, *DRIVER, fault, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["during"]["failures"] > 0
    assert words in report["during"]["problems"]
    assert report["after"] == {"problem": None, "forgotten": 0}
    assert [tuple(segment) for segment in report["segments"]] == answers(503)
    assert done.stderr.count("cannot be written") == 1, "a failure that lasts is told once"
    assert done.stderr.count("is written again") == 1


def test_lock_of_another_process_is_waited_for(tmp_path):
    path = tmp_path / "h.db"
    sink, events = HistorySink(path, checkpoint_s=0.0), predictions()
    feed(sink, events, 10)
    lock = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
    script = lock + "print('locked', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout.readline() == b"locked\n"
        feed(sink, events, 3)
        assert sink.failures == 3
        assert "locked" in sink.problem
        holder.stdin.close()
        holder.wait()
    feed(sink, events, 10)
    assert sink.problem is None
    sink.close()
    assert recorded(path) == answers(23)


def damage_header(path):
    path.write_bytes(b"this was a database" + path.read_bytes()[19:])


def damage_page(path):
    content = bytearray(path.read_bytes())
    content[4096:8192] = random.Random(1).randbytes(4096)
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("damage", [damage_header, damage_page, truncate])
def test_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path, caplog, damage):
    path = tmp_path / "h.db"
    sink = HistorySink(path)
    feed(sink, predictions(), 2000)
    sink.close()
    damage(path)
    damaged = path.read_bytes()
    sink = HistorySink(path)
    feed(sink, predictions(), 15)
    sink.close()
    assert recorded(path) == answers(15)
    (aside,) = tmp_path.glob("h.db.corrupt-*Z")
    assert aside.read_bytes() == damaged
    (message,) = [record.getMessage() for record in caplog.records]
    assert "was damaged" in message
    assert aside.name in message


def test_removed_file_is_begun_anew(tmp_path):
    path = tmp_path / "h.db"
    sink, events = HistorySink(path, checkpoint_s=0.0), predictions()
    feed(sink, events, 10)
    for file in tmp_path.iterdir():
        file.unlink()
    feed(sink, events, 10)
    sink.close()
    assert recorded(path) == answers(20)[1:], "the segment that was open then and those that follow"


def test_folder_that_cannot_be_made_is_told_and_waited_for(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    sink, events = HistorySink(tmp_path / "state" / "h.db", checkpoint_s=0.0), predictions()
    feed(sink, events, 10)
    assert sink.failures == 11
    (tmp_path / "state").unlink()
    feed(sink, events, 1)
    sink.close()
    assert recorded(tmp_path / "state" / "h.db") == answers(11)


def test_the_buffer_is_bounded_and_keeps_the_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MAX_WAITING", 20)
    (tmp_path / "state").write_text("")
    sink, events = HistorySink(tmp_path / "state" / "h.db", checkpoint_s=0.0), predictions()
    feed(sink, events, 7 * 30)
    assert sink.forgotten == 29 - 20
    (tmp_path / "state").unlink()
    feed(sink, events, 1)
    sink.close()
    assert recorded(tmp_path / "state" / "h.db") == answers(7 * 30 + 1)[10:]


def test_while_it_fails_tries_become_rarer(tmp_path, monkeypatch, caplog):
    (tmp_path / "state").write_text("")
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    sink, events = HistorySink(tmp_path / "state" / "h.db"), predictions()
    with caplog.at_level(logging.WARNING):
        for _ in range(3600):
            now[0] += 1.0
            feed(sink, events, 1)
    assert 60 <= sink.failures <= 70, "about one a minute"
    assert len(caplog.records) == 6, "every ten minutes"


def test_its_group_can_read_it_and_nobody_else(tmp_path):
    path = tmp_path / "new" / "h.db"
    before = os.umask(0)
    try:
        sink = HistorySink(path, checkpoint_s=0.0)
        feed(sink, predictions(), 20)
        modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("h.db", "h.db-wal", "h.db-shm", "h.db.lock"), 0o640)
    assert path.parent.stat().st_mode & 0o777 == 0o750
    for _ in range(2):
        done = as_another_user(tmp_path, LIVEGENRE, "history", "--json", "--file", path, of_group=True)
        assert (done.stdout.count("\n"), done.stderr) == (3, "")
        sink.close()


def test_two_processes_do_not_record_into_one_file(tmp_path):
    path = tmp_path / "h.db"
    with subprocess.Popen([*DRIVER, "endless", str(path)], stdout=subprocess.PIPE, env=ENVIRONMENT) as driver:
        driver.stdout.readline()
        with pytest.raises(HistoryError, match=rf"another livegenre \(process {driver.pid}\) records there"):
            HistorySink(path)
        assert read_segments(path) is not None, "reading is another matter"
        driver.kill()
    HistorySink(path).close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["h.db"], "the lock leaves nothing"


def test_one_process_may_open_it_anew_before_it_closes_it(tmp_path):
    """As a daemon does that reads its configuration again."""
    before, events = HistorySink(tmp_path / "h.db", checkpoint_s=0.0), predictions()
    feed(before, events, 10)
    after = HistorySink(tmp_path / "h.db", checkpoint_s=0.0)
    before.close()
    feed(after, events, 10)
    done = subprocess.run([*DRIVER, "endless", tmp_path / "h.db"], env=ENVIRONMENT, capture_output=True, check=False)
    assert b"records there" in done.stderr
    after.close()


@pytest.mark.parametrize("content", [b"Shopping\n- milk\n", b"x" * 5000, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_history_is_never_touched(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"notes\.txt: "):
        HistorySink(path)
    sink, events = HistorySink(tmp_path / "h.db", checkpoint_s=0.0), predictions()
    feed(sink, events, 10)
    path.replace(tmp_path / "h.db")
    feed(sink, events, 10)
    assert sink.problem is not None, "what took its place meanwhile is not touched either"
    sink.close()
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left - {"h.db-wal", "h.db-shm"} == {"h.db"}
    assert (tmp_path / "h.db").read_bytes() == content


def test_zeros_where_the_history_was_are_set_aside(tmp_path):
    """Some file systems leave zeros of a file after a power cut."""
    path = tmp_path / "h.db"
    path.write_bytes(bytes(8192))
    sink = HistorySink(path)
    feed(sink, predictions(), 15)
    sink.close()
    assert recorded(path) == answers(15)
    assert [entry.read_bytes() for entry in tmp_path.glob("h.db.corrupt-*Z")] == [bytes(8192)]


def test_a_new_history_says_what_it_is_from_its_first_byte_on(tmp_path):
    sink = HistorySink(tmp_path / "h.db")
    header = (tmp_path / "h.db").read_bytes()[:100]
    assert header[68:72] == b"lvgn", "also while all else is in the write-ahead log"
    sink.close()


def test_the_services_history_is_told_to_be_read_with_sudo(tmp_path):
    path = tmp_path / "private" / "h.db"
    HistorySink(path).close()
    path.parent.chmod(0o700)
    script = (
        "import pathlib, sys; from edge import cli; from edge.commands import history\n"
        "history.SERVICE_FILE = pathlib.Path(sys.argv[1]); sys.exit(cli.main(['history']))"
    )
    told = as_another_user(tmp_path, sys.executable, "-c", script, path).stderr
    assert told == f"livegenre: {path}: is not yours to read; try sudo {LIVEGENRE} history\n"


def test_who_may_only_read_is_told_how_to_correct(tmp_path):
    path = tmp_path / "h.db"
    history_driver.numbers(path, 20)
    for of_group in (True, False):
        done = as_another_user(tmp_path, LIVEGENRE, "correct", "--file", path, "jazz", of_group=of_group)
        assert f"try sudo {LIVEGENRE} correct jazz" in done.stderr


def as_another_user(folder, *command, of_group=False):
    """Run a command that may do in ``folder`` what others than its owner may: those of its group, or all others.

    Only root could become another user. So the owner gets no more rights than others meanwhile, and the command has
    none of root's, in a user namespace where nobody is mapped.
    """
    folder.chmod(0o755)
    modes = {entry: entry.stat().st_mode & 0o777 for entry in sorted((folder, *folder.rglob("*")), reverse=True)}
    for entry, mode in modes.items():
        entry.chmod(((mode >> 3 if of_group else mode) & 0o007) * 0o111)
    try:
        return subprocess.run(["unshare", "--user", *command], capture_output=True, text=True, check=False)
    finally:
        for entry, mode in reversed(modes.items()):
            entry.chmod(mode)


def test_writing_the_same_ids_again_changes_nothing(tmp_path):
    writer, segment = HistoryWriter(tmp_path / "h.db"), Segment(datetime.now(UTC), 60.0, "music", "jazz")
    for _ in range(2):
        writer.write({5: segment})
    writer.close()
    assert recorded(tmp_path / "h.db") == [("jazz", 60.0)]
