"""What a stream computes of its window only once: what neighbouring frames or a tuning say, while that stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features_np.spec import FeatureSpec
from features_np.spectra.spectrum import Array
from features_np.summary import rise_above, tuned_chroma
from features_np.window.buffers import SlidingBuffer

#: Tunings whose chroma a stream keeps, 62 KB each for 30 s.
TUNINGS_KEPT = 8
#: Frames whose rise or chroma is computed at a time, to need little memory for a moment.
BLOCK_FRAMES = 256


class RiseCache:
    """Mean rise of the mel bands from each frame of a stream to the next, above the floor asked for last.

    The floor lies below the window's loudest bin, or there is none: while that stays, only new frames are computed.
    """

    def __init__(self, keep: int) -> None:
        self._known = SlidingBuffer(keep)
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self._known.restart(0)
        self._floor: float | None = None

    def rise(self, log_mel: Array, start: int, floor: float | None) -> Array:
        """Return the rise (frames - 1,) of ``log_mel`` (frames, bands), whose first frame has index ``start``."""
        known = self._known
        if floor != self._floor or not known.start <= start <= known.end:
            known.restart(start)
            self._floor = floor
        for begin in range(known.end - start, len(log_mel) - 1, BLOCK_FRAMES):
            known.append(rise_above(log_mel[begin : begin + BLOCK_FRAMES + 1], floor))
        return np.asarray(known.view(start, start + len(log_mel) - 1))


class ChromaCache:
    """Chroma of the frames of a stream for each of the tunings asked for last.

    An estimate of tuning moves between a few neighbouring values as a window slides; each keeps its own frames, and
    those that came while another was asked for are computed when it returns.
    """

    def __init__(self, keep: int, spec: FeatureSpec) -> None:
        self._spec = spec
        self._unused = [SlidingBuffer(keep, (spec.n_chroma,)) for _ in range(TUNINGS_KEPT)]
        self._tuned: dict[float, SlidingBuffer] = {}  # the one asked for last at the end

    def reset(self) -> None:
        """Forget all frames."""
        self._unused += self._tuned.values()
        self._tuned.clear()

    def chroma(self, power_of: Callable[[int, int], Array], start: int, stop: int, tuning: float) -> Array:
        """Return the chroma (frames, n_chroma) of the frames ``start`` up to but not including ``stop``.

        ``power_of`` returns the power spectra (frames, bins) of some of them, by their index.
        """
        known = self._buffer(tuning, start)
        if not known.start <= start <= known.end:
            known.restart(start)
        for begin in range(known.end, stop, BLOCK_FRAMES):
            known.append(tuned_chroma(power_of(begin, min(begin + BLOCK_FRAMES, stop)), self._spec, tuning))
        return np.asarray(known.view(start, stop))

    def _buffer(self, tuning: float, start: int) -> SlidingBuffer:
        """Return the frames of ``tuning``, which takes the place of the one not asked for the longest."""
        known = self._tuned.pop(tuning, None)
        if known is None:
            known = self._unused.pop() if self._unused else self._tuned.pop(next(iter(self._tuned)))
            known.restart(start)
        self._tuned[tuning] = known
        return known
