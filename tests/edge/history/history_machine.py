"""A state machine of history operations and faults: ``python -m tests.edge.history.history_machine --examples 500``.

A recorder in a process of its own hears seconds of a genre, corrects and takes back, reads its configuration anew, ends
or is killed; another process corrects; the power fails; files are moved, removed, replaced or restored while they are
open. After each, what was acknowledged must be in the file: nothing less, and nothing that was not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge.events import Change, Event, Prediction, SegmentBegun, State
from edge.history.corrections import correct, undo
from edge.history.reader import read_segments
from edge.sinks.history import HistorySink
from tests.edge.history.open_files import WHOLE, of_history
from tests.edge.sinks.history.history_driver import GENRES, started

#: Processes are forked: a fresh interpreter for each would take longer than all that they do.
PROCESSES = multiprocessing.get_context("fork")
BEGAN = datetime.now(UTC) - timedelta(days=1)


class Recorder:
    """A history sink that executes commands from a pipe, and answers when done."""

    def __init__(self, path: Path, begins_s: float) -> None:
        self._path, self._audio_s, self._genre = path, begins_s, ""
        self._sink, self._segment = HistorySink(path, checkpoint_s=0.0), 0
        self._tell(started())

    def _tell(self, event: Event) -> None:
        self._sink(event)
        for news in self._sink.news():
            if isinstance(news, SegmentBegun):
                self._segment = int(news.segment)

    def hear(self, genre: str, n_seconds: int) -> tuple[int, str | None]:
        """Record a genre; returns the segment, and the problem with the history."""
        when = BEGAN + timedelta(seconds=self._audio_s)
        of_both: dict[str, Any] = {"state": State.MUSIC, "genre": genre, "confidence": 0.5, "tempo_bpm": None}
        if genre != self._genre:
            before = {"previous_state": State.MUSIC, "previous_genre": self._genre or None}
            self._tell(Change(time=when, audio_s=self._audio_s, **of_both, **before))
        self._genre = genre
        for _ in range(n_seconds):
            self._audio_s += 1
            when = BEGAN + timedelta(seconds=self._audio_s)
            of_prediction: dict[str, Any] = {"probabilities": None, "level_dbfs": None, "window_s": 30.0}
            of_prediction |= {"provisional": False, "vector": bytes(8)}
            self._tell(Prediction(time=when, audio_s=self._audio_s, **of_both, **of_prediction))
        return self._segment, self._sink.problem

    def reload(self, retention_days: float) -> None:
        """Open the history anew before it is closed, as a daemon does."""
        before, self._sink = self._sink, HistorySink(self._path, checkpoint_s=0.0, retention_days=retention_days)
        before.close()
        self._genre = ""
        self._tell(started())

    def correct(self, label: str, segment: int) -> None:
        """Correct in this process."""
        correct(self._path, label, segment)

    def undo(self, segment: int) -> None:
        """Undo in this process."""
        undo(self._path, segment)

    def read(self) -> int:
        """Read in this process; returns the number of segments."""
        return len(read_segments(self._path))

    def stop(self) -> None:
        """End in order."""
        self._sink.close()


def serve(pipe: Connection, path: Path, begins_s: float) -> None:
    """Be a recorder until it is stopped or killed."""
    os.closerange(3, pipe.fileno())
    recorder = Recorder(path, begins_s)
    name = ""
    while name != "stop":
        name, arguments = pipe.recv()
        pipe.send(getattr(recorder, name)(*arguments))


def elsewhere(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in another process, and wait for its end."""
    process = PROCESSES.Process(target=function, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


@dataclass
class Kept:
    """A segment as the file must have it."""

    genre: str
    seconds: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, int, str | None]:
        return self.genre, self.seconds, self.said[-1] if self.said else None


Contents = dict[int, Kept]


def contents(path: Path) -> dict[int, tuple[str | None, int, str | None]]:
    """Return what a file has, by the ids of segments: to the second, since durations give way to the wall clock."""
    if not path.exists():
        return {}
    return {int(str(one.id)): (one.genre, round(one.duration_s), one.corrected) for one in read_segments(path)}


def rows(kept: Contents) -> dict[int, tuple[str, int, str | None]]:
    return {segment: one.row for segment, one in kept.items()}


