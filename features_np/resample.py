"""One resampler for files and microphones: windowed sinc, in one call or as a stream.

It is our own because no library covers the targets: soxr has no wheel for armv7l, and scipy.signal costs more memory
and start-up time than all of this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features_np.errors import SampleRateError
from features_np.fft import irfft, rfft
from features_np.pcm import require_block
from features_np.spectrum import Array

#: Zero crossings of the sinc on each side, Kaiser beta, and the cutoff as a share of the lower Nyquist frequency:
#: flat to 0.94 of it, more than 80 dB down from the whole of it.
ZERO_CROSSINGS = 96
KAISER_BETA = 9.0
CUTOFF = 0.97

MAX_RATE = 768_000  # Hz; beyond any sound card

#: Ratios with more phases than these (44,099 to 22,050 Hz) are filtered output by output, so many at a time that
#: their gathered inputs stay within a few megabytes; a block of whole periods would be too long.
MAX_PHASES, BLOCK_OUTPUTS = 512, 2048
#: Seconds of input that one step of the fast convolution takes, at most: what it adds to the delay.
STEP_S = 0.1


class Resampler:
    """Converts a stream from ``orig_sr`` to ``target_sr`` (whole Hz), block by block.

    ``push`` and ``flush`` together return what ``resample`` does of the joined blocks, however they were cut. The
    output is aligned with the input, and the last ``delay_s`` seconds of it come only with more input, or with
    ``flush``. Memory does not grow. Raises ``SampleRateError`` for a rate that is not 1 to 768,000 Hz.
    """

    def __init__(self, orig_sr: int, target_sr: int) -> None:
        self.orig_sr, self.target_sr = _require_rate(orig_sr), _require_rate(target_sr)
        common = gcd(self.orig_sr, self.target_sr)
        self._up, self._down = self.target_sr // common, self.orig_sr // common
        self._reach = reach_of(self._up, self._down)  # input samples needed on each side of an output
        self._convolution = None
        if self._up <= MAX_PHASES and self._up != self._down:
            self._convolution = fast_convolution(self._up, self._down, round(STEP_S * self.orig_sr))
        self.reset()

    @property
    def delay_s(self) -> float:
        """Seconds of input that must follow before a sample can come out, at most."""
        if self._up == self._down:
            return 0.0
        return (self._convolution.delay if self._convolution else self._reach) / self.orig_sr

    def reset(self) -> None:
        """Forget all input: the next block begins a new signal."""
        lead = self._convolution.lead if self._convolution else self._reach
        self._pending: NDArray[np.float32] = np.zeros(lead, dtype=np.float32)  # silence before the beginning
        self._first = -lead  # index of the first pending input
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
        if self._convolution:
            return self._convolved(self._convolution)
        # output n lies at input n * down / up; the `reach` inputs from there on must have come
        return self._gathered(-((self._reach - self._received) * self._up // self._down))

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, as if silence followed, and reset."""
        if self._up == self._down:
            return np.empty(0, dtype=np.float32)
        end = -(-self._received * self._up // self._down)
        missing = end - self._produced
        after = self._convolution.n_inputs if self._convolution else self._reach
        self._pending = np.concatenate((self._pending, np.zeros(after, dtype=np.float32)))
        rest = self._convolved(self._convolution) if self._convolution else self._gathered(end)
        self.reset()
        return rest[:missing]

    def _convolved(self, convolution: FastConvolution) -> NDArray[np.float32]:
        """Compute all whole steps. They lie at fixed places, so every output is the same to the last bit."""
        parts = [np.empty(0, dtype=np.float32)]
        used = 0
        while used + convolution.n_inputs <= len(self._pending):
            parts.append(convolution(self._pending[used : used + convolution.n_inputs]))
            used += convolution.step
        self._pending = self._pending[used:].copy()
        outputs = np.concatenate(parts)
        self._produced += len(outputs)
        return outputs

    def _gathered(self, end: int) -> NDArray[np.float32]:
        """Compute outputs up to but not including ``end``, each from its own inputs."""
        taps = polyphase_filters(self._up, self._down)
        parts = [np.empty(0, dtype=np.float32)]
        for start in range(self._produced, end, BLOCK_OUTPUTS):
            outputs = np.arange(start, min(start + BLOCK_OUTPUTS, end), dtype=np.int64)
            whole, phase = np.divmod(outputs * self._down, self._up)
            inputs = sliding_window_view(self._pending, 2 * self._reach)[whole - self._reach + 1 - self._first]
            parts.append(np.einsum("ij,ij->i", inputs, taps[phase]))
        self._produced = max(end, self._produced)
        needed = self._produced * self._down // self._up - self._reach + 1
        if needed > self._first:
            self._pending = self._pending[needed - self._first :].copy()
            self._first = needed
        return np.concatenate(parts)


def resample(y: Array, *, orig_sr: int, target_sr: int) -> NDArray[np.float32]:
    """Convert a whole signal ``y``, shape (n,), to ``target_sr`` Hz: float32 of shape (ceil(n * target / orig),).

    Argument names are ``librosa.resample`` 0.11's; the filter is our own, so values differ near the cutoff. Raises
    ``SampleRateError`` and ``SignalError`` as ``Resampler`` does.
    """
    resampler = Resampler(orig_sr, target_sr)
    return np.concatenate((resampler.push(y), resampler.flush()))


def reach_of(up: int, down: int) -> int:
    """Return how many inputs the filter reaches to each side of an output."""
    return int(np.ceil(ZERO_CROSSINGS / min(1.0, up / down)))


@dataclass(frozen=True, slots=True)
class FastConvolution:
    """Overlap-save: each step filters ``n_inputs`` inputs in the frequency domain and keeps ``step`` of them.

    The spectrum, cut or continued with zeros to the new rate's Nyquist frequency, is that of the outputs: filter and
    change of rate are one product between a forward and a backward transform (Smith, "Spectral Audio Signal
    Processing"; the lengths are whole periods of the ratio).
    """

    n_inputs: int
    n_outputs: int
    lead: int  # inputs before the first that is kept; as many follow the last
    response: NDArray[np.float32]  # of the bins from 0 Hz to the lower Nyquist frequency, with the scale

    @property
    def step(self) -> int:
        """Inputs by which a step moves on."""
        return self.n_inputs - 2 * self.lead

    @property
    def delay(self) -> int:
        """Inputs that must follow the first one kept."""
        return self.n_inputs - self.lead

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs of the inputs kept."""
        spectrum = rfft(inputs)[: len(self.response)] * self.response
        outputs = irfft(spectrum, self.n_outputs)
        ratio = self.n_outputs / self.n_inputs
        return np.asarray(outputs[round(self.lead * ratio) : round((self.lead + self.step) * ratio)])


@lru_cache(maxsize=4)
def fast_convolution(up: int, down: int, longest_step: int) -> FastConvolution:
    """Return the convolution for a ratio whose steps take ``longest_step`` inputs at most, if the filter allows."""
    reach = reach_of(up, down)
    lead = -(-reach // down) * down
    n_periods = 1
    while n_periods * down < 4 * lead or 2 * n_periods * down - 2 * lead <= longest_step:
        n_periods *= 2
    n_inputs, n_outputs = n_periods * down, n_periods * up
    n_bins = min(n_inputs, n_outputs) // 2 + 1
    # The filter's response needs its values between the inputs only as finely as its spectrum is wide.
    finely = 4
    distance = np.arange(-reach * finely, reach * finely + 1) / finely
    impulse = np.zeros(n_inputs * finely)
    impulse[np.arange(-reach * finely, reach * finely + 1)] = windowed_sinc(distance, up, down, reach)
    response = rfft(impulse)[:n_bins].real
    response *= up / down / response[0]
    response[-1] = 0.0  # at the lower Nyquist frequency, where the filter ends
    return FastConvolution(n_inputs, n_outputs, lead, response.astype(np.float32))


def windowed_sinc(distance: NDArray[np.float64], up: int, down: int, reach: int) -> NDArray[np.float64]:
    """Return the filter ``distance`` inputs from its middle; 0 from ``reach`` on."""
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(1 - (distance / reach) ** 2, 0.0)))
    return np.asarray(np.sinc(CUTOFF * min(1.0, up / down) * distance) * window)


@lru_cache(maxsize=4)
def polyphase_filters(up: int, down: int) -> NDArray[np.float32]:
    """Return the taps for every phase of an output between two inputs: float32 (up, taps).

    Phase ``p`` is the Kaiser-windowed sinc centred ``p / up`` behind the input before the output; every phase has the
    gain 1 at 0 Hz (J. O. Smith, "Digital Audio Resampling").
    """
    reach = reach_of(up, down)
    distance = np.arange(1 - reach, reach + 1) - np.arange(up)[:, np.newaxis] / up
    taps = windowed_sinc(distance, up, down, reach)
    taps /= taps.sum(axis=1, keepdims=True)
    return np.asarray(taps, dtype=np.float32)


def _require_rate(rate: int) -> int:
    if isinstance(rate, bool) or not 1 <= rate <= MAX_RATE or int(rate) != rate:
        raise SampleRateError(f"sample rate is {rate!r}, must be 1 to {MAX_RATE:,} Hz, whole")
    return int(rate)
