"""Feature rows of recordings: as they are, and as a simulated microphone hears them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from build.audio.read import read_recording
from build.audio.simulated_microphone import SAMPLE_RATE, Part, simulate, surroundings
from build.console import progress
from build.errors import DatasetError
from build.extract.many_files import in_processes
from build.tables.feature_table import AUDIO_SUFFIXES, FeatureTable
from features_np import summarize
from features_np.spec import FeatureSpec

Item = TypeVar("Item")
Result = TypeVar("Result")

Audio = NDArray[np.float32]
#: What is done to a track's audio, given its key; something that can be sent to another process.
Change = Callable[[str, Audio], Audio]

#: Fewer recordings than this are heard before a process would have started.
WORTH_A_PROCESS = 20


def find_recordings(folder: Path, keys: Sequence[str], at_least_s: float) -> dict[str, Path]:
    """Return the files of those tracks that have one under ``folder`` which lasts ``at_least_s`` seconds."""
    found = {}
    for key in keys:
        paths = [path for suffix in sorted(AUDIO_SUFFIXES) if (path := folder / f"{key}{suffix}").exists()]
        if paths and soundfile.info(paths[0]).duration >= at_least_s:
            found[key] = paths[0]
    if not found:
        raise DatasetError(f"{folder}: has no recording of at least {at_least_s:g} s of any track, as GENRE/TRACK.wav")
    return found


def features_of(recordings: dict[str, Path], spec: FeatureSpec) -> FeatureTable:
    """Extract each recording's vector, in as many processes as there are cores."""
    (table,) = features_after(recordings, spec, [_unchanged])
    return table


def features_after(recordings: dict[str, Path], spec: FeatureSpec, changes: Sequence[Change]) -> list[FeatureTable]:
    """Extract each recording's vector after each change; returns one table a change."""
    items = [(key, number) for number in range(len(changes)) for key in recordings]
    work = partial(_vector, recordings=recordings, changes=changes, spec=spec)
    vectors = dict(hear(work, items, "listening"))
    genres, track_ids = zip(*(key.split("/", maxsplit=1) for key in recordings), strict=True)
    rows = [np.array([vectors[key, number] for key in recordings]) for number in range(len(changes))]
    return [FeatureTable(track_ids, genres, spec.vector_names, values) for values in rows]


def hear(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """Return ``work(item)`` of all items, in any order, with a progress bar."""
    jobs = min(os.cpu_count() or 1, len(items) // WORTH_A_PROCESS)
    with progress() as bar:
        if jobs < 2:
            return [work(item) for item in bar.track(items, description=what)]
        with closing(in_processes(work, items, jobs)) as running:
            return list(bar.track(running, total=len(items), description=what))


def _vector(
    item: tuple[str, int], recordings: dict[str, Path], changes: Sequence[Change], spec: FeatureSpec
) -> tuple[tuple[str, int], Audio]:
    key, number = item
    return item, summarize(changes[number](key, read_recording(recordings[key], spec)), spec)


def _unchanged(key: str, audio: Audio) -> Audio:
    return audio


@dataclass(frozen=True, slots=True)
class Microphone:
    """Simulates a microphone, another one for each track and draw; the same in each run."""

    part: Part
    draw: int
    seconds: float = np.inf  # of an excerpt, from another place for each track and draw

    def __call__(self, key: str, audio: Audio) -> Audio:
        """Return what it hears of a track."""
        rng = np.random.default_rng((self.draw, zlib.crc32(key.encode())))
        n_samples = int(min(self.seconds * SAMPLE_RATE, len(audio)))
        if n_samples < len(audio):
            start = rng.integers(0, len(audio) - n_samples + 1)
            audio = audio[start : start + n_samples]
        return simulate(audio, surroundings(self.part), rng)
