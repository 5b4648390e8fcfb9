"""``FeatureStream``: the vector of the last seconds of a stream, equal to ``summarize`` of those samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features_np.buffers import FrameBuffer, SlidingBuffer
from features_np.caches import ChromaCache, TempogramCache
from features_np.errors import SignalError
from features_np.frames import FrameRows, analyzer_for
from features_np.pcm import require_block, require_rate
from features_np.rhythm import tempo_window_frames
from features_np.spec import FeatureSpec
from features_np.spectrum import Array
from features_np.summary import summarize, tuned_chroma, vector_of_rows

Edge = tuple[FrameRows, Array]


class FeatureStream:
    """Describes the last ``spec.window_s`` seconds of a stream of samples at ``spec.sample_rate``.

    ``vector()`` equals ``summarize`` of the samples ``start`` up to ``end`` of the stream: everything so far while
    that is less than the window, then exactly ``spec.window_samples``. A full window begins at a multiple of
    ``hop_length``, because only then are its frames those of the window before; so it may end up to
    ``hop_length - 1`` samples (23 ms) before the newest sample. ``end`` says where.

    What a frame says by itself is computed once. Computed again are the frames that reach over the window's edges,
    and what looks at the whole window: the clip below its loudest mel bin, the tuning, and the parts of chroma and
    tempogram that those change.

    Memory is allocated here and does not grow: 12 MB for 30 s and the default spec. Not thread-safe.
    """

    def __init__(self, spec: FeatureSpec | None = None) -> None:
        self.spec = spec = FeatureSpec() if spec is None else spec
        self._analyzer = analyzer_for(spec)
        self._half = spec.n_fft // 2
        self._samples = SlidingBuffer(spec.window_samples + spec.hop_length)
        n_frames = 1 + spec.window_samples // spec.hop_length
        self._frames = FrameBuffer(n_frames, *self._analyzer.analyze(np.zeros(spec.n_fft, dtype=np.float32)))
        self._chroma = ChromaCache(n_frames, spec)
        win_length = tempo_window_frames(spec.tempo_window_s, spec.sample_rate, spec.hop_length)
        self._tempogram = TempogramCache(n_frames, win_length)

    def reset(self) -> None:
        """Forget everything: the next block begins a new stream, as after a gap."""
        self._samples.restart(0)
        self._frames.restart(0)
        self._chroma.reset()
        self._tempogram.reset()

    def push(self, block: Array, *, sr: float | None = None) -> None:
        """Take the next samples, shape (n,), n >= 0, floating, full scale 1; pass their rate to have it checked.

        Raises ``SignalError`` or ``SampleRateError``, and then takes nothing.
        """
        if sr is not None:
            require_rate(sr, self.spec.sample_rate)
        self._samples.append(require_block(block))

    @property
    def start(self) -> int:
        """Index in the stream of the first sample that ``vector`` describes."""
        hop = self.spec.hop_length
        return max(self._samples.end - self.spec.window_samples, 0) // hop * hop

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
        start, end, hop = self.start, self.end, self.spec.hop_length
        if start == end:
            raise SignalError("the stream holds no audio yet; push some first")
        first = start // hop
        inner = first + -(-self._half // hop), first + (end - start - self._half) // hop + 1
        if inner[0] >= inner[1]:  # every frame reaches over an edge
            return summarize(self._samples.view(start, end), self.spec)
        self._analyze_new(*inner)
        head, tail = self._edges(start, end, *inner)
        before, after = ([rows for rows, _ in edge] for edge in (head, tail))
        rows = FrameRows.concatenate([*before, self._frames.rows(*inner), *after])

        def chroma_of(tuning: float) -> Array:
            kept = self._chroma.chroma(self._frames.power(*inner), inner[0], tuning)
            before, after = ([tuned_chroma(power, self.spec, tuning) for _, power in edge] for edge in (head, tail))
            return np.concatenate((*before, kept, *after))

        def mean_tempogram_of(envelope: Array, _win_length: int) -> Array:
            return self._tempogram.mean_tempogram(envelope, first)

        return vector_of_rows(rows, self.spec, chroma_of=chroma_of, mean_tempogram_of=mean_tempogram_of)

    def _analyze_new(self, start: int, stop: int) -> None:
        """Analyze the frames up to ``stop`` that lie wholly in the window and have not been."""
        if not self._frames.start <= start <= self._frames.end:
            self._frames.restart(start)
        if (begin := self._frames.end) < stop:
            hop = self.spec.hop_length
            samples = self._samples.view(begin * hop - self._half, (stop - 1) * hop + self._half)
            self._frames.append(*self._analyzer.analyze(samples))

    def _edges(self, start: int, end: int, first_inner: int, end_inner: int) -> tuple[list[Edge], list[Edge]]:
        """Analyze the frames that reach over the window's beginning, and over its end (none, if the hop is long)."""
        hop, half = self.spec.hop_length, self._half
        samples = self._samples.view(start, (first_inner - 1) * hop + half)
        head = [self._analyzer.analyze(samples, left=half)]
        last = start // hop + (end - start) // hop  # the window's last frame
        if last < end_inner:
            return head, []
        samples = self._samples.view(end_inner * hop - half, end)
        return head, [self._analyzer.analyze(samples, right=last * hop + half - end)]
