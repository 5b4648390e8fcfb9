"""Days of listening in minutes: passes hours of synthetic audio through the whole pipeline and checks the results.

``python -m tests.edge.endurance.soak --hours 24`` prints the figures and ends with status 1 if one is wrong; the test
suite runs a shorter form. The listening is done by a process of its own (``--listen``), so that its memory is only its
own.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import ClassVar

import numpy as np

from edge.audio.demo import synthesize
from edge.events import Block, Chunk, Hole, Lost, Prediction, Restored
from edge.history.reader import read_segments
from edge.live.pipeline import STATS_EVERY_S, Pipeline
from edge.model.bundle import load_bundle
from edge.sinks.history import HistorySink
from edge.sinks.jsonl import JsonLines
from features_np import resample

RATE = 22_050
#: An outage that no memory of what was heard survives, in seconds; each plan has so many.
LONG_OUTAGE_S, LONG_OUTAGES = 3600, 2
#: What a day is made of: (kind, relative frequency, shortest and longest in seconds).
HEARD = ("music", "silence", "noise")
PARTS = (("music", 5, 20, 300), ("silence", 5, 5, 600), ("noise", 1, 5, 60), ("hole", 2, 1, 30), ("loss", 1, 1, 120))

#: Python's objects come from the C library as well, so that it knows of all that is in use.
COUNTED = {"PYTHONMALLOC": "malloc"}
MAX_GROWTH_MB = 1.0


def plan(seconds: int, seed: int, pace: int = 1) -> list[tuple[str, int]]:
    """Parts of whole seconds that add up to ``seconds``; at a ``pace`` above 1 they are that many times shorter.

    Not the long outages: the source is away for as long as it is.
    """
    opening = 60  # music that fills the window: no memory is taken for the first time later
    dice, parts = random.Random(seed), [("music", opening)]
    left = seconds - opening - LONG_OUTAGES * LONG_OUTAGE_S
    while left:
        kind, _, shortest, longest = dice.choices(PARTS, [part[1] for part in PARTS])[0]
        length = min(left, max(1, dice.randint(shortest, longest) // pace))
        parts.append((kind, length))
        left -= length
    for number in range(LONG_OUTAGES):
        parts.insert((number + 1) * len(parts) // (LONG_OUTAGES + 1), ("loss", LONG_OUTAGE_S))
    return parts


class Day:
    """Source that gives a plan's audio at a rate, a second at a time, as fast as it is taken."""

    name, backlog_s = "soak", 0.0

    def __init__(self, parts: list[tuple[str, int]], rate: int) -> None:
        self._parts = parts
        self._rate = rate
        pieces = (synthesize(30, tempo_bpm=bpm, key=key) for bpm, key in ((80, "C"), (118, "A"), (165, "F#")))
        self._pieces = [resample(piece, orig_sr=RATE, target_sr=rate) for piece in pieces]
        self._noise = (0.05 * np.random.default_rng(0).standard_normal(rate)).astype(np.float32)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield blocks and losses."""
        for number, (kind, length) in enumerate(self._parts):
            if kind == "hole":
                yield Hole(float(length), "soak")
            elif kind == "loss":
                yield Lost(stalled=False, reason="soak")
                yield Restored(float(length))
            else:
                piece = self._pieces[number % len(self._pieces)]
                for second in range(length):
                    start = second % 30 * self._rate
                    music = piece[start : start + self._rate]
                    samples = {"music": music, "noise": self._noise}.get(kind, 0 * self._noise)
                    yield Block(samples[:, np.newaxis], self._rate)

    def close(self) -> None:
        """Nothing is held."""


def listen(parts: list[tuple[str, int]], rate: int, history: Path) -> None:
    """Print events as JSON lines, with this process's memory now and then."""
    heard_s = sum(length for kind, length in parts if kind in HEARD)
    sinks = (JsonLines(sys.stdout), HistorySink(history, checkpoint_s=0.5, retention_days=365))
    predictions = 0
    for event in Pipeline(Day(parts, rate), load_bundle()).events():
        for sink in sinks:
            sink(event)
        if not isinstance(event, Prediction):
            continue
        predictions += 1
        if predictions % max(1, heard_s // 100) == 0:
            memory = {"rss": resident(), "in_use": in_use()}
            print(json.dumps({"event": "memory", "audio_s": event.audio_s, **memory}), flush=True)
    for sink in sinks:
        sink.close()


def resident() -> int:
    """Resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class _MallInfo(ctypes.Structure):
    """The result of glibc's ``mallinfo2``."""

    names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_: ClassVar = [(name, ctypes.c_size_t) for name in names]


def in_use() -> int:
    """Bytes that were asked for and not given back.

    Resident memory is more: pages that a heap keeps, where freed memory lies, and whether the kernel joins small pages
    to a page of 2 MB, are luck, and a step of 2 MB would be taken for growth, or hide it.
    """
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _MallInfo
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)


