"""Real daemons that start at once: forked from a process with everything loaded, with shortened timeouts.

A daemon listens to a jukebox, which plays several times as fast as a record and notes how far it has come, or to a real
source. Timeouts of half a minute are a moment here: see ``IMPATIENCE``.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

from edge.audio import demo
from edge.audio.recovery import outage
from edge.errors import EdgeError
from edge.events import Block, Chunk
from edge.history.reader import read_segments
from edge.history.segments import Segment
from edge.model.bundle import load_bundle
from edge.service import daemon, room
from tests.edge.service.manager import Manager

#: Timeouts in seconds in place of those in the code.
IMPATIENCE = {
    "edge.sinks.persistent.RETRY_S": 0.3,
    "edge.sinks.guard.WORKS_AFTER_S": 0.3,
    "edge.sinks.history.MAX_RETRY_S": 0.3,
    "edge.sinks.history.LOOK_EVERY_S": 0.1,
    "edge.sinks.mqtt.publisher.LONGEST_RETRY_S": 1,
    "edge.history.connection.BUSY_TIMEOUT_S": 0.3,
}
#: The same for a microphone that gives nothing but zeros.
ZEROS_S = 1.5
#: One that costs little.
MODEL = "classic"
#: A history that is written at once.
KEPT = "[history]\ncheckpoint_s = 0.1\n"
#: The file that silences the jukebox.
STILL = "still"
#: How much faster than a record the jukebox plays.
SPEED = 4.0
RATE = 22_050
#: Seconds for anything that is to happen soon, on a machine that has much else to do.
SOON_S = 60.0
#: Seconds by which what was heard may differ from what the history has: of what is on its way, and of rounding.
SLACK_S = 2.5

CONTEXT = multiprocessing.get_context("forkserver")
LOADED = ("edge.sinks.web.page", "edge.sinks.prometheus.exporter", "edge.sinks.mqtt.publisher", "edge.sinks.window")
CONTEXT.set_forkserver_preload([__name__, *LOADED])


class Jukebox:
    """Source that plays for ever, and keeps in a file how many seconds it has played; still while another exists."""

    name = "jukebox"
    backlog_s = 0.0

    def __init__(self, played: Path) -> None:
        self._played, self._still = played, played.with_name(STILL)

    def __iter__(self) -> Iterator[Chunk]:
        piece = demo.synthesize(8.0, tempo_bpm=120.0, sample_rate=RATE)[:, None]
        size, due, seconds = RATE // 10, time.monotonic(), 0.0
        while True:
            for start in range(0, len(piece) - size + 1, size):
                due = max(due + 0.1 / SPEED, time.monotonic() - 0.1)
                time.sleep(max(0.0, due - time.monotonic()))
                seconds += 0.1
                self._played.write_text(f"{seconds:.1f}")
                yield Block(piece[start : start + size] * (not self._still.exists()), RATE)

    def close(self) -> None:
        pass


def _run(config: Path, env: dict[str, str], stdin: Path | None) -> None:
    """Run the daemon in this process."""
    os.environ.clear()
    os.environ.update(env)
    log = (config.parent / "log").open("a")
    found = os.fstat(log.fileno())
    os.environ["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"
    os.dup2(log.fileno(), 2)
    sys.stderr = log
    for place, seconds in IMPATIENCE.items():
        module, _, name = place.rpartition(".")
        assert hasattr(importlib.import_module(module), name), f"{place} is waited for no longer"
        setattr(sys.modules[module], name, seconds)
    opening, from_uri = outage.opening, room.from_uri

    def soon_stalled(now: float, patience: outage.Patience) -> outage.Health:
        return opening(now, replace(patience, zeros_s=min(ZEROS_S, patience.zeros_s), when_zeros=outage.SOON))

    def or_jukebox(uri: str, **given: Any) -> Any:
        return Jukebox(config.parent / "played") if uri == "demo" else from_uri(uri, **given)

    outage.opening, room.from_uri = soon_stalled, or_jukebox
    if stdin is not None:
        sys.stdin = stdin.open()
    sys.exit(daemon.run(config))


class Life:
    """A daemon in a folder of its own, from start to SIGTERM, observed from outside."""

    labels = load_bundle(MODEL).labels

    def __init__(self, folder: Path, tables: str = "") -> None:
        """``tables`` are those that its configuration always has."""
        self._tables = tables
        self.source = "uri = 'demo'"  # the keys of its source
        self.status = ""
        self.history = folder / "state" / "history.db"
        self.history.parent.mkdir()
        self.histories = [self.history]
        #: The seconds of the jukebox from which and to which a history is kept, each between two.
        self.keeps_from_s, self.keeps_to_s = (0.0, 0.0), (inf, inf)
        self._keeps = False
        self._played_s = 0.0
        self._folder = folder
        self._manager = Manager(folder)
        self.env = dict(self._manager.env)
        self.stdin: Path | None = None
        self._told: Counter[str] = Counter()
        self._process: Any = None

    def begin(self, tables: str = "") -> None:
        """Start it with more tables of its configuration, and wait until it listens."""
        self._configure(self._tables + tables)
        config = self._folder / "livegenre.toml"
        self._process = CONTEXT.Process(target=_run, args=(config, self.env, self.stdin))
        self._process.start()
        self.wait(lambda: self._told["READY"], "it begins")

    def reload(self, tables: str = "") -> None:
        """Let it read other tables."""
        kept, from_s, before = self._keeps, self.played_s, self._told["READY"]
        self._configure(self._tables + tables)
        os.kill(self._process.pid, signal.SIGHUP)
        self.wait(lambda: self._told["READY"] > before, "it has read its configuration")
        if self._keeps and not kept:
            self.keeps_from_s = from_s, self.played_s
        elif kept and not self._keeps:
            self.keeps_to_s = from_s, self.played_s

    def _configure(self, tables: str) -> None:
        self._keeps = KEPT.strip() in tables
        off = "" if "[history]" in tables else "[history]\nenabled = false\n"
        model = "" if "[model]" in tables else f"[model]\nfolder = '{MODEL}'\n"
        always = f"[source]\n{self.source}\n[decision]\nunsure_below = 0.01\nsilence_after_s = 0.5\n"
        (self._folder / "livegenre.toml").write_text(f"{always}{model}{off}{tables}")

    @property
    def log(self) -> str:
        """Its log so far."""
        with suppress(FileNotFoundError):
            return (self._folder / "log").read_text()
        return ""

    @property
    def played_s(self) -> float:
        """The position of the jukebox in seconds."""
        with suppress(ValueError, FileNotFoundError):  # it is written anew at this very moment
            self._played_s = float((self._folder / "played").read_text())
        return self._played_s

    def segments(self) -> list[Segment]:
        """The segments of the histories; none while they cannot be read."""
        return [segment for history in self.histories for segment in segments_of(history)]

    def kept_s(self) -> float:
        """Seconds that the histories have."""
        return sum(segment.duration_s for segment in self.segments())

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds; what the daemon has logged explains why it does not."""
        deadline = time.monotonic() + SOON_S
        while not holds():
            assert self._process.exitcode is None, f"{what}: it ended with {self._process.exitcode}\n{self.log}"
            assert time.monotonic() < deadline, f"not within {SOON_S} s: {what}\n{self.status}\n{self.log[-3000:]}"
            for name, *value in self._manager.messages(0.05):
                self._told[name] += 1
                self.status = value[0] if name == "STATUS" else self.status

    @property
    def shown(self) -> str:
        """The genre or state that the service manager is told."""
        return self.status.partition(";")[0]

    def hears(self, seconds: float = 3.0) -> None:
        """Wait until that much more was played, and the watchdog was fed after it."""
        goal = self.played_s + seconds
        self.wait(lambda: self.played_s >= goal, "listening goes on")
        self.is_watched()

    def pauses(self) -> None:
        """Let there be silence for as long as it takes to be shown, and music again."""
        still = self._folder / STILL
        still.touch()
        self.wait(lambda: self.shown == "silence", "silence is shown")
        still.unlink()

    def is_watched(self) -> None:
        """Wait until it says that it lives."""
        fed = self._told["WATCHDOG"]
        self.wait(lambda: self._told["WATCHDOG"] > fed, "the watchdog is fed")

    def has_kept_all(self) -> None:
        """Compare what the jukebox has played with what the histories have."""
        least_s, most_s = (
            min(self.played_s, to_s) - from_s
            for from_s, to_s in zip(reversed(self.keeps_from_s), self.keeps_to_s, strict=True)
        )
        kept_s = self.kept_s()
        told = f"{least_s} to {most_s} s were played, {kept_s} s are kept\n{self.segments()}\n{self.log[-3000:]}"
        assert least_s - SLACK_S < kept_s < most_s + SLACK_S, told

    def end(self) -> None:
        """End it, as the service manager does."""
        self._process.terminate()
        self.ends()

    @property
    def is_alive(self) -> bool:
        """Return whether it runs."""
        return self._process.exitcode is None

    def ends(self) -> None:
        """Wait until it has ended well; each segment of its history begins where the one before it ended."""
        self._process.join(SOON_S)
        assert self._process.exitcode == 0, self.log[-3000:]
        for history in self.histories:
            for before, after in pairwise(segments_of(history)):
                assert abs((after.start - before.end).total_seconds()) < 0.01, f"{before}\n{after}\n{self.log[-3000:]}"

    def close(self) -> None:
        """Clean up."""
        if self._process is not None and self._process.exitcode is None:
            self._process.kill()
            self._process.join()


def segments_of(history: Path) -> list[Segment]:
    """Return the segments of a history; none while it cannot be read."""
    with suppress(EdgeError, OSError):
        return list(read_segments(history))
    return []
