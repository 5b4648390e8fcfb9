"""What a sliding window keeps of the work that depends on the window: as long as what it depends on stays the same."""

from __future__ import annotations

import numpy as np

from features_np.buffers import SlidingBuffer
from features_np.rhythm import autocorrelation_length, column_spectra, envelope_frames, lags_of_power
from features_np.spec import FeatureSpec
from features_np.spectrum import Array
from features_np.summary import tuned_chroma


class ChromaCache:
    """Chroma of the frames of a stream for the tuning asked for last; another tuning computes all of them again."""

    def __init__(self, keep: int, spec: FeatureSpec) -> None:
        self._spec = spec
        self._tuning = 0.0
        self._chroma = SlidingBuffer(keep, (spec.n_chroma,))

    def reset(self) -> None:
        """Forget all frames."""
        self._chroma.restart(0)

    def chroma(self, power: Array, start: int, tuning: float) -> Array:
        """Return the chroma (frames, n_chroma) of ``power`` (frames, bins), whose first frame has index ``start``."""
        known = self._chroma
        if tuning != self._tuning or not known.start <= start <= known.end:
            known.restart(start)
            self._tuning = tuning
        new = power[known.end - start :]
        if len(new):
            known.append(tuned_chroma(new, self._spec, tuning))
        return np.asarray(known.view(start, start + len(power)))


class TempogramCache:
    """Spectra of the tempogram's columns, kept while the onset strength that they cover stays the same.

    It changes when the window's loudest mel bin does, which the log spectrum is clipped against. Columns that reach
    over an end of the window are computed every time, which is a cost of its own length, not the window's.
    """

    def __init__(self, keep: int, win_length: int) -> None:
        self._win_length = win_length
        self._half = win_length // 2
        self._spectra = SlidingBuffer(keep, (autocorrelation_length(win_length) // 2 + 1,), np.float64)
        self.reset()

    def reset(self) -> None:
        """Forget all columns."""
        self._spectra.restart(0)
        self._first = 0
        self._envelope: Array = np.empty(0)

    def mean_tempogram(self, envelope: Array, first: int) -> Array:
        """Return what ``rhythm.mean_tempogram`` does of a window whose first frame has index ``first``."""
        frames = envelope_frames(envelope.astype(np.float64), self._win_length)
        stale = self._stale(envelope, first)
        self._first, self._envelope = first, envelope
        inner = slice(self._half, len(envelope) - (self._win_length - self._half) + 1)
        outside = np.ones(len(envelope), dtype=bool)
        outside[inner] = False
        power = np.sum(column_spectra(frames[outside]), axis=0)
        if inner.start < inner.stop:
            self._refresh(frames, stale & ~outside, first, inner)
            power += np.sum(self._spectra.view(first + inner.start, first + inner.stop), axis=0)
        return lags_of_power(power / len(envelope), self._win_length)

    def _stale(self, envelope: Array, first: int) -> Array:
        """Return for each column (frames,) whether it covers a frame that is new or has another onset strength."""
        changed = np.ones(len(envelope), dtype=bool)
        same = self._envelope[first - self._first :][: len(envelope)] if first >= self._first else envelope[:0]
        changed[: len(same)] = same != envelope[: len(same)]
        padded = np.pad(changed, self._half)
        total = np.concatenate(([0], np.cumsum(padded)))
        return np.asarray(total[self._win_length :] > total[: -self._win_length])[: len(envelope)]

    def _refresh(self, frames: Array, stale: Array, first: int, inner: slice) -> None:
        """Bring the kept spectra of the ``inner`` columns up to date."""
        known, start = self._spectra, first + inner.start
        if not known.start <= start <= known.end:
            known.restart(start)
        kept = slice(inner.start, known.end - first)
        again = np.flatnonzero(stale[kept]) + inner.start
        if again.size:
            known.view(start, known.end)[again - inner.start] = column_spectra(frames[again])
        new = frames[kept.stop : inner.stop]
        if len(new):
            known.append(column_spectra(new))
