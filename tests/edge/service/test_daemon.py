"""The daemon as a real process with a notification socket and signals."""

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from edge import words
from edge.events import State
from edge.history.reader import read_segments
from edge.service import logs
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager

LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: Plays a demo piece for ever, at real-time pace: the daemon paces what it reads.
RADIO = """
import sys
from edge.audio.demo import synthesize
from features_np.pcm import float32_to_int16
piece = float32_to_int16(synthesize(20, sample_rate=22050)).tobytes()
while True:
    sys.stdout.buffer.write(piece)
"""


@pytest.fixture
def manager(tmp_path):
    return Manager(tmp_path)


@pytest.fixture
def config(tmp_path):
    radio = tmp_path / "radio.py"
    radio.write_text(RADIO)
    path = tmp_path / "livegenre.toml"
    command = f"cmd:env PYTHONPATH={Path(__file__).resolve().parents[3]} {sys.executable} {radio}"
    path.write_text(f'[source]\nuri = "{command}"\nsample_rate = 22050\nchannels = 1\n[history]\ncheckpoint_s = 0.1\n')
    return path


@contextmanager
def daemon(config, manager, **environment):
    """A running daemon; ``.log()`` is what it wrote to stderr so far."""
    with (config.parent / "log").open("ab+") as log:
        found = os.fstat(log.fileno())
        env = manager.env | {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"} | environment
        process = subprocess.Popen([LIVEGENRE, "daemon", "--config", config], stderr=log, env=env)
        process.log = (config.parent / "log").read_text
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def total(path):
    return sum(segment.duration_s for segment in read_segments(path))


def test_life_of_a_service(config, manager, tmp_path):
    with daemon(config, manager) as process:
        start = manager.wait_for("READY", "1")
        assert ("READY", "1") in start
        for _ in range(5):
            manager.wait_for("WATCHDOG")
        wait_until(lambda: total(tmp_path / "state" / "history.db") > 0, 30, "something is kept")
        heard = total(tmp_path / "state" / "history.db")

        config.write_text(config.read_text().replace("sample_rate = 22050", "sample_rate = 44100"))
        process.send_signal(signal.SIGHUP)
        reloading = manager.wait_for("READY")
        assert [name for name, _ in reloading if name in ("RELOADING", "MONOTONIC_USEC", "READY")] == [
            *("RELOADING", "MONOTONIC_USEC", "READY"),
        ]
        since_boot_us = int(dict(reloading)["MONOTONIC_USEC"])
        assert 0 <= time.clock_gettime(time.CLOCK_MONOTONIC) - since_boot_us / 1e6 < 60
        status = dict(manager.wait_for("STATUS"))
        manager.wait_for("WATCHDOG")

        config.write_text(config.read_text() + "[decision]\nunsure_below = 1\n")
        process.send_signal(signal.SIGHUP)
        manager.wait_for("STATUS", "not sure")

        config.write_text("[decision]\nled = 2\n")
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")
        assert process.poll() is None

        asked = time.monotonic()
        process.terminate()
        assert manager.wait_for("STOPPING", seconds=5)
        assert process.wait(timeout=5) == 0
        print(f"SIGTERM to exit: {time.monotonic() - asked:.2f} s; status was {status['STATUS']!r}")
        assert total(tmp_path / "state" / "history.db") > heard
        log = process.log()
    assert "<6>listening to env" in log
    assert "<6>configuration read again; listening starts anew" in log
    assert f"<3>configuration kept as it was: {config}, line 2: unknown key led; did you mean lead?" in log
    assert log.endswith("<6>stopped\n")
    assert all(line[0] == "<" and line[2] == ">" for line in log.splitlines())


def test_what_hangs_no_longer_feeds_the_watchdog(config, manager, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\n"
        "from edge.model.classifier import Classifier\n"
        "def hang(self, vector):\n"
        "    print('hanging', file=sys.stderr, flush=True)\n"
        "    time.sleep(3600)\n"
        "Classifier.__call__ = hang\n"
    )
    path = f"{tmp_path}:{Path(__file__).resolve().parents[3]}"
    with daemon(config, manager, PYTHONPATH=path) as process:
        assert "WATCHDOG" in dict(manager.wait_for("READY") + manager.messages(1))
        wait_until(lambda: "hanging" in process.log(), 30, "the hang begins")
        manager.messages(0.3)
        assert manager.messages(2) == []


def test_killed_it_leaves_a_sound_history_and_goes_on_with_it(config, manager, tmp_path):
    for goal in (1, 2):
        with daemon(config, manager) as process:
            manager.wait_for("READY")
            wait_until(lambda: total(tmp_path / "state" / "history.db") >= goal, 30, "it goes on")  # noqa: B023
            process.kill()


def test_without_a_microphone_it_waits_and_says_so(config, manager, tmp_path):
    config.write_text('[source]\nuri = "mic"\n[history]\ncheckpoint_s = 0.1\n')
    with daemon(config, manager) as process:
        manager.wait_for("STATUS", words.STATE_WORDS[State.NO_SOURCE])
        assert ("WATCHDOG", "1") in manager.messages(2)
        process.terminate()
        assert process.wait(timeout=5) == 0
        assert "<4>" in process.log()
    (segment,) = read_segments(tmp_path / "state" / "history.db")
    assert segment.state == "no_source"
    assert segment.duration_s > 1


def test_it_stops_while_the_sound_server_hangs(config, manager, pulse):
    config.write_text('[source]\nuri = "mic"\n')
    pulse.add_room()
    manager.env |= pulse.env
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        pulse.freeze()
        manager.messages(4)  # until it tries to open the microphone again
        asked = time.monotonic()
        process.terminate()
        assert process.wait(timeout=5) == 0
        print(f"SIGTERM to exit: {time.monotonic() - asked:.2f} s")
    pulse.thaw()


def is_open(process, name):
    """Return whether the process has a file of this name open."""
    found = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found.append(link.readlink())
    return any(path.name == name for path in found)


def test_a_refused_configuration_leaves_nothing_open(config, manager, tmp_path):
    kept = config.read_text()
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        wait_until(lambda: is_open(process, "history.db"), 30, "the history is open")
        for line in ('uri = "cmd:no-such-program"', 'uri = "file:/no/such.wav"', 'uri = "nonsense"'):
            config.write_text(f'[source]\n{line}\n[history]\nfile = "{tmp_path}/other.db"\n')
            process.send_signal(signal.SIGHUP)
            manager.wait_for("READY")
            assert not is_open(process, "other.db")
        config.write_text(kept.replace("[history]", f'[history]\nfile = "{tmp_path}/other.db"'))
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")
        assert is_open(process, "other.db")
        assert not is_open(process, "history.db")
    assert process.log().count("configuration kept as it was") == 3


def started_by(process):
    """Command lines of the process's children that live."""
    found = []
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(OSError):
            for child in (thread / "children").read_text().split():
                found.append(Path(f"/proc/{child}/cmdline").read_text().split("\0")[:-1])
    return [words for words in found if words]


def test_many_reloads_in_a_row_leave_one_source_open(config, manager):
    first = config.read_text()
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        for number in range(40):
            config.write_text(first.replace("radio.py", f"radio.py {number}"))
            process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        wait_until(lambda: [words[-1] for words in started_by(process)] == ["39"], 60, "the last one alone")
        process.terminate()
        assert process.wait(timeout=5) == 0


def test_a_microphone_given_up_while_it_is_opened_records_no_longer(config, manager, pulse):
    radio = config.read_text()
    config.write_text('[source]\nuri = "mic"\n')
    pulse.add_room()
    manager.env |= pulse.env
    with daemon(config, manager) as process:
        manager.wait_for("READY")
        wait_until(pulse.used_by_us, 30, "it records")
        pulse.freeze()
        wait_until(lambda: "no audio" in process.log(), 30, "it has noticed")
        manager.messages(2)  # until it tries to open the microphone again
        config.write_text(radio)
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")
        pulse.thaw()
        wait_until(lambda: not pulse.used_by_us(), 30, "no stream and no connection of ours is left")
        assert process.poll() is None


def test_a_broken_disk_is_part_of_the_status(config, manager, tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    with daemon(config, manager):
        manager.wait_for("READY")
        wait_until(lambda: "history not written" in manager.wait_for("STATUS")[-1][1], 60, "the status says so")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[source]\nuri = 'microphone'\n", "unknown source 'microphone'"),
        ("[source]\nurl = 'mic'\n", "line 2: unknown key url; did you mean uri?"),
        ('[source]\nuri = "cmd:arecord\\u0000"\n', "line 2: uri holds a NUL character"),
        ("[source]\nuri = " + "[" * 3000 + "]" * 3000, "is nested too deeply"),
        ("[model]\nfolder = '/nowhere'\n", "/nowhere/genres.json: No such file"),
    ],
)
def test_what_starting_again_cannot_mend_ends_with_status_78(config, manager, text, words):
    config.write_text(text)
    with daemon(config, manager) as process:
        assert process.wait(timeout=30) == 78
        (line,) = process.log().splitlines()
    assert line.startswith("<3>")
    assert words in line


