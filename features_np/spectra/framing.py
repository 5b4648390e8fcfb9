"""Frames of signals, in blocks.

A signal is continued beyond its ends, where frames reach over them, by no more than those frames need: an hour of audio
is not copied for the sake of half a frame of silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from features_np.errors import ParameterError

Array = NDArray[Any]

#: Samples transformed at a time: windowed, and as spectra, they stay in a 1 MB cache.
BLOCK_SAMPLES = 65_536

#: Modes of ``numpy.pad`` that read no more samples than they add.
NEAR = ("constant", "edge", "linear_ramp", "reflect", "symmetric", "empty")


def frame_signal(y: Array, frame_length: int, hop_length: int) -> Array:
    """Return a read-only view (frames, frame_length) of ``y`` (n,), a frame every ``hop_length`` samples.

    Not by ``sliding_window_view``, whose view at every sample is too large for 32 bits from 12 s on, though nothing is
    copied. ``ValueError`` where ``y`` is shorter than a frame.
    """
    if len(y) < frame_length:
        raise ValueError(f"a frame has {frame_length} samples, the signal {len(y)}")
    (stride,) = y.strides
    shape = (1 + (len(y) - frame_length) // hop_length, frame_length)
    return as_strided(y, shape, (hop_length * stride, stride), writeable=False)


def blocks_of(n_frames: int, frame_length: int) -> Iterator[slice]:
    """Cut ``n_frames`` frames into blocks of about ``BLOCK_SAMPLES`` samples."""
    step = max(BLOCK_SAMPLES // frame_length, 1)
    return (slice(begin, min(begin + step, n_frames)) for begin in range(0, n_frames, step))


class Frames:
    """The frames of audio (..., n): those of its first channel, then those of the next.

    ``shape`` is how the frames of all channels are arranged: the channels' own shape, and the number of frames in one.
    """

    def __init__(
        self,
        y: Array,
        frame_length: int,
        hop_length: int,
        *,
        center: bool = True,
        pad_mode: str | Callable[..., Any] = "constant",
    ) -> None:
        n_samples, self._pad = y.shape[-1], frame_length // 2 if center else 0
        if n_samples + 2 * self._pad < frame_length:
            raise ParameterError(
                f"{n_samples} samples are less than one frame of {frame_length}; centre it or give more"
            )
        self._channels = y.reshape(-1, n_samples)
        self._frame_length, self._hop_length, self._mode = frame_length, hop_length, pad_mode
        self._each = 1 + (n_samples + 2 * self._pad - frame_length) // hop_length
        self.shape = (*y.shape[:-1], self._each)

    def __len__(self) -> int:
        return len(self._channels) * self._each

    def blocks(self, rows: int | None = None) -> Iterator[tuple[slice, Array]]:
        """Go through all frames in order: their places, and the frames (at most ``rows``, frame_length).

        As many as fit into ``BLOCK_SAMPLES`` by default. They are views, not to be written to.
        """
        rows = max(BLOCK_SAMPLES // self._frame_length, 1) if rows is None else rows
        for number, channel in enumerate(self._channels):
            place = number * self._each
            for piece in self._pieces(channel):
                for begin in range(0, len(piece), rows):
                    block = piece[begin : begin + rows]
                    yield slice(place + begin, place + begin + len(block)), block
                place += len(piece)

    def _pieces(self, channel: Array) -> Iterator[Array]:
        """Return the frames that reach over the beginning, those inside, and those that reach over the end."""
        pad, length, hop, n_samples = self._pad, self._frame_length, self._hop_length, len(channel)
        if not pad or n_samples < 4 * length or self._mode not in NEAR:
            yield frame_signal(self._continued(channel, pad, pad), length, hop)
            return
        first = -(-pad // hop)  # the first frame that begins inside
        last = min((n_samples + pad - length) // hop, self._each - 1)  # and the last that ends there
        if first:
            reach = max((first - 1) * hop + length - pad, pad + 1)  # a reflection looks one sample further
            yield frame_signal(self._continued(channel[:reach], pad, 0), length, hop)[:first]
        yield frame_signal(channel[first * hop - pad :], length, hop)[: last + 1 - first]
        if last + 1 < self._each:
            start = (last + 1) * hop - pad
            reach = min(start, n_samples - pad - 1)
            yield frame_signal(self._continued(channel[reach:], 0, pad)[start - reach :], length, hop)

    def _continued(self, samples: Array, before: int, after: int) -> Array:
        if not before and not after:
            return samples
        if self._mode == "constant":
            longer = np.zeros(before + len(samples) + after, dtype=samples.dtype)
            longer[before : before + len(samples)] = samples  # much faster than np.pad
            return longer
        try:
            return np.asarray(np.pad(samples, (before, after), mode=self._mode))  # type: ignore[call-overload]
        except (ValueError, TypeError) as error:
            raise ParameterError(f"pad_mode is {self._mode!r}: {error}") from None
