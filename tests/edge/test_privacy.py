"""Nothing that is heard is written or sent: the kernel's own record of a session is read.

A daemon listens to a PulseAudio microphone under ``strace``. Every file that it opened to write and every socket
that it made must be one of those listed here. The same session shows that it lives with what the systemd unit
forbids: the system calls that the unit refuses are refused here too.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize
from edge.history.reader import read_segments
from edge.service.systemd_unit import unit
from tests.edge.pulse import Pulse, wait_until

LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: What may be opened to write beside the history: no file that keeps anything.
WRITABLE = re.compile(
    r"/dev/null|/dev/snd/.*|/dev/tty"
    r"|/dev/shm/(pulse-shm-\d+|jack.*|sem\.jack.*)"  # memory that is shared with the sound server
    r"|.*/pulse/cookie|.*/\.pulse-cookie"  # the key to the sound server, made by its library
)


def members(group):
    """The system calls of one of systemd's groups."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager", group]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = {line.strip() for line in lines if line.startswith("    ") and not line.strip().startswith("#")}
    groups = {name for name in names if name.startswith("@")}
    return (names - groups).union(*map(members, groups))


#: What SystemCallFilter in ``edge/service/livegenre.service`` comes to.
REFUSED = members("@privileged") | members("@resources")
ALLOWED = members("@system-service") - REFUSED


def strace(output, *command, **options):
    assert shutil.which("strace"), "this test needs strace: apt install strace"
    return subprocess.Popen(["strace", "-f", "-qq", "-s", "200", "-o", output, *command], **options)


def files_opened_to_write(trace):
    """Paths of successful opens that could write, and of whatever else makes or renames a file."""
    opened = re.compile(r'(?:openat2?|open)\((?:[^"]*, )?"([^"]+)", [^)]*(?:O_WRONLY|O_RDWR|O_CREAT)[^)]*\) = \d+')
    made = re.compile(r'(?:creat|rename|renameat2?|link|linkat|symlink|mknod|truncate)\([^"]*"([^"]+)".*\) = 0')
    return {found[1] for pattern in (opened, made) for found in map(pattern.search, trace) if found}


def sockets_made(trace):
    """Address families."""
    return {
        found[1] for found in (re.search(r"socket(?:pair)?\((\w+), .*= (?:\d+|0)", line) for line in trace) if found
    }


@pytest.fixture(scope="module")
def session():
    """A trace of some seconds of a daemon's life, with its history: (lines, folder, segments)."""
    with tempfile.TemporaryDirectory(prefix="private-") as name:
        folder = Path(name)
        soundfile.write(folder / "music.wav", synthesize(60), 22_050)
        pulse = Pulse(folder / "sound")
        pulse.start()
        pulse.add_room()
        player = pulse.play(folder / "music.wav")
        config = folder / "livegenre.toml"
        config.write_text("[history]\ncheckpoint_s = 0.5\n")
        history = folder / "state" / "history.db"
        env = pulse.env | {"STATE_DIRECTORY": str(history.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        refused = ",".join(f"?{call}" for call in sorted(REFUSED))
        process = strace(
            folder / "trace", "-e", f"inject={refused}:error=EPERM", LIVEGENRE, "daemon", "--config", config, env=env
        )
        try:
            wait_until(
                lambda: history.exists() and any(s.genre for s in _segments(history)), 90, "a genre in the history"
            )
            time.sleep(2)
            pulse.kill()  # what happens when the microphone goes is part of it
            wait_until(lambda: any(s.state == "no_source" for s in _segments(history)), 60, "the loss in the history")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            player.kill()
            player.wait()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()
            pulse.kill()
        yield (folder / "trace").read_text(errors="replace").splitlines(), folder, _segments(history)


def _segments(history):
    try:
        return read_segments(history)
    except OSError:
        return []


def test_no_file_is_written_but_the_history(session):
    trace, folder, segments = session
    history = {f"{folder}/state/history.db{suffix}" for suffix in ("", "-wal", "-shm", "-journal", ".lock")}
    written = files_opened_to_write(trace)
    assert written & history, "the trace shows nothing: it would not show a recording either"
    assert {path for path in written - history if not WRITABLE.fullmatch(path)} == set()
    assert {segment.state for segment in segments} <= {"music", "unsure", "warming_up", "no_source"}
    in_state = sorted(path.name for path in (folder / "state").iterdir())
    assert in_state == ["history.db"]


def test_no_socket_but_local_ones(session):
    trace, _, _ = session
    assert sockets_made(trace) == {"AF_UNIX"}


def test_the_unit_allows_every_system_call_that_is_needed(session):
    trace, _, _ = session
    used = {found[1] for found in (re.match(r"\d+\s+(\w+)\(", line) for line in trace) if found}
    assert len(used) > 40
    assert used - ALLOWED - REFUSED == set(), "SystemCallFilter does not name these at all"


def test_the_unit_allows_the_memory_that_is_needed(session):
    trace, _, _ = session
    pattern = re.compile(r"mmap\(.*PROT_WRITE\|PROT_EXEC|(?:pkey_)?mprotect\(.*PROT_EXEC|shmat\(.*SHM_EXEC")
    denied = "\nMemoryDenyWriteExecute=yes" in unit()
    assert not (denied and any(map(pattern.search, trace)))


def test_the_trace_would_show_a_recording_and_a_connection(tmp_path):
    script = "import socket, sys; open(sys.argv[1], 'wb').write(b'audio'); socket.socket(socket.AF_INET)"
    process = strace(tmp_path / "trace", sys.executable, "-c", script, str(tmp_path / "recording.raw"))
    assert process.wait(timeout=60) == 0
    trace = (tmp_path / "trace").read_text().splitlines()
    assert str(tmp_path / "recording.raw") in files_opened_to_write(trace)
    assert "AF_INET" in sockets_made(trace)