@dataclass(frozen=True)
class Outcome:
    """All that a run left."""

    seconds: int
    parts: list[tuple[str, int]]
    events: list[dict]
    segments: list
    wall_s: float

    def of(self, kind: str) -> list[dict]:
        """The events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def length(self, *kinds: str) -> int:
        """Seconds planned of these kinds."""
        return sum(length for kind, length in self.parts if kind in kinds)

    def memory_mb(self, quarter: int, kind: str) -> float:
        """Largest memory of a kind, ``rss`` or ``in_use``, in one quarter (1 to 4) of what was heard, in MB."""
        measured = [event[kind] for event in self.of("memory")]
        return max(measured[(quarter - 1) * len(measured) // 4 : quarter * len(measured) // 4]) / 1e6


def soak(seconds: int, seed: int, pace: int = 1, rate: int = RATE) -> Outcome:
    """Run it."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        history = Path(folder) / "h.db"
        started = time.monotonic()
        options = ["--listen", str(history), "--seconds", str(seconds), "--seed", str(seed), "--pace", str(pace)]
        options += ["--rate", str(rate)]
        command = [sys.executable, "-m", "tests.edge.endurance.soak", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | COUNTED) as process:
            assert process.stdout is not None
            events = [json.loads(line) for line in process.stdout]
        assert process.returncode == 0
        return Outcome(seconds, plan(seconds, seed, pace), events, read_segments(history), time.monotonic() - started)


def check(run: Outcome) -> None:
    """Raise ``AssertionError`` for the first thing that is wrong."""
    heard = run.length(*HEARD)
    predictions = run.of("prediction")
    assert len(predictions) == heard, "one prediction for each second that was heard"
    assert len(run.of("gap")) == sum(kind in ("hole", "loss") for kind, _ in run.parts)
    assert len(run.of("source_lost")) == len(run.of("source_restored")) == sum(kind == "loss" for kind, _ in run.parts)
    assert [len(run.of(kind)) for kind in ("started", "stopped")] == [1, 1]
    times = [event["audio_s"] for event in run.events if event["event"] != "memory"]
    assert times == sorted(times)
    assert abs(times[-1] - run.seconds) < 0.001, "no drift between the events' times and the audio"
    assert run.of("stats")[-1]["updates"] == heard
    minutes = [event["audio_s"] // STATS_EVERY_S for event in run.of("stats")[:-1]]
    assert len(minutes) == len(set(minutes)), "counters once a minute, however much time has passed"
    assert abs(run.of("stats")[-1]["dropped_s"] - run.length("hole", "loss")) < 0.001

    shown = ("warming_up", None)
    for event in run.events:
        if event["event"] == "change":
            assert (event["previous_state"], event["previous_genre"]) == shown, "changes follow one another"
            shown = (event["state"], event["genre"])
        elif event["event"] == "prediction":
            assert (event["state"], event["genre"]) == shown, "a prediction shows what the last change said"

    kept = [(s.state, s.genre, s.duration_s) for s in run.segments if s.duration_s >= 0.5]
    expected = [segment for segment in _segments(run.events) if segment[2] >= 0.5]
    assert [segment[:2] for segment in kept] == [segment[:2] for segment in expected]
    assert np.allclose([segment[2] for segment in kept], [segment[2] for segment in expected], atol=0.002)
    assert run.memory_mb(4, "in_use") <= run.memory_mb(2, "in_use") + MAX_GROWTH_MB, "memory does not grow"


def _segments(events: list[dict]) -> list[tuple[str, str | None, float]]:
    """Return the expected history by the events: (state, genre, seconds)."""
    answers = [event for event in events if event["event"] in ("change", "prediction")]
    firsts = [next(group) for _, group in groupby(answers, key=lambda event: (event["state"], event["genre"]))]
    ends = [event["audio_s"] for event in firsts[1:]] + [events[-1]["audio_s"]]
    return [(event["state"], event["genre"], end - event["audio_s"]) for event, end in zip(firsts, ends, strict=True)]


def main() -> None:
    """Listen, or soak and report."""
    parser = argparse.ArgumentParser(description="Feed hours of made audio and check what comes out.")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seconds", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=RATE, help="sample rate of the source in Hz")
    parser.add_argument("--pace", type=int, default=1, help="how many times faster things change")
    parser.add_argument("--listen", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.listen:
        listen(plan(args.seconds, args.seed, args.pace), args.rate, args.listen)
        return
    run = soak(round(args.hours * 3600), args.seed, args.pace, args.rate)
    print(f"{run.seconds / 3600:g} h of audio in {run.wall_s:.0f} s: {run.seconds / run.wall_s:.0f} times real time")
    print(f"{len(run.events)} events, {len(run.of('change'))} changes, {len(run.segments)} segments")
    for kind in ("rss", "in_use"):
        print(kind, [round(run.memory_mb(quarter, kind), 2) for quarter in (1, 2, 3, 4)], "MB: the most per quarter")
    check(run)
    print("every second accounted for, memory flat")


if __name__ == "__main__":
    main()
