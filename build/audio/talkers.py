"""People who talk while music plays: voices at different places in a room, mixed into a recording."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.read import read_clip
from build.audio.simulated_microphone import (
    SAMPLE_RATE,
    Audio,
    Part,
    in_room,
    level,
    surroundings,
    surroundings_digest,
)
from build.files import code_digest
from build.tables.feature_table import SHARED_DATA

#: Every fourth speaker, from the fourth on, is kept for evaluation: those of the last fold of "no music".
EVALUATION_SPEAKERS = slice(3, None, 4)
#: Largest difference of a voice's level, up or down.
SPREAD_DB = 3.0


def add_talkers(
    music: NDArray[np.float32], ratio_db: float, n_talkers: int, part: Part, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return music (n,) at ``SAMPLE_RATE`` with people talking ``ratio_db`` below it, by the RMS of all."""
    voices = sum(_voice(len(music), part, rng) for _ in range(n_talkers))
    gain = level(music.astype(np.float64)) / max(level(np.asarray(voices)), 1e-12) * 10 ** (-ratio_db / 20)
    return np.asarray(music + gain * voices, dtype=np.float32)


def speakers(data: Path = SHARED_DATA) -> dict[Part, tuple[str, ...]]:
    """Return the names of the speakers of either part."""
    everybody = sorted({path.name.split("-")[0] for path in (data / "nomusic" / "speech").glob("*.ogg")})
    kept = everybody[EVALUATION_SPEAKERS]
    return {Part.TRAINING: tuple(name for name in everybody if name not in kept), Part.EVALUATION: tuple(kept)}


@lru_cache(maxsize=2)
def talkers_digest(part: Part, data: Path = SHARED_DATA) -> str:
    """Return the SHA-256 of a part's speakers and rooms, and of the code that mixes them."""
    content = hashlib.sha256(code_digest(Path(__file__)).encode() + surroundings_digest(part, data).encode())
    for path in sorted((data / "nomusic" / "speech").glob("*.ogg")):
        content.update(path.name.encode() + path.read_bytes())
    return f"{part.value} {content.hexdigest()}"


@lru_cache(maxsize=2)
def _utterances(part: Part, data: Path = SHARED_DATA) -> tuple[Audio, ...]:
    chosen = set(speakers(data)[part])
    paths = [path for path in sorted((data / "nomusic" / "speech").glob("*.ogg")) if path.name.split("-")[0] in chosen]
    return tuple(read_clip(path, SAMPLE_RATE) for path in paths)


def _voice(n_samples: int, part: Part, rng: np.random.Generator) -> Audio:
    """Return a sequence of utterances from a random start, mostly with a room's response."""
    utterances, begin = _utterances(part), int(rng.integers(5 * SAMPLE_RATE))
    said: list[Audio] = []
    while sum(map(len, said)) < begin + n_samples:
        utterance = utterances[rng.integers(len(utterances))]
        said.append(utterance / max(level(utterance), 1e-12))
    voice = np.concatenate(said)[begin : begin + n_samples]
    if rng.random() < 0.8:
        rooms = surroundings(part).rooms
        voice = in_room(voice, rooms[rng.integers(len(rooms))])
    return np.asarray(voice * 10 ** (rng.uniform(-SPREAD_DB, SPREAD_DB) / 20))
