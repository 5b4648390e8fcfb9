"""Runs a history sink in a process of its own, for the tests that kill it or pull the disk from under it.

``endless FILE``: one second of audio an event, another answer every seventh, each written before it is printed.
``numbers FILE COUNT``: the same with a model's numbers, and an end.
``full FOLDER``, ``readonly FOLDER``: to be run in a mount namespace; mounts a small tmpfs there and prints a report.
"""

import itertools
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.events import Prediction, Started, State
from edge.history.reader import read_segments
from edge.sinks.history import HistorySink

GENRES = ("blues", "classical", "jazz")


def predictions(start=0):
    for second in itertools.count(start):
        yield Prediction(
            **{"time": datetime.now(UTC), "audio_s": float(second), "state": State.MUSIC},
            **{"genre": GENRES[second // 7 % 3], "confidence": 0.5, "tempo_bpm": 100.0, "probabilities": None},
            **{"level_dbfs": -20.0, "window_s": 30.0, "provisional": False},
        )


def heard(ago_s=60.0):
    """The same with the numbers of a model, so that it can be corrected; a first second that is so long ago."""
    began = datetime.now(UTC) - timedelta(seconds=ago_s)
    for event in predictions():
        yield replace(event, vector=bytes(8), time=began + timedelta(seconds=event.audio_s))


def started():
    return Started(
        **{"time": datetime.now(UTC), "audio_s": 0.0, "source": "none", "model": "none", "runtime": "none"},
        **{"inputs": "none", "window_s": 30.0, "labels": GENRES},
    )


def endless(path):
    sink = HistorySink(path, checkpoint_s=0.0)
    for event in predictions():
        sink(event)
        print(int(event.audio_s), flush=True)


def numbers(path, count):
    """As ``endless``, with a model's thousand numbers behind each answer, which are kept too."""
    sink = HistorySink(path, checkpoint_s=0.0)
    sink(started())
    for event in itertools.islice(predictions(), count):
        sink(replace(event, window_s=event.audio_s % 7 + 1, provisional=True, vector=bytes(4000)))
        print(int(event.audio_s), flush=True)
    sink.close()


def feed(sink, events, count):
    for event in itertools.islice(events, count):
        sink(event)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def full(folder):
    mount("-t", "tmpfs", "-o", "size=1m", "none", folder)
    sink, events = HistorySink(folder / "h.db", checkpoint_s=0.0), predictions()
    problems = set()
    feed(sink, events, 100)
    with (folder / "filler").open("wb", buffering=0) as filler:
        for _ in range(400):
            fill(filler)  # anew each time: the history may give room back
            feed(sink, events, 1)
            problems.add(str(sink.problem))
    during = {"failures": sink.failures, "problems": " ".join(problems)}
    (folder / "filler").unlink()
    feed(sink, events, 3)  # the first of them may still find the log as the full disk left it
    return sink, during


def fill(filler):
    for size in (4096, 1):
        with suppress(OSError):
            while filler.write(b"x" * size):
                pass


def readonly(folder):
    mount("-t", "tmpfs", "-o", "size=1m", "none", folder)
    mount("-o", "remount,bind,ro", folder)  # the mount, not its file system: all that a user's own namespace may do
    sink, events = HistorySink(folder / "h.db", checkpoint_s=0.0), predictions()
    feed(sink, events, 500)
    during = {"failures": sink.failures, "problems": sink.problem}
    mount("-o", "remount,bind,rw", folder)
    feed(sink, events, 3)
    return sink, during


def report(sink, during, path):
    after = {"problem": sink.problem, "forgotten": sink.forgotten}
    sink.close()
    segments = [(segment.genre, segment.duration_s) for segment in read_segments(path)]
    print(json.dumps({"during": during, "after": after, "segments": segments}))


if __name__ == "__main__":
    task, place = sys.argv[1], Path(sys.argv[2])
    if task == "endless":
        endless(place)
    elif task == "numbers":
        numbers(place, int(sys.argv[3]))
    else:
        report(*{"full": full, "readonly": readonly}[task](place), place / "h.db")
