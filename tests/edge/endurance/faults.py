"""A daemon under faults: everything around it fails, in random order, and it must survive.

``python -m tests.edge.endurance.faults --minutes 5 --seed 1`` runs the real daemon on a real sound server and a small
real disk, and ends with status 1 if an invariant is broken; the test suite runs a shorter form. Needs ``unshare`` for
the disk.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import soundfile

from edge.audio.demo import synthesize
from edge.audio.microphone import STUCK_S
from edge.history.database import APPLICATION_ID
from edge.history.reader import read_segments
from tests.edge.pulse import Pulse, wait_until
from tests.edge.service.manager import Manager

#: systemd would kill a service that is silent for this long (WatchdogSec in the unit).
WATCHDOG_S = 30.0
CONFIG = "[source]\nuri = 'mic'\n[history]\ncheckpoint_s = 0.2\n[decision]\nunsure_below = 0.01\n"


class BadDay:
    """The daemon, all that it depends on, and the ways to break that."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.state = folder / "state"
        self.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", self.state], check=True)
        self.history = self.state / "history.db"
        self.config = folder / "livegenre.toml"
        self.config.write_text(CONFIG)
        soundfile.write(folder / "music.wav", synthesize(60), 22_050)
        self.music = folder / "music.wav"
        self.pulse = Pulse(folder / "sound")
        self.pulse.start()
        self.room = self.pulse.add_room()
        self.player: subprocess.Popen[bytes] | None = None
        self.manager = Manager(folder)
        self.log = (folder / "log").open("w+")
        command = [Path(sys.executable).with_name("livegenre"), "daemon", "--config", self.config]
        ours = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "STATE_DIRECTORY", "OPENBLAS_NUM_THREADS")
        env = self.pulse.env | {name: self.manager.env[name] for name in ours}
        self.daemon = subprocess.Popen(command, env=env, stderr=self.log)
        self.silences: list[float] = []
        self._alive_at = time.monotonic()
        self._status = ""

    def watch(self, seconds: float) -> None:
        """Wait, and record the longest interval between watchdog messages."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, *value in self.manager.messages(0.1):
                if name == "WATCHDOG":
                    self.silences.append(time.monotonic() - self._alive_at)
                    self._alive_at = time.monotonic()
                elif name == "STATUS":
                    self._status = value[0]
            if self.player is None or self.player.poll() is not None:
                self.player = self.pulse.play(self.music)
            assert self.daemon.poll() is None, "the daemon runs"

    def wait_for_status(self, holds: Callable[[str], bool], seconds: float, what: str) -> None:
        """Watch until the daemon's status is so."""

        def holds_now() -> bool:
            self.watch(0.2)
            return holds(self._status)

        wait_until(holds_now, seconds, f"{what}; status is {self._status!r}")

    def sound_server_dies(self) -> None:
        self.pulse.kill()
        self.watch(self.dice.uniform(0.5, 4))
        self.pulse.start()
        self.room = self.pulse.add_room()

    def sound_server_hangs(self) -> None:
        self.pulse.freeze()
        self.watch(self.dice.uniform(0.5, 5))
        self.pulse.thaw()

    def microphone_is_unplugged(self) -> None:
        self.pulse.remove(self.room)
        self.watch(self.dice.uniform(0.5, 4))
        self.room = self.pulse.add_room(self.dice.choice(["room", "kitchen"]), self.dice.choice([44_100, 48_000]))

    def history_is_removed(self) -> None:
        for file in self.state.glob("history.db*"):
            file.unlink()

    def history_is_replaced_by_garbage(self) -> None:
        header = bytes(68) + APPLICATION_ID.to_bytes(4, "big")  # without it the file would be another's, and left alone
        (self.state / "garbage").write_bytes(header + self.dice.randbytes(9000))
        (self.state / "garbage").rename(self.history)

    def history_is_locked(self) -> None:
        with closing(sqlite3.connect(self.history, timeout=0.1, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.Error:
                return  # damaged just now: nothing to lock
            self.watch(self.dice.uniform(0.5, 3))

    def disk_is_full(self) -> None:
        with (self.state / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
        self.watch(self.dice.uniform(0.5, 3))
        (self.state / "filler").unlink()

    def machine_stops_for_a_while(self) -> None:
        self.daemon.send_signal(signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.5, 3))
        self.daemon.send_signal(signal.SIGCONT)

    def configuration_is_spoiled(self) -> None:
        self.config.write_text("[source\n")
        self.daemon.send_signal(signal.SIGHUP)
        self.watch(1)
        self.config.write_text(CONFIG)

    def configuration_is_changed(self) -> None:
        self.config.write_text(f"{CONFIG}lead = {self.dice.uniform(1, 2)}\n")
        self.daemon.send_signal(signal.SIGHUP)

    def resident_mb(self) -> float:
        """The daemon's resident memory."""
        return int(Path(f"/proc/{self.daemon.pid}/statm").read_text().split()[1]) * 4096 / 1e6

    def close(self) -> None:
        """End everything."""
        for process in (self.daemon, self.player):
            if process is not None:
                process.kill()
                process.wait()
        self.pulse.kill()
        self.log.close()
        subprocess.run(["umount", "--lazy", self.state], check=True)


FAULTS = [
    *(BadDay.sound_server_dies, BadDay.sound_server_hangs, BadDay.microphone_is_unplugged, BadDay.history_is_removed),
    *(BadDay.history_is_replaced_by_garbage, BadDay.history_is_locked, BadDay.disk_is_full),
    *(BadDay.machine_stops_for_a_while, BadDay.configuration_is_spoiled, BadDay.configuration_is_changed),
]


def live_through(day: BadDay, seconds: float) -> None:
    """Inject faults for that long, each at least once, then check the invariants."""
    day.wait_for_status(lambda status: "no source" not in status and status != "", 60, "it listens")
    day.watch(5)
    before_mb, count, end = day.resident_mb(), Counter[str](), time.monotonic() + seconds
    queue: list[Callable[[BadDay], None]] = []
    while not count or queue or time.monotonic() < end:
        if not queue:
            queue = day.dice.sample(FAULTS, len(FAULTS))
        fault = queue.pop()
        fault(day)
        count[fault.__name__] += 1
        day.watch(day.dice.uniform(0.2, 3))
    print(f"{count.total()} faults: {dict(count)}")

    # A sound system that is stuck for good costs STUCK_S and a new process.
    day.wait_for_status(lambda status: "no source" not in status, STUCK_S + 15, "it listens again")
    day.wait_for_status(lambda status: "not written" not in status, 70, "the history is written again")
    day.watch(3)
    print(f"longest silence of the watchdog: {max(day.silences):.1f} s")
    print(f"memory: {before_mb:.1f} MB before, {day.resident_mb():.1f} MB after")
    assert max(day.silences) < WATCHDOG_S
    with closing(sqlite3.connect(day.history)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    segments = read_segments(day.history)
    assert time.time() - segments[-1].end.timestamp() < 5, "what is heard now is on disk"
    assert all(segment.duration_s >= 0 for segment in segments)
    overlaps = [(b.start - a.end).total_seconds() for a, b in pairwise(segments)]
    print(f"largest overlap of two segments: {max(0.0, -min(overlaps, default=0.0)):.2f} s")
    assert min(overlaps, default=0.0) >= 0.0, "segments follow one another"

    asked = time.monotonic()
    day.daemon.terminate()
    assert day.daemon.wait(timeout=5) == 0
    print(f"SIGTERM to exit: {time.monotonic() - asked:.2f} s")
    day.log.seek(0)
    print(f"{len(day.log.readlines())} lines were logged")


def main() -> None:
    """Run in a mount namespace of its own."""
    parser = argparse.ArgumentParser(description="Inject random faults into a running daemon.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.inside:
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        inside = [sys.executable, "-m", "tests.edge.endurance.faults", *sys.argv[1:], "--inside"]
        sys.exit(subprocess.run([*namespace, *inside], check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        day = BadDay(Path(folder), args.seed)
        try:
            live_through(day, args.minutes * 60)
        except BaseException:
            day.log.seek(0)
            print(day.log.read()[-6000:], file=sys.stderr)
            raise
        finally:
            day.close()


if __name__ == "__main__":
    main()
