"""Feature rows of recordings: as they are, and as a simulated microphone hears them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.dataset import find_tracks
from build.audio.read import duration_s, read_recording
from build.audio.simulated_microphone import SAMPLE_RATE, Part, simulate, surroundings, surroundings_digest
from build.errors import DatasetError
from build.extract.one_file import CACHE_FOLDER, VectorCache, content_digest
from build.extract.parallel import in_order
from build.tables.feature_table import FeatureTable
from features_np import summarize
from features_np.spec import FeatureSpec

Audio = NDArray[np.float32]


def find_recordings(folder: Path, keys: Iterable[str], at_least_s: float) -> dict[str, Path]:
    """Return the files of those tracks that have one under ``folder`` which lasts ``at_least_s`` seconds."""
    tracks = find_tracks(folder)
    found = {key: tracks[key] for key in keys if key in tracks and duration_s(tracks[key]) >= at_least_s}
    if not found:
        raise DatasetError(f"{folder}: has no recording of at least {at_least_s:g} s of any of the wanted tracks")
    return found


def features_of(recordings: dict[str, Path], spec: FeatureSpec) -> FeatureTable:
    """Extract each recording's vector, in as many processes as there are cores."""
    (table,) = features_after(recordings, spec, [None])
    return table


def features_after(
    recordings: dict[str, Path], spec: FeatureSpec, microphones: Sequence[SimulatedMicrophone | None]
) -> list[FeatureTable]:
    """Extract each recording's vector through each microphone (None: as recorded); returns one table a microphone.

    What was computed before is kept, as ``build.preprocess`` keeps it.
    """
    items = [(key, number) for number in range(len(microphones)) for key in recordings]
    cache = VectorCache(CACHE_FOLDER.absolute())
    work = partial(_vector, recordings=recordings, microphones=microphones, spec=spec, cache=cache)
    vectors = dict(zip(items, in_order(work, items, "listening"), strict=True))
    genres, track_ids = zip(*(key.split("/", maxsplit=1) for key in recordings), strict=True)
    rows = [np.array([vectors[key, number] for key in recordings]) for number in range(len(microphones))]
    return [FeatureTable(track_ids, genres, spec.vector_names, values) for values in rows]


def _vector(
    item: tuple[str, int],
    recordings: dict[str, Path],
    microphones: Sequence[SimulatedMicrophone | None],
    spec: FeatureSpec,
    cache: VectorCache,
) -> Audio:
    key, microphone = item[0], microphones[item[1]]
    content = content_digest(recordings[key])
    if microphone:
        content = microphone.digest(key, content)

    def make() -> Audio:
        audio = read_recording(recordings[key], spec)
        return summarize(microphone(key, audio) if microphone else audio, spec)

    return cache.found_or_made(content, spec, make)


@dataclass(frozen=True, slots=True)
class SimulatedMicrophone:
    """A microphone somewhere: another one for each track and draw; the same in each run."""

    part: Part
    draw: int
    seconds: float = np.inf  # of an excerpt, from another place for each track and draw

    def digest(self, key: str, content: str) -> str:
        """Return a name for what it hears of a track whose file's digest is ``content``."""
        parts = (surroundings_digest(self.part), str(self.draw), str(self.seconds), key, content)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def __call__(self, key: str, audio: Audio) -> Audio:
        """Return what it hears of a track."""
        rng = np.random.default_rng((self.draw, zlib.crc32(key.encode())))
        n_samples = int(min(self.seconds * SAMPLE_RATE, len(audio)))
        if n_samples < len(audio):
            start = rng.integers(0, len(audio) - n_samples + 1)
            audio = audio[start : start + n_samples]
        return simulate(audio, surroundings(self.part), rng)
