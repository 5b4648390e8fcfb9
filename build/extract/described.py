"""Rows of a head's input: how features and the listener describe a piece, as recorded and as it may be heard."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.read import read_recording
from build.audio.simulated_microphone import SAMPLE_RATE, Part, simulate, surroundings, surroundings_digest
from build.audio.talkers import add_talkers, talkers_digest
from build.extract.one_file import CACHE_FOLDER, VectorCache, content_digest
from build.extract.parallel import in_order
from build.tables.pieces import Piece
from edge.model.listener import ListenerNetwork
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec, PatchStream, summarize

Audio = NDArray[np.float32]
Rows = NDArray[np.float32]

#: Both run the listener alike; this one a dozen times faster on x86-64.
RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a piece is heard; another draw, another excerpt, room, voices and microphone.

    ``part`` names the rooms and noises of the simulated microphone, None a recording as it is. Talkers are mixed in
    before it, so many decibels below the music; with a range of them, in half of the pieces.
    """

    name: str
    seconds: float = np.inf  # of an excerpt
    part: Part | None = None
    talkers_db: tuple[float, float] | None = None
    always_talking: bool = False

    def digest(self) -> str:
        """Return what changes with all that is heard in this way."""
        surrounded = surroundings_digest(self.part) if self.part else ""
        talking = talkers_digest(self._voices) if self.talkers_db else ""
        return f"{self!r} {surrounded} {talking}"

    @property
    def _voices(self) -> Part:
        return Part.TRAINING if self.part is Part.TRAINING else Part.EVALUATION

    def __call__(self, name: str, audio: Audio) -> Audio:
        """Return what is heard of the piece of that name; the same at each call."""
        rng = np.random.default_rng((zlib.crc32(self.name.encode()), zlib.crc32(name.encode())))
        n_samples = int(min(self.seconds * SAMPLE_RATE, len(audio)))
        start = int(rng.integers(0, len(audio) - n_samples + 1))
        audio = audio[start : start + n_samples]
        if self.talkers_db and (self.always_talking or rng.random() < 0.5):
            audio = add_talkers(audio, rng.uniform(*self.talkers_db), int(rng.integers(1, 5)), self._voices, rng)
        return audio if self.part is None else simulate(audio, surroundings(self.part), rng)


@dataclass(frozen=True)
class Describer:
    """What turns audio into a row: the features of a spec, then the statistics of a listener's answers.

    ``listener`` is the path of its network, so that other processes load it themselves.
    """

    spec: FeatureSpec
    use: ListenerUse
    listener: Path

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per number."""
        return self.spec.vector_names + self.use.vector_names

    def digest(self) -> str:
        """Return what changes with the features, with the listener and with how it is used."""
        return f"{self.spec.digest()} {self.use!r} {content_digest(self.listener)}"

    def __call__(self, audio: Audio) -> Rows:
        """Return the row (n,) of audio (samples,) at the spec's rate; NaN for a listener that heard no whole patch."""
        heard, rows = np.full(self.use.n_numbers, np.nan, dtype=np.float32), self.patches(audio)
        if len(rows):
            heard = _network(self.listener, self.use).statistics(rows)
        return np.concatenate((summarize(audio, self.spec), heard))

    def patches(self, audio: Audio) -> Rows:
        """Return what the listener says of each patch: its outputs, and the styles' scores last."""
        network = _network(self.listener, self.use)
        patches = PatchStream(self.use.patch_spec, sr_in=self.spec.sample_rate).push(audio)
        return network.rows(network.quantize(patches))


@lru_cache(maxsize=1)
def _network(path: Path, use: ListenerUse) -> ListenerNetwork:
    return ListenerNetwork(path.read_bytes(), use, RUNTIMES)


def rows_of(pieces: Sequence[Piece], ways: Sequence[Way], describer: Describer, what: str) -> Rows:
    """Return a row for each piece and way, shape (pieces, ways, numbers); what was computed before is kept."""
    items = [(index, number) for index in range(len(pieces)) for number in range(len(ways))]
    cache = VectorCache(CACHE_FOLDER.absolute())
    work = partial(_row, pieces=tuple(pieces), ways=tuple(ways), describer=describer, cache=cache)
    rows = dict(in_order(work, items, what))
    return np.array([[rows[index, number] for number in range(len(ways))] for index in range(len(pieces))])


def styles_of(pieces: Sequence[Piece], describer: Describer) -> Rows:
    """Return the mean scores of the listener's styles over each piece as recorded, shape (pieces, styles)."""
    work = partial(_styles, pieces=tuple(pieces), describer=describer)
    scores = dict(in_order(work, range(len(pieces)), "styles"))
    return np.array([scores[index] for index in range(len(pieces))])


def _styles(index: int, pieces: tuple[Piece, ...], describer: Describer) -> tuple[int, Rows]:
    patches = describer.patches(read_recording(pieces[index].path, describer.spec))
    return index, patches[:, -len(describer.use.styles) :].mean(axis=0)


def _row(
    item: tuple[int, int], pieces: tuple[Piece, ...], ways: tuple[Way, ...], describer: Describer, cache: VectorCache
) -> tuple[tuple[int, int], Rows]:
    piece, way = pieces[item[0]], ways[item[1]]
    content = hashlib.sha256(f"{way.digest()} {piece.name} {content_digest(piece.path)}".encode()).hexdigest()
    return item, cache.found_or_made(
        content, describer, lambda: describer(way(piece.name, read_recording(piece.path, describer.spec)))
    )
