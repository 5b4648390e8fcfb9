"""Feature rows of recordings: as they are, and as a simulated microphone hears them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from build.augment import Surroundings, simulate
from build.console import progress
from build.datasets import AUDIO_SUFFIXES, FeatureTable
from build.errors import DatasetError
from build.recordings import read_recording
from features_np import summarize
from features_np.spec import FeatureSpec

Change = Callable[[str, NDArray[np.float32]], NDArray[np.float32]]


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


def features_of(recordings: dict[str, Path], spec: FeatureSpec, change: Change | None = None) -> FeatureTable:
    """Extract each recording's vector, after ``change`` (which gets the track's key and its audio)."""
    vectors = []
    with progress() as bar:
        for key, path in bar.track(recordings.items(), description="listening"):
            audio = read_recording(path, spec)
            vectors.append(summarize(change(key, audio) if change else audio, spec))
    genres, track_ids = zip(*(key.split("/", maxsplit=1) for key in recordings), strict=True)
    return FeatureTable(track_ids, genres, spec.vector_names, np.array(vectors, dtype=np.float32))


def through_microphone(around: Surroundings, draw: int) -> Change:
    """Return a change that simulates a microphone, another one for each track and draw; the same in each run."""

    def change(key: str, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        return simulate(audio, around, np.random.default_rng((draw, zlib.crc32(key.encode()))))

    return change
