"""Buffers for streams: the newest rows, contiguous, in preallocated arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from features_np.errors import ParameterError
from features_np.spec import FeatureSpec
from features_np.spectra.spectrum import Array
from features_np.spectra.tuning import most_peaks as most_peaks_of
from features_np.window.frames import FrameRows

#: Frames whose power spectra a stream keeps: 3 s of them are 0.6 MB, those of 30 s would be half of all its memory.
POWERS_KEPT = 128
#: Spare rows of a buffer, if that is more than a quarter of those kept: with 128, frames move every third second.
ROWS_SPARE = 128


class SlidingBuffer:
    """The newest ``keep`` rows of a stream, addressed by their index in it.

    Rows are written one after another into an array somewhat longer than ``keep``; when it is full, those still
    needed move to its beginning. So every view is contiguous, and a row is copied a few times in all. If many fewer
    are needed, as ``forget_before`` tells, they move earlier, and the rest of the array is never touched.
    """

    def __init__(self, keep: int, row_shape: tuple[int, ...] = (), dtype: DTypeLike = np.float32) -> None:
        self._keep = keep
        spare = max(keep // 4, min(keep, ROWS_SPARE))
        self._data: Array = np.zeros((keep + spare, *row_shape), dtype=dtype)
        self.restart(0)

    @property
    def start(self) -> int:
        """Index of the oldest row kept."""
        return max(self._origin, self.end - self._keep)

    def restart(self, index: int) -> None:
        """Forget all rows; the next one has this index."""
        self._origin: int = index
        self.end: int = index
        self._used = 0

    def forget_before(self, index: int) -> None:
        """Forget the rows before ``index``."""
        self._origin = max(self._origin, index)

    def append(self, rows: Array) -> None:
        """Add rows (n, ...) at the end; the oldest beyond ``keep`` are forgotten."""
        added = len(rows)
        skipped = added - self._keep  # more than can be kept
        if skipped > 0:
            rows, added = rows[skipped:], self._keep
            self.end += skipped
            self._origin = self.end
        used, kept = self._used, min(self.end - self._origin, self._keep - added)
        if used + added > len(self._data) or used > 2 * kept + added:
            self._compact(kept)
            used = self._used
        self._data[used : used + added] = rows
        self._used = used + added
        self.end += added

    def view(self, start: int, stop: int) -> Any:
        """Return a writable view of the rows ``start`` up to but not including ``stop``, which must be kept."""
        if not self.start <= start <= stop <= self.end:
            raise ParameterError(f"rows {start} to {stop} are not among those kept, {self.start} to {self.end}")
        shift = self._used - self.end
        return self._data[start + shift : stop + shift]

    def _compact(self, rows: int) -> None:
        """Move the newest ``rows`` to the beginning, in pieces that don't overlap where they come from."""
        rows = min(rows, self._used)
        distance = self._used - rows
        for begin in range(0, rows, distance or 1):
            end = min(begin + distance, rows)
            self._data[begin:end] = self._data[begin + distance : end + distance]
        self._used = rows


class FrameBuffer:
    """The newest ``keep`` frames of a stream as ``FrameRows``, by index in it, and power spectra of the last few."""

    def __init__(self, keep: int, rows: FrameRows, power: Array, spec: FeatureSpec) -> None:
        """Make room for frames with the columns of ``rows`` and ``power``."""
        n_bins = power.shape[1]
        most_peaks = keep * most_peaks_of(sr=spec.sample_rate, n_fft=spec.n_fft)
        self._log_mel = SlidingBuffer(keep, rows.log_mel.shape[1:])
        self._extremes = SlidingBuffer(keep, rows.extremes.shape[1:])
        self._scalars = SlidingBuffer(keep, rows.scalars.shape[1:], np.float64)
        self._peak_ends = SlidingBuffer(keep + 1, (), np.int64)
        self._deviations = SlidingBuffer(most_peaks, (), np.uint8)
        self._heights = SlidingBuffer(most_peaks)
        self._power = SlidingBuffer(min(keep, POWERS_KEPT), (n_bins,))
        self.restart(0)

    @property
    def start(self) -> int:
        """Index of the oldest frame."""
        return self._log_mel.start

    @property
    def end(self) -> int:
        """Index of the next frame."""
        return self._log_mel.end

    def restart(self, index: int) -> None:
        """Forget all frames; the next one has this index."""
        for buffer in (self._log_mel, self._extremes, self._scalars, self._power):
            buffer.restart(index)
        self._deviations.restart(0)
        self._heights.restart(0)
        self._peak_ends.restart(index - 1)
        self._peak_ends.append(np.zeros(1, dtype=np.int64))

    def append(self, rows: FrameRows, power: Array) -> None:
        """Add the frames that follow."""
        self._log_mel.append(rows.log_mel)
        self._extremes.append(rows.extremes)
        self._scalars.append(rows.scalars)
        self._peak_ends.append(self._heights.end + np.cumsum(rows.peaks))
        self._deviations.append(rows.deviations)
        self._heights.append(rows.heights)
        self._power.append(power)
        first_peak = int(self._peak_ends.view(self.start - 1, self.start)[0])
        self._deviations.forget_before(first_peak)
        self._heights.forget_before(first_peak)

    def rows(self, start: int, stop: int) -> FrameRows:
        """Return views of the frames ``start`` up to but not including ``stop``."""
        ends = self._peak_ends.view(start - 1, stop)
        peaks = slice(int(ends[0]), int(ends[-1]))
        return FrameRows(
            log_mel=self._log_mel.view(start, stop),
            extremes=self._extremes.view(start, stop),
            scalars=self._scalars.view(start, stop),
            peaks=ends[1:] - ends[:-1],
            deviations=self._deviations.view(peaks.start, peaks.stop),
            heights=self._heights.view(peaks.start, peaks.stop),
        )

    def power(self, start: int, stop: int) -> Array | None:
        """Return a view of the power spectra of these frames (frames, bins); None if they are not all kept."""
        return self._power.view(start, stop) if start >= self._power.start else None
