"""Caches of a stream's window: for neighbouring frames above a floor, and for a tuning, while that stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features_np.spec import FeatureSpec
from features_np.spectra.spectrum import Array
from features_np.window.buffers import POWERS_KEPT, SlidingBuffer
from features_np.window.summary import tuned_chroma

#: Tunings whose chroma a stream keeps, 62 KB each for 30 s.
TUNINGS_KEPT = 4
#: Frames whose rise or chroma is computed at a time, to need little memory for a moment.
BLOCK_FRAMES = 256


class FloorCache:
    """Rows computed of levels above a floor: one for each frame, or for each step from one to the next.

    The floor lies below the window's loudest bin, or there is none: while that stays, only new frames are computed.
    """

    def __init__(
        self, keep: int, compute: Callable[[Array, float | None], Array], *, row: Array, step: bool = False
    ) -> None:
        """``compute`` returns the rows of log-mel frames above a floor; ``row`` is like one of them."""
        self._known = SlidingBuffer(keep, row.shape, row.dtype)
        self._compute, self._shared = compute, int(step)
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self._known.restart(0)
        self._floor: float | None = None

    def rows(self, log_mel: Array, start: int, floor: float | None, *, newest: Array | None = None) -> Array:
        """Return the rows of ``log_mel`` (frames, bands), whose first frame has index ``start``.

        ``newest`` are the last of them, if they are known.
        """
        known, n_rows = self._known, len(log_mel) - self._shared
        if floor != self._floor or not known.start <= start <= known.end:
            known.restart(start)
            self._floor = floor
        if newest is not None and known.end == start + n_rows - len(newest):
            known.append(newest)
        for begin in range(known.end - start, n_rows, BLOCK_FRAMES):
            known.append(self._compute(log_mel[begin : begin + BLOCK_FRAMES + self._shared], floor))
        return np.asarray(known.view(start, start + n_rows))


class ChromaCache:
    """Chroma of the frames of a stream for each of the tunings asked for last.

    An estimate of tuning moves between a few neighbouring values as a window slides. Each keeps its own frames: the
    newest are cheap to compute for all of them, whereas a tuning that returned would need power spectra of long ago.
    """

    def __init__(self, keep: int, spec: FeatureSpec) -> None:
        self._spec = spec
        self._unused = [SlidingBuffer(keep, (spec.n_chroma,)) for _ in range(TUNINGS_KEPT)]
        self._tuned: dict[float, SlidingBuffer] = {}  # the one asked for last at the end

    def reset(self) -> None:
        """Forget all frames."""
        self._unused += self._tuned.values()
        self._tuned.clear()

    def chroma(
        self, power_of: Callable[[int, int], Array], start: int, stop: int, tuning: float, *, newest: Array
    ) -> Array:
        """Return the chroma (frames, n_chroma) of the frames ``start`` up to but not including ``stop``.

        ``power_of`` returns the power spectra (frames, bins) of some of them, by their index; ``newest`` is the chroma
        of the last.
        """
        known = self._buffer(tuning, start)
        if not known.start <= start <= known.end:
            known.restart(start)
        new = stop - known.end
        if new == len(newest):
            known.append(newest)
        for begin in range(known.end, stop, BLOCK_FRAMES):
            known.append(tuned_chroma(power_of(begin, min(begin + BLOCK_FRAMES, stop)), self._spec, tuning))
        self._catch_up(power_of, start, stop, new)
        return np.asarray(known.view(start, stop))

    def _catch_up(self, power_of: Callable[[int, int], Array], start: int, stop: int, new: int) -> None:
        """Compute the newest frames for the other tunings too, before their power spectra are given up.

        That is when as many frames again as were ``new`` would make them more than are kept.
        """
        for tuning, known in self._tuned.items():
            behind = stop - known.end
            if start < known.end < stop and POWERS_KEPT - new < behind <= BLOCK_FRAMES:
                known.append(tuned_chroma(power_of(known.end, stop), self._spec, tuning))

    def _buffer(self, tuning: float, start: int) -> SlidingBuffer:
        """Return the frames of ``tuning``, which takes the place of the one not asked for the longest."""
        known = self._tuned.pop(tuning, None)
        if known is None:
            known = self._unused.pop() if self._unused else self._tuned.pop(next(iter(self._tuned)))
            known.restart(start)
        self._tuned[tuning] = known
        return known
