"""The head's input: the numbers that describe a window of audio, from a stream or from a whole signal.

    samples ─┬▶ resampler ─▶ FeatureStream ─────────────────▶ the window's features ─┬─▶ the head's input
             ├▶ PatchStream ─▶ a listener ─▶ a row a patch ─▶ their statistics ──────┤
             └▶ PatchStream ─▶ another ...  ─────────────────────────────────────────┘

Each branch resamples from the source's own rate. A patch is passed to its listener once, and only when an answer is
needed, so patches of a discarded window never are.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.model.bundle import Bundle
from edge.model.listener import ListenerNetwork
from features_np import FeatureSpec, FeatureStream, Resampler, summarize
from features_np.front_end import PatchSpec
from features_np.patches import PatchStream
from features_np.window.buffers import SlidingBuffer

Vector = NDArray[np.float32]

#: Seconds of a whole signal that are processed at a time.
PIECE_S = 10


class HeadInputStream:
    """Describes the last ``spec.window_s`` seconds of a stream of samples.

    The samples come in stretches, each at a rate of its own; places in the stream are counted at the bundle's rate.
    ``vector()`` holds the features of exactly the samples ``start`` to ``end``, and each listener's statistics over
    the patches that lie wholly within them, counted from the beginning of the stream. Of samples at the bundle's rate
    it equals ``head_input``, where they are the stream's first; of others ``end`` is as far behind the newest as the
    resampler needs, always equally far, whatever the blocks were. Without a whole patch in the window the statistics
    are the mean of the normalization, which is neutral. Memory is bounded. Not thread-safe.

    Parameters
    ----------
    bundle : Bundle
        The model, with its branches.
    source_rate : int, optional
        Rate of the samples of the first stretch, in Hz; by default the bundle's own.
    """

    def __init__(self, bundle: Bundle, source_rate: int | None = None) -> None:
        self._bundle = bundle
        self._rate = bundle.spec.sample_rate
        rate = source_rate or self._rate
        self._features = FeatureStream(bundle.spec)
        axes = (bundle.record_axes, *(None for _ in bundle.networks[1:]))
        self._listeners = [
            _ListenerStream(network, bundle.spec, rate, axes_of_it)
            for network, axes_of_it in zip(bundle.networks, axes[: len(bundle.networks)], strict=True)
        ]
        self._begin_stretch(rate)

    def _begin_stretch(self, source_rate: int) -> None:
        self._resampler = Resampler(source_rate, self._rate)
        self._lag = math.ceil(self._resampler.delay_s * source_rate)  # samples that must follow those that are consumed
        self._taken = self._consumed = 0  # of this stretch: samples at the source's rate, and at the bundle's
        self._ahead: Vector = np.empty(0, dtype=np.float32)  # resampled and not consumed yet
        self._recent: Vector = np.empty(0, dtype=np.float32)  # the newest ``_lag`` samples

    @property
    def source_rate(self) -> int:
        """Rate of the samples that are taken, in Hz."""
        return self._resampler.orig_sr

    def reset(self) -> None:
        """Reset: a new stream follows, as after a gap."""
        self._features.reset()
        for listener in self._listeners:
            listener.reset()
            listener.push(self._recent)

    def change_rate(self, source_rate: int) -> None:
        """Begin a stretch of another rate, which follows the finished one without a gap."""
        for listener in self._listeners:
            listener.change_rate(source_rate)
        self._begin_stretch(source_rate)

    def push(self, samples: Vector) -> None:
        """Take the next samples, shape (n,), n >= 0, full scale 1; ``SignalError`` for what is none of that."""
        self.take(samples, None)

    def take(self, samples: Vector, most: int | None) -> tuple[Vector, Vector]:
        """Take as many ``samples`` (n,) as give ``most`` more samples at the bundle's rate.

        Returns those, (m,) with m <= most, and the samples that were not taken. None takes all; see ``push``.
        """
        piece, rest = samples, samples[:0]
        if most is not None:
            needed = -(-(self._consumed + most) * self.source_rate // self._rate) + self._lag - self._taken
            piece, rest = samples[:needed], samples[needed:]
        self._ahead = np.concatenate((self._ahead, self._resampler.push(piece)))
        self._taken += len(piece)
        due = max(self._taken - self._lag, 0) * self._rate // self.source_rate - self._consumed
        for listener in self._listeners:
            listener.push(piece)
        self._recent = np.concatenate((self._recent, piece))[max(len(self._recent) + len(piece) - self._lag, 0) :]
        return self._consume(due if most is None else min(due, most)), rest

    def finish(self) -> Vector:
        """Flush the resamplers, as if silence followed; the next samples begin another stretch."""
        self._ahead = np.concatenate((self._ahead, self._resampler.flush()))
        consumed = self._consume(len(self._ahead))
        self.change_rate(self.source_rate)
        return consumed

    def _consume(self, n_samples: int) -> Vector:
        consumed, self._ahead = self._ahead[:n_samples], self._ahead[n_samples:].copy()
        self._consumed += len(consumed)
        self._features.push(consumed)
        return consumed

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

    def is_whole(self) -> bool:
        """Return whether each listener has a whole patch of the window."""
        return all(len(listener.rows(self.start, self.end)) for listener in self._listeners)

    def vector(self) -> Vector:
        """Return the head's input: float32 (n_inputs,). Raises ``SignalError`` before the first sample."""
        features = self._features.vector()
        return _joined(self._bundle, features, [listener.rows(self.start, self.end) for listener in self._listeners])

    def styles(self) -> Vector | None:
        """Return the mean scores of the bundle's styles over the window; None without any, or without a patch."""
        if not self._bundle.styles:
            return None
        return styles_of(self._bundle.networks[0], self._listeners[0].rows(self.start, self.end))

    def on_record_axes(self) -> tuple[NDArray[np.int64], Vector]:
        """Return where the newest patches end in the stream, in samples (n,), and lie on record axes (n, axes).

        Nothing where the bundle has no such axes.
        """
        if self._bundle.record_axes is None:
            return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
        return self._listeners[0].on_record_axes(self.end)

    def log_mel(self) -> tuple[int, Vector]:
        """Return the window's mel spectrogram in dB; see ``FeatureStream.log_mel``."""
        if self._features.seconds:
            self._features.vector()  # analyzes the new frames at the least cost
        return self._features.log_mel()

    def chroma(self, first: int) -> Vector:
        """Return the chroma of the frames of ``log_mel`` from ``first`` on; see ``FeatureStream.chroma``."""
        return self._features.chroma(first)


