"""A source that follows the switch: while listening is paused, no microphone is open."""

from __future__ import annotations

from collections.abc import Iterator

from edge import clock
from edge.audio.recovery.live_source import IDLE_S, LiveSource
from edge.audio.sources import Source
from edge.events import Chunk, Idle, Paused, Resumed
from edge.switch import Switch


class Switched:
    """Source that is another while the switch is on.

    While it is off, what can be released is, and of what goes on by itself nothing is kept. A recording stands still.
    """

    def __init__(self, source: Source, switch: Switch) -> None:
        self._source = source
        self._switch = switch

    @property
    def name(self) -> str:
        """The name of the source that is switched."""
        return self._source.name

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait to be taken; none while paused."""
        return self._source.backlog_s if self._switch.is_on else 0.0

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what comes, and ``Idle`` while paused; the other is opened only once the switch is on."""
        return self._chunks(iter(self._source) if self._switch.is_on else None)

    def _chunks(self, chunks: Iterator[Chunk] | None) -> Iterator[Chunk]:
        while True:
            if not self._switch.is_on:
                yield from self._pause()
                chunks = None if isinstance(self._source, LiveSource) else chunks
            if chunks is None:
                chunks = iter(self._source)
            try:
                chunk = next(chunks)
            except StopIteration:
                return
            if self._switch.is_on:  # else it may hold what was said after the word
                yield chunk

    def _pause(self) -> Iterator[Chunk]:
        from_s = clock.steady_s()
        live = self._source if isinstance(self._source, LiveSource) else None
        if live is not None:
            live.rest()
        yield Paused()
        while not self._switch.wait(IDLE_S):
            yield Idle()
        if live is not None:
            live.wake()
        yield Resumed(clock.steady_s() - from_s)

    def close(self) -> None:
        """Release the source that is switched."""
        self._source.close()
