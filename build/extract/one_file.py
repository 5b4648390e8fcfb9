"""One track's features, computed once: the function that every process and every cluster worker runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

import features_np
from build.audio.condition import AS_RECORDED, Condition
from build.audio.read import is_silent, read_windows
from build.extract.extractor import Extractor
from build.files import code_digest, content_digest, written_whole
from build.tables.feature_table import track_key
from edge.errors import AudioFileError
from features_np.errors import SignalError

#: Cache of the commands, in the folder that they are run in.
CACHE_FOLDER = Path(".cache/features")

_ROOT = Path(__file__).resolve().parents[2]
#: All code that decodes a recording, degrades it and computes its vector: with other code the cache is missed.
CODE = (
    Path(features_np.__file__).parent,
    _ROOT / "build" / "audio" / "read.py",
    _ROOT / "build" / "audio" / "condition.py",
    _ROOT / "build" / "extract" / "extractor.py",
    *(_ROOT / "edge" / "audio" / name for name in ("decoders", "file.py", "level.py")),
    *(_ROOT / "edge" / "model" / name for name in ("interpreter.py", "listener.py")),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one file: its vector in each condition, or one line that says why there is none."""

    path: Path
    vectors: tuple[NDArray[np.float32], ...] | None
    problem: str = ""
    cached: bool = False

    @property
    def vector(self) -> NDArray[np.float32] | None:
        """The vector in the first condition; None if there is none."""
        return self.vectors[0] if self.vectors else None


@dataclass(frozen=True, slots=True)
class VectorCache:
    """A cache of vectors on disk, keyed by the digests of the file's bytes, of the extractor and of its code.

    A renamed file keeps its vector; a changed file, or changed code, misses it. One small file a track, so that any
    number of processes and machines can share the folder.
    """

    folder: Path

    def load(self, content: str, by: Extractor) -> NDArray[np.float32] | None:
        """Return the stored vector, or None where there is none that can be read."""
        try:
            vector = np.load(self._path(content, by), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = vector.shape == (len(by.vector_names),) and vector.dtype == np.float32
        return vector if fits else None

    def store(self, content: str, by: Extractor, vector: NDArray[np.float32]) -> None:
        """Store a vector durably."""
        with written_whole(self._path(content, by)) as path:
            np.save(path, vector)

    def found_or_made(
        self, content: str, by: Extractor, make: Callable[[], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Return the stored vector, or the result of ``make``, which is then stored."""
        vector = self.load(content, by)
        if vector is None:
            vector = make()
            self.store(content, by, vector)
        return vector

    def _path(self, content: str, by: Extractor) -> Path:
        features = hashlib.sha256(f"{by.digest()} {code_digest(*CODE)}".encode()).hexdigest()
        return self.folder / features / content[:2] / f"{content}.npy"


def extract(path: Path, by: Extractor, cache: VectorCache, conditions: Sequence[Condition] = (AS_RECORDED,)) -> Outcome:
    """Return a file's rows in each condition, from the cache where it has them, or the problem with the file.

    The file is decoded once. One that ``livegenre classify`` would find silent is a problem.
    """
    try:
        return _extract(path, by, cache, conditions)
    except AudioFileError as error:
        return Outcome(path, None, str(error).removeprefix(f"{path}: "))
    except OSError as error:
        return Outcome(path, None, error.strerror or str(error))
    except SignalError as error:
        return Outcome(path, None, str(error))


def _extract(path: Path, by: Extractor, cache: VectorCache, conditions: Sequence[Condition]) -> Outcome:
    name, digest = track_key(PurePath(path.parent.name, path.name)), content_digest(path)
    contents = [condition.digest(name, digest) for condition in conditions]
    kept = [vector for content in contents if (vector := cache.load(content, by)) is not None]
    if len(kept) == len(conditions):
        return Outcome(path, tuple(kept), cached=True)
    windows = read_windows(path, by.spec, {condition.place for condition in conditions})
    if any(is_silent(window) for window in windows.values()):
        return Outcome(path, None, "is silent")
    known: dict[bytes, NDArray[np.float32]] = {}  # the windows of a short recording are one
    vectors = tuple(_row(condition(name, windows[condition.place]), by, known) for condition in conditions)
    if not all(np.isfinite(vector).all() for vector in vectors):
        return Outcome(path, None, "is too short for the listener to hear any of it")
    for content, vector in zip(contents, vectors, strict=True):
        cache.store(content, by, vector)
    return Outcome(path, vectors)


def _row(audio: NDArray[np.float32], by: Extractor, known: dict[bytes, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the row of audio, from those that are known by its digest."""
    digest = hashlib.sha256(audio.tobytes()).digest()
    if digest not in known:
        known[digest] = by(audio)
    return known[digest]