class _ListenerStream:
    """A listener's outputs for the newest patches, in a ring as long as the window."""

    def __init__(self, network: ListenerNetwork, spec: FeatureSpec, source_rate: int, axes: Vector | None) -> None:
        """``spec`` is that of the window and of the rate at which places are counted."""
        self._network = network
        self._spec, self._rate = network.use.patch_spec, spec.sample_rate
        self._stream = PatchStream(self._spec, sr_in=source_rate)
        keep = patches_in(self._spec, spec.window_s)
        empty = network.quantize(np.zeros((0, *self._spec.shape), dtype=np.float32))
        self._waiting = SlidingBuffer(keep, empty.shape[1:], empty.dtype)
        self._rows = SlidingBuffer(keep, (network.width,))
        self._axes = np.zeros((0, 0), dtype=np.float32) if axes is None else axes
        self._places = SlidingBuffer(keep, self._axes.shape[1:])

    def reset(self) -> None:
        """Forget all patches."""
        self._stream.reset()
        self._waiting.restart(0)
        self._restart(0)

    def _restart(self, patch: int) -> None:
        """Continue the listener at this patch."""
        self._rows.restart(patch)
        self._places.restart(patch)

    def change_rate(self, source_rate: int) -> None:
        """Continue with samples of another rate."""
        self._wait(self._stream.change_rate(source_rate))

    def push(self, samples: Vector) -> None:
        """Cut patches and queue them for the listener."""
        self._wait(self._stream.push(samples))

    def _wait(self, patches: Vector) -> None:
        if len(patches):
            self._waiting.append(self._network.quantize(patches))

    def rows(self, start: int, end: int) -> Vector:
        """Return a row for each patch within the samples ``start`` to ``end``: float32 (n, width), n >= 0."""
        self._catch_up()
        first, stop = self._rows.start, self._until(end)
        while first < stop and self._spec.start_of(first, self._rate) < start:
            first += 1
        return np.asarray(self._rows.view(first, stop))

    def on_record_axes(self, end: int) -> tuple[NDArray[np.int64], Vector]:
        """Return where the patches that end by ``end`` end, and lie on record axes; see ``HeadInputStream``."""
        self._catch_up()
        first, stop = self._rows.start, self._until(end)
        ends = [self._spec.end_of(patch, self._rate) for patch in range(first, stop)]
        return np.array(ends, dtype=np.int64), self._places.view(first, stop)

    def _until(self, end: int) -> int:
        """Return the first patch that the listener has not taken, or does not end by ``end``."""
        stop = self._rows.end
        while stop > self._rows.start and self._spec.end_of(stop - 1, self._rate) > end:
            stop -= 1
        return stop

    def _catch_up(self) -> None:
        if self._rows.end < self._waiting.start:
            self._restart(self._waiting.start)
        first, stop = self._rows.end, self._waiting.end
        if first == stop:
            return
        rows = self._network.rows(self._waiting.view(first, stop))
        self._rows.append(rows)
        # One by one: the last digits of a product depend on the number of rows.
        self._places.append(np.array([row[: len(self._axes)] @ self._axes for row in rows]))
        self._waiting.forget_before(stop)


def head_input(y: Vector, bundle: Bundle) -> Vector:
    """Return the head's input for a whole signal (n,) at the bundle's rate, however long: float32 (n_inputs,).

    Raises ``SignalError`` for what is no signal.
    """
    features = summarize(y, bundle.spec)
    return _joined(bundle, features, [_rows_of(y, network, bundle.spec.sample_rate) for network in bundle.networks])


def _rows_of(y: Vector, network: ListenerNetwork, sample_rate: int) -> Vector:
    stream, step = PatchStream(network.use.patch_spec, sr_in=sample_rate), PIECE_S * sample_rate
    pieces = (stream.push(y[begin : begin + step]) for begin in range(0, len(y), step))
    return np.concatenate([network.rows(network.quantize(patches)) for patches in pieces])


def patches_in(spec: PatchSpec, seconds: float) -> int:
    """Return the maximum number of patches in so many seconds, plus two."""
    return math.ceil(seconds / spec.hop_s) + 2


def styles_of(network: ListenerNetwork, rows: Vector) -> Vector | None:
    """Return the mean scores (n_styles,) of the styles over patches ``rows`` (n, width); None if there are none."""
    if not network.use.styles or not len(rows):
        return None
    return np.asarray(rows[:, network.use.n_per_patch :].mean(axis=0, dtype=np.float64), dtype=np.float32)


def _joined(bundle: Bundle, features: Vector, rows: list[Vector]) -> Vector:
    parts, start = [features], len(features)
    for network, of_it in zip(bundle.networks, rows, strict=True):
        stop = start + network.use.n_numbers
        parts.append(network.statistics(of_it) if len(of_it) else bundle.mean[start:stop])
        start = stop
    return np.concatenate(parts)
