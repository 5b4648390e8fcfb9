"""What the head is given: the numbers that describe a window of audio, from a stream or from a whole signal.

    samples ─▶ FeatureStream ──────────────────────────────▶ the window's features ──┐
        └────▶ PatchStream ─▶ listener ─▶ a row a patch ───▶ their statistics ───────┴─▶ the head's input

A patch is heard once, and only when an answer is asked for: what falls silent before is never heard.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.model.bundle import Bundle
from edge.model.listener import ListenerNetwork
from features_np import FeatureStream, summarize
from features_np.front_end import PatchSpec
from features_np.patches import PatchStream
from features_np.window.buffers import SlidingBuffer

Vector = NDArray[np.float32]

#: Seconds of a whole signal that are described at a time.
PIECE_S = 10


class HearingStream:
    """Describes the last ``spec.window_s`` seconds of a stream of samples at the bundle's rate.

    ``vector()`` holds the features of exactly the samples ``start`` to ``end``, and the listener's statistics over
    the patches that lie wholly within them, counted from the beginning of the stream; it equals ``describe`` of these
    samples where they are the stream's first. A window without a whole patch (1.2 s at most) has the mean of the
    normalization there, which tells the head nothing. Memory is bounded. Not thread-safe.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._features = FeatureStream(bundle.spec)
        self._patches = None if bundle.network is None else _HeardPatches(bundle.network, bundle)

    def reset(self) -> None:
        """Forget everything: the next samples begin a new stream, as after a gap."""
        self._features.reset()
        if self._patches:
            self._patches.reset()

    def push(self, samples: Vector) -> None:
        """Take the next samples, shape (n,), n >= 0, full scale 1; ``SignalError`` for what is none of that."""
        self._features.push(samples)
        if self._patches:
            self._patches.push(samples)

    def begin_at(self, sample: int) -> None:
        """Describe nothing before this sample of the stream; see ``FeatureStream.begin_at``."""
        self._features.begin_at(sample)

    @property
    def start(self) -> int:
        """Index in the stream of the first sample described."""
        return self._features.start

    @property
    def end(self) -> int:
        """Index in the stream one past the last sample described."""
        return self._features.end

    @property
    def seconds(self) -> float:
        """Seconds of audio described, 0 to ``window_s``."""
        return self._features.seconds

    def vector(self) -> Vector:
        """Return the head's input: float32 (n_inputs,). Raises ``SignalError`` before the first sample."""
        features = self._features.vector()
        if not self._patches:
            return features
        return _joined(self._bundle, features, self._patches.rows(self.start, self.end))

    def styles(self) -> Vector | None:
        """Return the mean scores of the listener's styles over the window; None without any, or without a patch."""
        if not self._patches:
            return None
        return styles_of(self._patches.network, self._patches.rows(self.start, self.end))

    def on_record_axes(self) -> tuple[NDArray[np.int64], Vector]:
        """Return where the newest patches end in the stream, in samples (n,), and lie on record axes (n, axes).

        Nothing where the bundle has no such axes.
        """
        if not self._patches or self._bundle.record_axes is None:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
        return self._patches.on_record_axes(self.end)

    def log_mel(self) -> tuple[int, Vector]:
        """Return the window's mel spectrogram in dB; see ``FeatureStream.log_mel``."""
        if self._features.seconds:
            self._features.vector()  # which analyzes the new frames at the least cost
        return self._features.log_mel()

    def chroma(self, first: int) -> Vector:
        """Return the chroma of the frames of ``log_mel`` from ``first`` on; see ``FeatureStream.chroma``."""
        return self._features.chroma(first)