def back_up(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


class HistoryMachine(RuleBasedStateMachine):
    """Operations and faults, with the expected content of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="history-"))
        self.path = self.folder / "h.db"
        self.process: Any = None
        self.pipe: Any = None
        self.audio_s = 0.0
        self.kept: Contents = {}
        self.current: int | None = None  # that the recorder still has open
        self.synced: Contents = {}  # what is surely on the disk, and how much of the log
        self.synced_bytes = 0
        self.backup: Contents | None = None

    def ask(self, name: str, *arguments: object) -> Any:
        self.pipe.send((name, arguments))
        assert self.pipe.poll(60), f"{name} is never done"
        return self.pipe.recv()

    def is_recording(self) -> bool:
        return self.process is not None

    def target(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.kept)))

    def is_synced(self) -> None:
        log = Path(f"{self.path}-wal")
        self.synced, self.synced_bytes = deepcopy(self.kept), log.stat().st_size if log.exists() else 0

    # What happens

    @rule(genre=st.sampled_from(GENRES), n_seconds=st.integers(1, 5))
    def hear(self, genre: str, n_seconds: int) -> None:
        if self.process is None:
            self.pipe, theirs = PROCESSES.Pipe()
            self.process = PROCESSES.Process(target=serve, args=(theirs, self.path, self.audio_s), daemon=True)
            self.process.start()
            theirs.close()
        segment, problem = self.ask("hear", genre, n_seconds)
        assert problem is None
        self.audio_s += n_seconds
        self.current = segment
        self.kept.setdefault(segment, Kept(genre)).seconds += n_seconds

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), label=st.sampled_from(GENRES), is_here=st.booleans())
    def correct(self, data: st.DataObject, label: str, is_here: bool) -> None:
        segment = self.target(data)
        if is_here and self.is_recording():
            self.ask("correct", label, segment)
        else:
            elsewhere(correct, self.path, label, segment)
        self.kept[segment].said.append(label)
        self.is_synced()

    @precondition(lambda self: any(one.said for one in self.kept.values()))
    @rule(data=st.data(), is_here=st.booleans())
    def undo(self, data: st.DataObject, is_here: bool) -> None:
        segment = data.draw(st.sampled_from(sorted(one for one in self.kept if self.kept[one].said)))
        if is_here and self.is_recording():
            self.ask("undo", segment)
        else:
            elsewhere(undo, self.path, segment)
        self.kept[segment].said.pop()
        self.is_synced()

    @precondition(is_recording)
    @rule()
    def read(self) -> None:
        assert self.ask("read") == len(self.kept)

    @precondition(is_recording)
    @rule(retention_days=st.sampled_from([0.0, 90.0]))
    def reload(self, retention_days: float) -> None:
        self.ask("reload", retention_days)
        self.current = None

    @precondition(is_recording)
    @rule()
    def stop(self) -> None:
        self.ask("stop")
        self.gone()
        self.is_synced()

    @precondition(is_recording)
    @rule()
    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.gone()

    def gone(self) -> None:
        self.process.join(60)
        self.pipe.close()
        self.process = self.pipe = self.current = None

    @precondition(is_recording)
    @rule(dice=st.randoms(use_true_random=False))
    def power_cut(self, dice: random.Random) -> None:
        """Any part of the unsynced log may be there; memory is lost."""
        self.kill()
        log = Path(f"{self.path}-wal")
        if log.exists() and log.stat().st_size > self.synced_bytes:
            os.truncate(log, dice.randint(self.synced_bytes, log.stat().st_size))
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        found = contents(self.path)
        for segment, one in self.synced.items():
            genre, seconds, said = found[segment]
            assert (genre, said) == (one.genre, one.row[2])
            assert one.seconds <= seconds <= self.kept[segment].seconds
        assert found.keys() <= self.kept.keys()
        self.kept = {segment: self.kept[segment] for segment in found}
        for segment, (_, seconds, _) in found.items():
            self.kept[segment].seconds = seconds

    @precondition(is_recording)
    @rule(suffix=st.sampled_from(["-wal", "-shm", ".lock"]))
    def lose_what_is_beside(self, suffix: str) -> None:
        Path(f"{self.path}{suffix}").unlink()
        if suffix == ".lock":  # which is nothing of the history's own
            self.hear(GENRES[0], 1)
        else:
            self.begun_anew(self.kept)

    @precondition(is_recording)
    @rule(is_whole=st.booleans())
    def remove(self, is_whole: bool) -> None:
        for suffix in ("", "-wal", "-shm") if is_whole else ("",):
            Path(f"{self.path}{suffix}").unlink()
        self.begun_anew({})

    @precondition(is_recording)
    @rule()
    def move_away(self) -> None:
        before, moved = rows(self.kept), self.folder / "moved.db"
        for suffix in ("", "-wal", "-shm"):
            Path(f"{moved}{suffix}").unlink(missing_ok=True)
        self.path.rename(moved)
        self.begun_anew({})
        assert contents(moved) == before

    @precondition(lambda self: self.kept)
    @rule()
    def back_up(self) -> None:
        (self.folder / "backup.db").unlink(missing_ok=True)
        elsewhere(back_up, self.path, self.folder / "backup.db")
        self.backup = deepcopy(self.kept)

    @precondition(lambda self: self.backup is not None and self.is_recording())
    @rule()
    def restore(self) -> None:
        assert self.backup is not None
        shutil.copy(self.folder / "backup.db", self.folder / "copy.db")
        (self.folder / "copy.db").replace(self.path)
        self.begun_anew(deepcopy(self.backup))

    def begun_anew(self, kept: Contents) -> None:
        """Let the recorder find another file, with ``kept`` in it, and no log; it still has what is open in memory."""
        self.synced, self.synced_bytes = deepcopy(kept), 0
        opened = None if self.current is None else self.kept[self.current]
        current = self.current
        self.kept = kept
        if opened is not None and current is not None:
            said = kept[current].said if current in kept else []
            self.kept[current] = Kept(opened.genre, opened.seconds, said)
        self.hear(GENRES[0] if opened is None else opened.genre, 1)

    # What must be so

    @invariant()
    def all_that_was_acknowledged_is_there(self) -> None:
        assert contents(self.path) == rows(self.kept)

    @invariant()
    def the_recorder_is_in_possession(self) -> None:
        if self.process is not None:
            assert of_history(self.path, self.process.pid) == WHOLE

    def teardown(self) -> None:
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder)


def run(n_examples: int, n_steps: int) -> None:
    """Run examples of ``n_steps`` steps each."""
    wanted = settings(max_examples=n_examples, stateful_step_count=n_steps, deadline=None, print_blob=True)
    wanted = settings(wanted, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(HistoryMachine, settings=wanted)  # type: ignore[no-untyped-call]


def main() -> None:
    """Run it for longer than the suite does."""
    parser = argparse.ArgumentParser(description="Do to a history all that may happen to one, in any order.")
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--steps", type=int, default=50)
    args = parser.parse_args()
    run(args.examples, args.steps)
    print(f"{args.examples} examples of up to {args.steps} steps, and after each all that was acknowledged was there")


if __name__ == "__main__":
    main()
