"""A source that yields a script of chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from edge.events import Block, Chunk, Event
from edge.live.pipeline import Pipeline, PipelineSettings
from edge.model.bundle import Bundle


class Scripted:
    """Source that yields given chunks, then ends."""

    def __init__(self, chunks: Iterable[Chunk], backlog_s: float = 0.0) -> None:
        self.name = "script"
        self.backlog_s = backlog_s
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks)

    def close(self) -> None:
        pass


def blocks(samples: NDArray[np.float32], sample_rate: int = 22_050, size: int = 2_205) -> list[Chunk]:
    """Cut mono samples of shape (n,) into blocks."""
    return [Block(samples[start : start + size, None], sample_rate) for start in range(0, len(samples), size)]


def heard(bundle: Bundle, chunks: Iterable[Chunk], settings: PipelineSettings | None = None) -> list[Event]:
    """Listen to a script and return all events."""
    return list(Pipeline(Scripted(chunks), bundle, settings).events())