class _HeardPatches:
    """What the listener says of the newest patches, in a ring as long as the window."""

    def __init__(self, network: ListenerNetwork, bundle: Bundle) -> None:
        self.network = network
        spec = network.use.patch_spec
        self._stream = PatchStream(spec, sr_in=bundle.spec.sample_rate)
        keep = patches_in(spec, bundle.spec.window_s)
        empty = network.quantize(np.zeros((0, spec.n_frames, spec.n_mels), dtype=np.float32))
        self._waiting = SlidingBuffer(keep, empty.shape[1:], empty.dtype)
        self._rows = SlidingBuffer(keep, (network.width,))
        self._axes = np.zeros((0, 0), dtype=np.float32) if bundle.record_axes is None else bundle.record_axes
        self._places = SlidingBuffer(keep, self._axes.shape[1:])
        self._ends = SlidingBuffer(keep, (), np.int64)

    def reset(self) -> None:
        """Forget all patches."""
        self._stream.reset()
        self._waiting.restart(0)
        self._restart(0)

    def _restart(self, patch: int) -> None:
        """Let this patch be the next that is heard."""
        for heard in (self._rows, self._places, self._ends):
            heard.restart(patch)

    def push(self, samples: Vector) -> None:
        """Cut patches; nothing is heard yet."""
        patches = self._stream.push(samples)
        if len(patches):
            self._waiting.append(self.network.quantize(patches))

    def rows(self, start: int, end: int) -> Vector:
        """Return a row for each patch within the samples ``start`` to ``end``: float32 (n, width), n >= 0."""
        self._catch_up()
        first, stop = self._rows.start, self._rows.end
        while first < stop and self._stream.start_of(first) < start:
            first += 1
        while stop > first and self._stream.end_of(stop - 1) > end:
            stop -= 1
        return np.asarray(self._rows.view(first, stop))

    def on_record_axes(self, end: int) -> tuple[NDArray[np.int64], Vector]:
        """Return where the patches that end by ``end`` end, and lie on record axes; see ``HearingStream``."""
        self._catch_up()
        first, stop = self._ends.start, self._ends.end
        ends = self._ends.view(first, stop)
        n_ended = int(np.searchsorted(ends, end, side="right"))
        return ends[:n_ended], self._places.view(first, first + n_ended)

    def _catch_up(self) -> None:
        if self._rows.end < self._waiting.start:
            self._restart(self._waiting.start)
        first, stop = self._rows.end, self._waiting.end
        if first == stop:
            return
        rows = self.network.rows(self._waiting.view(first, stop))
        self._rows.append(rows)
        # One by one: a product's last digits depend on how many rows it has.
        self._places.append(np.array([row[: len(self._axes)] @ self._axes for row in rows]))
        self._ends.append(np.array([self._stream.end_of(patch) for patch in range(first, stop)]))


def describe(y: Vector, bundle: Bundle) -> Vector:
    """Return the head's input for a whole signal (n,) at the bundle's rate, however long: float32 (n_inputs,).

    Raises ``SignalError`` for what is no signal.
    """
    features = summarize(y, bundle.spec)
    if bundle.network is None:
        return features
    stream = PatchStream(bundle.network.use.patch_spec, sr_in=bundle.spec.sample_rate)
    step = PIECE_S * bundle.spec.sample_rate
    pieces = (stream.push(y[begin : begin + step]) for begin in range(0, len(y), step))
    rows = [bundle.network.rows(bundle.network.quantize(patches)) for patches in pieces]
    return _joined(bundle, features, np.concatenate(rows))


def patches_in(spec: PatchSpec, seconds: float) -> int:
    """Return how many patches can lie within so many seconds, and two more."""
    return math.ceil(seconds * spec.sample_rate / (spec.hop_length * spec.patch_hop)) + 2


def styles_of(network: ListenerNetwork, rows: Vector) -> Vector | None:
    """Return the mean scores (n_styles,) of the styles over patches ``rows`` (n, width); None if there are none."""
    if not network.use.styles or not len(rows):
        return None
    return np.asarray(rows[:, network.use.n_described :].mean(axis=0, dtype=np.float64), dtype=np.float32)


def _joined(bundle: Bundle, features: Vector, rows: Vector) -> Vector:
    if bundle.network is not None and len(rows):
        return np.concatenate((features, bundle.network.statistics(rows)))
    return np.concatenate((features, bundle.mean[len(features) :]))