def test_messages_of_one_kind_are_limited_and_counted(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    limit, kinds = logs.RateLimit(), []
    log = logging.getLogger("test of limits")
    log.setLevel(logging.INFO)
    monkeypatch.setattr(log, "handle", lambda record: limit.filter(record) and kinds.append(record.getMessage()))
    for number in range(20):
        log.warning("the disk is full, %d", number)
    for number in range(20):
        log.info("now: %s", number)
    log.warning("the microphone is lost")
    now[0] += logs.PERIOD_S
    log.warning("the disk is full, %d", 99)
    assert kinds == [
        *(f"the disk is full, {number}" for number in range(logs.BURST)),
        *(f"now: {number}" for number in range(20)),
        "the microphone is lost",
        f"the disk is full, 99 (and {20 - logs.BURST} like it before)",
    ]


def test_a_message_that_quotes_a_lot_is_cut(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.set_up("info")
    logging.getLogger("test of lengths").warning("said: %s", "x" * 200_000)
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 1.1 * logs.LONGEST
    assert line.endswith("... and 199006 characters more")


def test_a_terminal_sees_plain_lines(config, manager):
    config.write_text("[source]\nuri = 'microphone'\n")
    command = [LIVEGENRE, "daemon", "--config", config]
    done = subprocess.run(
        command, capture_output=True, text=True, env=manager.env | {"JOURNAL_STREAM": "1:1"}, check=False
    )
    told, line = done.stderr.split(maxsplit=1)
    assert abs(datetime.fromisoformat(told).timestamp() - time.time()) < 60, "outside the journal a line has its time"
    assert line.startswith("unknown source")
