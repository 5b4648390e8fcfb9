"""``FeatureStream``: the vector of the last seconds of a stream, equal to ``summarize`` of those samples."""

from __future__ import annotations

from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from features_np.errors import SignalError
from features_np.pcm import require_block, require_rate
from features_np.spec import FeatureSpec
from features_np.spectra.framing import Array, frame_signal
from features_np.vector.groups import CEPSTRA, quantities_of
from features_np.window.buffers import FrameBuffer, SlidingBuffer
from features_np.window.caches import ChromaCache, FloorCache
from features_np.window.frames import FrameRows, analyzer_for
from features_np.window.span import Span
from features_np.window.summary import Window, cepstra_above, rise_above, summarize, tuned_chroma


def _cepstra_of(spec: FeatureSpec, log_mel: Array, floor: float | None) -> Array:
    return cepstra_above(log_mel, spec, floor)


#: New frames that are analyzed together with those at the edges, at most: 3 s of audio.
MANY_FRAMES = 128


class FeatureStream:
    """Describes the last ``spec.window_s`` seconds of a stream of samples at ``spec.sample_rate``.

    ``vector()`` equals ``summarize`` of the samples ``start`` up to ``end`` of the stream, to the last bit: everything
    so far while that is less than the window, then exactly ``spec.window_samples``; less again after ``begin_at``. A
    window begins at a multiple of ``hop_length``, because only then are its frames those of the window before; so a
    full one may end up to ``hop_length - 1`` samples (23 ms) before the newest sample. ``end`` says where.

    What a frame says by itself is computed once. Computed again are the frames that reach over the window's edges,
    and what looks at the whole window: the clip below its loudest mel bin with what comes after it (cepstra, onset
    strength, tempo), the tuning, and the chroma if that changed.

    Memory is allocated here and does not grow: 7 MB for 30 s and the default spec. Not thread-safe.

    Parameters
    ----------
    spec : FeatureSpec, optional
        What the vector is made of; the seed's 85 numbers by default.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import FeatureStream, summarize
    >>> noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32)
    >>> stream = FeatureStream()
    >>> for block in np.array_split(noise, 7):
    ...     stream.push(block)
    >>> bool(np.array_equal(stream.vector(), summarize(noise, stream.spec)))
    True
    """

    def __init__(self, spec: FeatureSpec | None = None) -> None:
        self.spec = spec = FeatureSpec() if spec is None else spec
        self._analyzer = analyzer_for(spec)
        self._half = spec.n_fft // 2
        self._samples = SlidingBuffer(spec.window_samples + spec.hop_length)
        n_frames = 1 + spec.window_samples // spec.hop_length
        silence = np.zeros(spec.n_fft, dtype=np.float32)
        empty = self._analyzer.analyze([[silence[np.newaxis]]], self._analyzer.of_samples(silence))
        self._frames = FrameBuffer(n_frames, *empty, spec)
        self._chroma = ChromaCache(n_frames, spec)
        self._rise = FloorCache(n_frames, rise_above, row=np.zeros((), np.float32), step=True)
        n_cepstra = spec.n_mfcc if CEPSTRA in quantities_of(spec.groups) else 0
        self._cepstra = FloorCache(n_frames, partial(_cepstra_of, spec), row=np.zeros(n_cepstra))
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next block begins a new stream, as after a gap."""
        self._samples.restart(0)
        self._frames.restart(0)
        self._chroma.reset()
        self._rise.reset()
        self._cepstra.reset()
        self._begin = 0
        self._last: tuple[Span, NDArray[np.float32]] | None = None  # what was described last, and how

    def push(self, block: Array, *, sr: float | None = None) -> None:
        """Take the next samples, shape (n,), n >= 0, floating, full scale 1; pass their rate to have it checked.

        Raises ``SignalError`` or ``SampleRateError``, and then takes nothing.
        """
        if sr is not None:
            require_rate(sr, self.spec.sample_rate)
        self._samples.append(require_block(block))

    def begin_at(self, sample: int) -> None:
        """Describe nothing before this sample of the stream, rounded down to a multiple of ``hop_length``.

        Nothing is forgotten: with an earlier sample the window reaches back again, as far as ``spec.window_s`` allows.
        Raises ``SignalError`` for a sample that has not come yet.
        """
        if not 0 <= sample <= self._samples.end:
            raise SignalError(f"the stream has samples 0 to {self._samples.end}, it cannot be described from {sample}")
        self._begin = sample

    @property
    def start(self) -> int:
        """Index in the stream of the first sample that ``vector`` describes."""
        hop = self.spec.hop_length
        return max(self._samples.end - self.spec.window_samples, self._begin) // hop * hop

    @property
    def end(self) -> int:
        """Index in the stream one past the last sample that ``vector`` describes."""
        return min(self.start + self.spec.window_samples, self._samples.end)

    @property
    def seconds(self) -> float:
        """Seconds of audio that ``vector`` describes, 0 to ``window_s``."""
        return (self.end - self.start) / self.spec.sample_rate

    def vector(self) -> NDArray[np.float32]:
        """Return the features of the samples ``start`` to ``end``: float32 (len(spec.vector_names),).

        Raises ``SignalError`` before the first sample.
        """
        window = self._span(self.start, self.end)
        if window.start == window.end:
            raise SignalError("the stream holds no audio yet; push some first")
        if self._last is None or self._last[0] != window:
            self._last = window, self._describe(window)
        return self._last[1].copy()

    def log_mel(self) -> tuple[int, NDArray[np.float32]]:
        """Return the frames that lie wholly within the window as it is without ``begin_at``, or beyond it.

        As the index of the first (frame ``i`` is centred on sample ``i * hop_length``) and the mel spectrogram
        (frames, n_mels) in dB, not clipped; without columns if the spec needs none. A view until the next ``push``.
        """
        hop, newest = self.spec.hop_length, self._samples.end
        start = max(newest - self.spec.window_samples, 0) // hop * hop
        window = self._span(start, min(start + self.spec.window_samples, newest))
        if window.whole:
            self._catch_up(window, leave=0)
        return self._frames.start, self._frames.rows(self._frames.start, self._frames.end).log_mel

    def _span(self, start: int, end: int) -> Span:
        return Span(start, end, self.spec.n_fft, self.spec.hop_length)

    def chroma(self, first: int) -> NDArray[np.float32]:
        """Return the chroma (frames, n_chroma) of the frames from ``first`` on that ``log_mel`` has; for pictures.

        Tuned to A = 440 Hz: the tuning of a window's end would differ from one call to the next.
        """
        return np.asarray(tuned_chroma(self._power_of(first, self._frames.end), self.spec, 0.0))

    def _describe(self, window: Span) -> NDArray[np.float32]:
        whole = window.whole
        if not whole:
            return summarize(self._samples.view(window.start, window.end), self.spec)
        rows, power = self._analyze(window)
        kept, n_head, n_edges = self._frames.rows(whole.start, whole.stop), len(window.head), window.n_edges
        head, tail = rows.part(0, n_head), rows.part(n_head, n_edges)

        def chroma_of(tuning: float) -> Array:
            fresh = tuned_chroma(power, self.spec, tuning)
            chroma = self._chroma.chroma(self._power_of, whole.start, whole.stop, tuning, newest=fresh[n_edges:])
            return np.concatenate((fresh[:n_head], chroma, fresh[n_head:n_edges]))

        def rise_of(floor: float | None) -> Array:
            rise = self._rise.rows(kept.log_mel, whole.start, floor)
            edges = (head.log_mel, kept.log_mel[:1], kept.log_mel[-1:], tail.log_mel)
            around = rise_above(np.concatenate(edges), floor)  # one of these steps is from the first to the last kept
            return np.concatenate((around[:n_head], rise, around[n_head + 1 :]))

        def cepstra_of(floor: float | None) -> Array:
            fresh = cepstra_above(rows.log_mel, self.spec, floor)
            cepstra = self._cepstra.rows(kept.log_mel, whole.start, floor, newest=fresh[n_edges:])
            return np.concatenate((fresh[:n_head], cepstra, fresh[n_head:n_edges]))

        pieces = [head, kept, tail]
        return Window(pieces, self.spec, chroma_of=chroma_of, rise_of=rise_of, cepstra_of=cepstra_of).vector()

    def _samples_of(self, begin: int, stop: int) -> Array:
        """Return the samples of whole frames, ``begin`` up to but not including ``stop``."""
        hop = self.spec.hop_length
        return np.asarray(self._samples.view(begin * hop - self._half, (stop - 1) * hop + self._half))

    def _power_of(self, begin: int, stop: int) -> Array:
        """Return the power spectra of frames; again computed if they are of long ago, as for a tuning that is new."""
        kept = self._frames.power(begin, stop)
        if kept is not None:
            return kept
        return self._analyzer.power(self._whole_frames(begin, stop))

    def _analyze(self, window: Span) -> tuple[FrameRows, Array]:
        """Analyze and keep the new frames of a window; return the rows and power of its head, its tail, and those."""
        self._catch_up(window, leave=MANY_FRAMES)
        first = min(self._frames.end, window.whole.stop)  # a window that began later may have ended a frame later
        new, n_edges = range(first, window.whole.stop), window.n_edges
        pieces = [self._edges(window)]
        if new:
            pieces.append(self._whole_frames(new.start, new.stop))
        rows, power = self._analyzer.analyze([pieces], self._of_samples(window, new))
        if new:
            self._frames.append(rows.part(n_edges, len(power)), power[n_edges:])
        return rows, power

    def _catch_up(self, window: Span, *, leave: int) -> None:
        """Analyze the new frames but at most ``leave`` of them, many at a time."""
        begin, stop = window.whole.start, window.whole.stop
        if not self._frames.start <= begin <= self._frames.end:
            self._frames.restart(begin)
        while (first := self._frames.end) + leave < stop:
            end = min(first + MANY_FRAMES, stop)
            of_samples = self._analyzer.of_samples(self._samples_of(first, end))
            rows, power = self._analyzer.analyze([[self._whole_frames(first, end)]], of_samples)
            self._frames.append(rows, power)

    def _whole_frames(self, begin: int, stop: int) -> Array:
        """Return a view (frames, n_fft) of whole frames, ``begin`` up to but not including ``stop``."""
        return frame_signal(self._samples_of(begin, stop), self.spec.n_fft, self.spec.hop_length)

    def _edges(self, window: Span) -> NDArray[np.float32]:
        """Return the samples (frames, n_fft) of the head and of the tail, zeros beyond the window."""
        hop = self.spec.hop_length
        frames = np.zeros((window.n_edges, self.spec.n_fft), dtype=np.float32)
        for row, frame in enumerate(chain(window.head, window.tail)):
            part, first = window.within(frame), frame * hop - self._half
            frames[row, part] = self._samples.view(first + part.start, first + part.stop)
        return frames

    def _of_samples(self, window: Span, new: range) -> NDArray[np.float64]:
        """Return the scalars of the head, the tail and new frames that are computed from samples; ends continue."""
        hop, half, scalars_of = self.spec.hop_length, self._half, self._analyzer.of_samples
        head, tail = window.head, window.tail
        if not self._analyzer.takes_samples:
            return np.empty((window.n_edges + len(new), 0))
        scalars = [scalars_of(self._samples.view(window.start, (head.stop - 1) * hop + half), left=half)]
        if tail:
            last = self._samples.view(tail.start * hop - half, window.end)
            scalars.append(scalars_of(last, right=(tail.stop - 1) * hop + half - window.end))
        if new:
            scalars.append(scalars_of(self._samples_of(new.start, new.stop)))
        return np.concatenate(scalars)
