"""One resampler for files and microphones: polyphase windowed-sinc, in one call or as a stream.

It is our own because no library covers the targets: soxr has no wheel for armv7l, and scipy.signal costs more memory
and start-up time than all of this package.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features_np.errors import SampleRateError
from features_np.pcm import require_block
from features_np.spectrum import Array

#: Zero crossings of the sinc on each side, Kaiser beta, and the cutoff as a share of the lower Nyquist frequency:
#: flat to 0.94 of it, more than 80 dB down from the whole of it.
ZERO_CROSSINGS = 96
KAISER_BETA = 9.0
CUTOFF = 0.97

MAX_RATE = 768_000  # Hz; beyond any sound card

#: Outputs computed at a time; their gathered inputs stay within a few megabytes.
BLOCK_OUTPUTS = 2048
#: Ratios with at most this many phases are a matrix product; beyond, its matrix would be too large.
MAX_MATRIX_PHASES = 512
#: Rows of that product, always as many, and outputs in a row at least. One shape of product at fixed places in the
#: stream is what keeps the output the same to the last bit however the blocks were cut.
MATRIX_ROWS, LEAST_COLUMNS = 8, 128


class Resampler:
    """Converts a stream from ``orig_sr`` to ``target_sr`` (whole Hz), block by block.

    ``push`` and ``flush`` together return what ``resample`` does of the joined blocks, however they were cut. The
    output is aligned with the input (no delay), so the last ``delay_s`` seconds come only with more input, or with
    ``flush``. Memory does not grow. Raises ``SampleRateError`` for a rate that is not 1 to 768,000 Hz.
    """

    def __init__(self, orig_sr: int, target_sr: int) -> None:
        self.orig_sr, self.target_sr = _require_rate(orig_sr), _require_rate(target_sr)
        common = gcd(self.orig_sr, self.target_sr)
        self._up, self._down = self.target_sr // common, self.orig_sr // common
        self._taps = polyphase_filters(self._up, self._down)
        self._reach = self._taps.shape[1] // 2  # input samples needed on each side of an output
        self._matrix = filter_matrix(self._up, self._down) if self._up <= MAX_MATRIX_PHASES else None
        self.reset()

    @property
    def delay_s(self) -> float:
        """Seconds of input that must follow before a sample can come out."""
        return 0.0 if self._up == self._down else self._reach / self.orig_sr

    def reset(self) -> None:
        """Forget all input: the next block begins a new signal."""
        self._pending: NDArray[np.float32] = np.zeros(self._reach, dtype=np.float32)  # silence before the beginning
        self._first = -self._reach  # index of the first pending input
        self._received = 0
        self._produced = 0

    def push(self, block: Array) -> NDArray[np.float32]:
        """Take a block (n,), n >= 0, of floats; return the float32 output that is complete by now, possibly empty.

        Raises ``SignalError`` for what is no block of mono audio, and then takes nothing.
        """
        samples = require_block(block).astype(np.float32, copy=False)
        if self._up == self._down:
            return samples.copy()
        self._received += len(samples)
        self._pending = np.concatenate((self._pending, samples))
        # output n lies at input n * down / up; the `reach` inputs from there on must have come
        return self._produce(-((self._reach - self._received) * self._up // self._down))

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, as if silence followed, and reset."""
        if self._up == self._down:
            return np.empty(0, dtype=np.float32)
        self._pending = np.concatenate((self._pending, np.zeros(self._reach, dtype=np.float32)))
        rest = self._produce(-(-self._received * self._up // self._down))
        self.reset()
        return rest

    def _produce(self, end: int) -> NDArray[np.float32]:
        """Compute outputs up to but not including ``end``, and drop the inputs that no later one needs."""
        compute, unit = (self._gathered, BLOCK_OUTPUTS) if self._matrix is None else (self._multiplied, self._batch)
        parts = [np.empty(0, dtype=np.float32)]
        while self._produced < end:
            stop = min((self._produced // unit + 1) * unit, end)
            parts.append(compute(self._produced, stop))
            self._produced = stop
        next_computed = self._produced if self._matrix is None else self._produced // unit * unit
        needed = next_computed * self._down // self._up - self._reach + 1
        if needed > self._first:
            self._pending = self._pending[needed - self._first :].copy()
            self._first = needed
        return np.concatenate(parts)

    def _gathered(self, start: int, stop: int) -> NDArray[np.float32]:
        """Compute outputs each from its own inputs: for ratios of very many phases."""
        whole, phase = np.divmod(np.arange(start, stop, dtype=np.int64) * self._down, self._up)
        inputs = sliding_window_view(self._pending, 2 * self._reach)[whole - self._reach + 1 - self._first]
        return np.asarray(np.einsum("ij,ij->i", inputs, self._taps[phase]))

    def _multiplied(self, start: int, stop: int) -> NDArray[np.float32]:
        """Compute outputs of one batch as a product; inputs that have not come count as 0, as do their weights."""
        assert self._matrix is not None
        width, columns = self._matrix.shape
        step = columns * self._down // self._up
        batch = start // self._batch
        begin = batch * MATRIX_ROWS * step - self._reach + 1 - self._first
        inputs = np.zeros((MATRIX_ROWS - 1) * step + width, dtype=np.float32)
        known = self._pending[begin : begin + len(inputs)]
        inputs[: len(known)] = known
        rows = np.ascontiguousarray(sliding_window_view(inputs, width)[::step])
        outputs = (self._matrix.T @ rows.T).T.ravel()  # BLAS is faster this way round
        return np.asarray(outputs[start - batch * self._batch : stop - batch * self._batch])

    @property
    def _batch(self) -> int:
        """Outputs of one matrix product."""
        assert self._matrix is not None
        return MATRIX_ROWS * self._matrix.shape[1]


def resample(y: Array, *, orig_sr: int, target_sr: int) -> NDArray[np.float32]:
    """Convert a whole signal ``y``, shape (n,), to ``target_sr`` Hz: float32 of shape (ceil(n * target / orig),).

    Argument names are ``librosa.resample`` 0.11's; the filter is our own, so values differ near the cutoff. Raises
    ``SampleRateError`` and ``SignalError`` as ``Resampler`` does.
    """
    resampler = Resampler(orig_sr, target_sr)
    return np.concatenate((resampler.push(y), resampler.flush()))


@lru_cache(maxsize=4)
def polyphase_filters(up: int, down: int) -> NDArray[np.float32]:
    """Return the taps for every phase of an output between two inputs: float32 (up, taps).

    Phase ``p`` is the Kaiser-windowed sinc centred ``p / up`` behind the input before the output; every phase has the
    gain 1 at 0 Hz (J. O. Smith, "Digital Audio Resampling").
    """
    scale = min(1.0, up / down)  # of the input's Nyquist frequency
    reach = int(np.ceil(ZERO_CROSSINGS / scale))
    distance = np.arange(1 - reach, reach + 1) - np.arange(up)[:, np.newaxis] / up
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(1 - (distance / reach) ** 2, 0.0)))
    taps = np.sinc(CUTOFF * scale * distance) * window
    taps /= taps.sum(axis=1, keepdims=True)
    return np.asarray(taps, dtype=np.float32)


@lru_cache(maxsize=4)
def filter_matrix(up: int, down: int) -> NDArray[np.float32]:
    """Return the filters of a row of outputs as a matrix: float32 (inputs, outputs), outputs a multiple of ``up``.

    Output ``j`` of a row is the product of column ``j`` with the row's inputs, the first of which lies ``reach - 1``
    before the input of output 0.
    """
    taps = polyphase_filters(up, down)
    columns = up * -(-LEAST_COLUMNS // up)
    whole, phase = np.divmod(np.arange(columns) * down, up)
    matrix = np.zeros((columns * down // up + taps.shape[1], columns), dtype=np.float32)
    for column, (first, filter_) in enumerate(zip(whole, taps[phase], strict=True)):
        matrix[first : first + len(filter_), column] = filter_
    return matrix


def _require_rate(rate: int) -> int:
    if isinstance(rate, bool) or not 1 <= rate <= MAX_RATE or int(rate) != rate:
        raise SampleRateError(f"sample rate is {rate!r}, must be 1 to {MAX_RATE:,} Hz, whole")
    return int(rate)
