"""The place of a window in a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The samples ``start`` up to but not including ``end`` of a stream, and the frames that describe them.

    Frame ``i`` is centred on sample ``i * hop_length`` of the stream. ``start`` is a multiple of ``hop_length``: the
    frames of a signal that consists of these samples are then the stream's.
    """

    start: int
    end: int
    n_fft: int  # samples in a frame, an even number
    hop_length: int

    @property
    def half(self) -> int:
        """Samples of a frame on each side of its centre."""
        return self.n_fft // 2

    @property
    def head(self) -> range:
        """The first frames, which reach beyond the start."""
        return range(self.start // self.hop_length, self.whole.start)

    @property
    def whole(self) -> range:
        """The frames that lie wholly inside; it is empty where each reaches over an edge."""
        return range(-(-(self.start + self.half) // self.hop_length), (self.end - self.half) // self.hop_length + 1)

    @property
    def tail(self) -> range:
        """The last frames, which reach beyond the end; none if hops are long."""
        return range(self.whole.stop, self.end // self.hop_length + 1)

    @property
    def n_edges(self) -> int:
        """Frames of the head and of the tail together."""
        return len(self.head) + len(self.tail)

    def within(self, frame: int) -> slice:
        """Return the part of a frame that lies inside, as places in the frame."""
        first = frame * self.hop_length - self.half
        return slice(max(self.start - first, 0), min(self.end - first, self.n_fft))
