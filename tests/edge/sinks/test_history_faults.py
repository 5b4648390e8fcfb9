"""The history survives what happens to programs and disks; every fault is real: a kill, a full disk, a lock."""

import ctypes
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

from edge.commands import history as command
from edge.errors import HistoryError
from edge.sinks import history
from edge.sinks.history import HistorySink
from edge.sinks.history_file import HistoryWriter, Segment, read_segments
from tests.edge.sinks import history_driver
from tests.edge.sinks.history_driver import feed, predictions

DRIVER = [sys.executable, history_driver.__file__]
CLONE_NEWUSER = 0x10000000  # sched.h
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}


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


@pytest.mark.parametrize(("fault", "words"), [("full", "full"), ("readonly", "unable to open")])
def test_full_or_read_only_disk_is_waited_for_and_nothing_is_missing_afterwards(tmp_path, fault, words):
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    command = [*namespace, *DRIVER, fault, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["during"]["failures"] > 0
    assert words in report["during"]["problem"]
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


def test_another_user_can_read_what_the_service_writes(tmp_path):
    path = tmp_path / "h.db"
    sink = HistorySink(path, checkpoint_s=0.0)
    feed(sink, predictions(), 20)
    for _ in range(2):
        assert as_another_user(tmp_path, lambda: len(read_segments(path))) == 3
        sink.close()


def test_the_services_history_is_told_to_be_read_with_sudo(tmp_path, monkeypatch):
    path = tmp_path / "private" / "h.db"
    HistorySink(path).close()
    path.parent.chmod(0o700)
    monkeypatch.setattr(command, "SERVICE_FILE", path)

    def told():
        assert command._default_file() == path
        with pytest.raises(HistoryError, match="try sudo livegenre history"):
            read_segments(path)
        return 42

    assert as_another_user(tmp_path, told) == 42


def as_another_user(folder, work):
    """What ``work`` returns (a small number) in a process that may do in ``folder`` what others than its owner may.

    Only root could become another user. So the owner gets no more rights than others meanwhile, and the process loses
    root's, if it had them, in a user namespace where nobody is mapped.
    """
    folder.chmod(0o755)
    modes = {entry: entry.stat().st_mode & 0o777 for entry in sorted((folder, *folder.rglob("*")), reverse=True)}
    for entry, mode in modes.items():
        entry.chmod((mode & 0o007) * 0o111)
    try:
        child = os.fork()
        if child == 0:
            try:
                if ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0:
                    os._exit(work())
            finally:
                os._exit(99)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for entry, mode in reversed(modes.items()):
            entry.chmod(mode)


def test_writing_the_same_ids_again_changes_nothing(tmp_path):
    writer, segment = HistoryWriter(tmp_path / "h.db"), Segment(datetime.now(UTC), 60.0, "music", "jazz")
    for _ in range(2):
        writer.write({5: segment})
    writer.close()
    assert recorded(tmp_path / "h.db") == [("jazz", 60.0)]
