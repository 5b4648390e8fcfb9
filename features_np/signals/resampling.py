"""One resampler for files and microphones: windowed sinc, in one call or as a stream.

No library covers the targets: soxr has no wheel for armv7l, and scipy.signal costs more memory and start-up time than
all of this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features_np.errors import SampleRateError
from features_np.pcm import require_block
from features_np.spectra.fft import irfft, rfft
from features_np.spectra.framing import Array, blocks_of, frame_signal

#: Zero crossings of the sinc on each side, Kaiser beta, and the cutoff as a share of the lower Nyquist frequency:
#: flat to 0.94 of it, more than 80 dB down from the whole of it.
ZERO_CROSSINGS = 96
KAISER_BETA = 9.0
CUTOFF = 0.97

MAX_RATE = 768_000  # Hz; beyond any sound card

#: Seconds of input that one step of the fast convolution takes, at most: what it adds to the delay.
STEP_S = 0.1

#: One convolution changes the rate where a period of the ratio is short, and its length one that transforms fast: at
#: most so many outputs, and no larger prime factor.
MAX_PERIOD, MAX_FACTOR = 640, 13

#: Between the samples of another convolution, whose rate leaves the upper half of its band empty, the interpolation
#: takes so many on each side of an output, by a Kaiser-windowed sinc that is known at so many places between two.
#: It adds an error of less than 1e-5 of the signal (-100 dB), as much as the filter itself lets through.
NEIGHBOURS, PLACES, NEIGHBOURS_BETA = 8, 512, 13.0


class Resampler:
    """Converts a stream from ``orig_sr`` to ``target_sr`` (whole Hz), block by block.

    ``push`` and ``flush`` together return what ``resample(..., fix=False)`` does of the joined blocks, however they
    were cut. The output is aligned with the input: output ``n`` lies at ``n / target_sr`` seconds. The last ``delay_s``
    seconds of it come only with more input, or with ``flush``. Memory use is bounded.

    Parameters
    ----------
    orig_sr, target_sr : int
        Rates of input and output, in Hz.
    bandwidth : float, optional
        Highest frequency to keep, in Hz: the filter ends there if that is below half of both rates.

    Raises
    ------
    SampleRateError
        If a rate is not 1 to 768,000 Hz.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import Resampler
    >>> resampler = Resampler(44_100, 22_050)
    >>> second = np.zeros(44_100, dtype=np.float32)
    >>> len(resampler.push(second)) + len(resampler.flush())
    22050
    """

    def __init__(self, orig_sr: int, target_sr: int, *, bandwidth: float | None = None) -> None:
        self.orig_sr, self.target_sr = _require_rate(orig_sr), _require_rate(target_sr)
        limit = self.target_sr if bandwidth is None else min(2.0 * bandwidth, self.target_sr)
        share = min(1.0, limit / self.orig_sr)
        is_same = self.orig_sr == self.target_sr and share == 1.0
        self._plan = None if is_same else plan_of(self.orig_sr, self.target_sr, share)
        self.reset()

    @property
    def delay_s(self) -> float:
        """Seconds of input that must follow before a sample can come out, at most."""
        return self._plan.delay / self.orig_sr if self._plan else 0.0

    def reset(self) -> None:
        """Forget all input: the next block begins a new signal."""
        self._received = 0
        self._produced = 0
        if self._plan:
            self._pending: NDArray[np.float32] = np.zeros(self._plan.lead, dtype=np.float32)  # silence
            self._between = self._plan.interpolation()

    def push(self, block: Array) -> NDArray[np.float32]:
        """Take a block (n,), n >= 0, of floats; return the float32 output that is complete by now, possibly empty.

        Raises ``SignalError`` for what is no block of mono audio, and then takes nothing.
        """
        samples = require_block(block).astype(np.float32, copy=False)
        if self._plan is None:
            return samples.copy()
        self._received += len(samples)
        outputs = self._outputs(self._plan, samples)
        self._produced += len(outputs)
        return outputs

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, as if silence followed, and reset.

        With what ``push`` returned, that is one output for every ``1 / target_sr`` seconds begun: n inputs give
        ``ceil(n * target_sr / orig_sr)`` in all.
        """
        if self._plan is None:
            return np.empty(0, dtype=np.float32)
        missing = -(-self._received * self.target_sr // self.orig_sr) - self._produced
        rest = self._outputs(self._plan, np.zeros(self._plan.tail, dtype=np.float32))
        self.reset()
        return rest[:missing]

    def _whole(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what ``push`` of a whole signal and ``flush`` after it return."""
        if self._plan is None:
            return samples.copy()
        outputs = self._outputs(self._plan, samples, np.zeros(self._plan.tail, dtype=np.float32))
        return outputs[: -(-len(samples) * self.target_sr // self.orig_sr)]

    def _outputs(self, plan: ConversionPlan, *blocks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute all whole steps. They lie at fixed places, so every output is the same to the last bit."""
        convolution, between = plan.convolution, self._between
        missing = len(self._pending) + sum(map(len, blocks)) - convolution.n_inputs
        n_steps = missing // convolution.step + 1 if missing >= 0 and between is None else 0
        outputs, begin = np.empty((n_steps, convolution.kept), dtype=np.float32), 0
        interpolated = [outputs.reshape(-1)]
        for steps in (steps for block in blocks for steps in self._steps(block, convolution)):
            for part in blocks_of(len(steps), convolution.n_inputs):
                filtered = convolution(steps[part])
                if between is None:
                    outputs[begin : begin + len(filtered)] = filtered
                    begin += len(filtered)
                else:
                    interpolated.append(between(filtered.reshape(-1)))
        return interpolated[0] if between is None else np.concatenate(interpolated)

    def _steps(self, block: NDArray[np.float32], convolution: FastConvolution) -> Iterator[NDArray[np.float32]]:
        """Go through the steps (steps, n_inputs) that the next samples complete; what they leave is pending then.

        A block of many steps is not copied: only those that begin before it are put together.
        """
        size, step, before = convolution.n_inputs, convolution.step, len(self._pending)
        begun = -(-before // step)
        reach = (begun - 1) * step + size - before
        if begun and len(block) > reach + size:
            yield frame_signal(np.concatenate((self._pending, block[:reach])), size, step)
            rest = block[begun * step - before :]
        else:
            rest = np.concatenate((self._pending, block))
        steps = frame_signal(rest, size, step) if len(rest) >= size else np.empty((0, size), dtype=np.float32)
        yield steps
        self._pending = rest[len(steps) * step :].copy()  # lest the whole block be kept


def resampled(samples: Array, orig_sr: int, target_sr: int) -> NDArray[np.float32]:
    """Return what a ``Resampler`` makes of a whole signal (n,), which is known to be one, in one go."""
    resampler = Resampler(orig_sr, target_sr)
    return resampler._whole(samples.astype(np.float32, copy=False))


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """Conversion of one rate to another: a convolution, and for ratios with long periods an interpolation after it."""

    convolution: FastConvolution
    ratio: tuple[int, int] | None  # from one output to the next, in samples after the convolution; None: they are it

    @property
    def lead(self) -> int:
        """Inputs of silence that precede a signal. Interpolation also looks at what the filter rings beforehand."""
        return self.convolution.lead * (2 if self.ratio else 1)

    @property
    def delay(self) -> float:
        """Inputs that must follow an output's place before it can be computed, at most."""
        beyond = NEIGHBOURS * self.convolution.n_inputs / self.convolution.n_outputs if self.ratio else 0.0
        return self.convolution.delay + beyond

    @property
    def tail(self) -> int:
        """Inputs after which everything before them has come out."""
        return self.convolution.n_inputs + self.lead

    def interpolation(self) -> Interpolation | None:
        """Return the second part, at the beginning of a signal."""
        if self.ratio is None:
            return None
        before = self.convolution.lead * self.convolution.n_outputs // self.convolution.n_inputs
        return Interpolation(*self.ratio, first=-before)


@lru_cache(maxsize=8)
def plan_of(orig_sr: int, target_sr: int, share: float) -> ConversionPlan:
    """Return how to convert between two rates and keep ``share`` of the first one's band."""
    common = gcd(orig_sr, target_sr)
    up, down, longest_step = target_sr // common, orig_sr // common, round(STEP_S * orig_sr)
    if up <= MAX_PERIOD and _largest_factor(up * down) <= MAX_FACTOR:
        return ConversionPlan(fast_convolution(up, down, share, longest_step), None)
    # a rate at least twice the lower of the two, so that half of its band or more is empty
    doubled, divided = (1, orig_sr // (2 * target_sr)) if orig_sr >= 2 * target_sr else (2, 1)
    ratio = orig_sr * doubled, target_sr * divided
    return ConversionPlan(fast_convolution(doubled, divided, share, longest_step), ratio)


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
    response: NDArray[np.float32]  # of the bins from 0 Hz to the lower Nyquist frequency, twice each, with the scale

    @property
    def step(self) -> int:
        """Inputs by which a step moves on."""
        return self.n_inputs - 2 * self.lead

    @property
    def delay(self) -> int:
        """Inputs that must follow the first one kept."""
        return self.n_inputs - self.lead

    @property
    def kept(self) -> int:
        """Outputs of a step."""
        return self.step * self.n_outputs // self.n_inputs

    def __call__(self, steps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs (steps, kept) of the inputs kept of ``steps`` (steps, n_inputs)."""
        n_bins, first = len(self.response) // 2, self.lead * self.n_outputs // self.n_inputs
        spectra = rfft(steps)[:, :n_bins]
        parts = spectra.view(np.float32)  # real and imaginary ones side by side: faster than a complex product
        np.multiply(parts, self.response, out=parts)
        return irfft(spectra, self.n_outputs)[:, first : first + self.kept]


@lru_cache(maxsize=4)
def fast_convolution(up: int, down: int, share: float, longest_step: int) -> FastConvolution:
    """Return the convolution that makes ``up`` outputs of ``down`` inputs and keeps ``share`` of the inputs' band.

    Its steps take ``longest_step`` inputs at most, if the filter allows.
    """
    reach = int(np.ceil(ZERO_CROSSINGS / share))  # inputs on each side of an output
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
    impulse[np.arange(-reach * finely, reach * finely + 1)] = windowed_sinc(
        CUTOFF * share * distance, distance / reach, KAISER_BETA
    )
    response = rfft(impulse)[:n_bins].real
    response *= up / down / response[0]
    response[-1] = 0.0  # at the lower Nyquist frequency, where the filter ends
    return FastConvolution(n_inputs, n_outputs, lead, np.repeat(response, 2).astype(np.float32))


class Interpolation:
    """Outputs between the samples of a stream: one every ``step / unit`` of a sample, the first at sample 0.

    The stream begins with sample ``first``, long enough before that. (J. O. Smith, "Digital Audio Resampling": a
    windowed sinc from a table, linear between its entries.)
    """

    def __init__(self, step: int, unit: int, *, first: int) -> None:
        self._step, self._unit, self._first = step, unit, first
        self._pending: NDArray[np.float32] = np.empty(0, dtype=np.float32)
        self._produced = 0

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples; return the outputs whose neighbours on both sides have come."""
        pending = np.concatenate((self._pending, samples))
        newest = self._first + len(pending) - 1
        end = max(-((NEIGHBOURS - newest) * self._unit // self._step), self._produced)
        outputs = np.arange(self._produced, end, dtype=np.int64)
        whole, part = np.divmod(outputs * self._step, self._unit)
        place, fraction = np.divmod(part * (PLACES / self._unit), 1.0)
        taps, change = (table[place.astype(np.intp)] for table in neighbour_taps())
        taps += fraction.astype(np.float32)[:, np.newaxis] * change
        inputs = sliding_window_view(pending, 2 * NEIGHBOURS)[whole - NEIGHBOURS + 1 - self._first]
        needed = min(end * self._step // self._unit - NEIGHBOURS + 1 - self._first, len(pending))
        self._pending, self._first, self._produced = pending[needed:].copy(), self._first + needed, end
        return np.asarray(np.einsum("ij,ij->i", inputs, taps))


@lru_cache(maxsize=1)
def neighbour_taps() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the weights of an output's neighbours for each of its places, and how they change up to the next place.

    Both are float32 of shape (PLACES, 2 * NEIGHBOURS); all weights of a place sum to 1.
    """
    distance = np.arange(1 - NEIGHBOURS, NEIGHBOURS + 1) - np.arange(PLACES + 1)[:, np.newaxis] / PLACES
    taps = windowed_sinc(distance, distance / NEIGHBOURS, NEIGHBOURS_BETA)
    taps /= taps.sum(axis=1, keepdims=True)
    return taps[:-1].astype(np.float32), np.diff(taps, axis=0).astype(np.float32)


def windowed_sinc(crossings: NDArray[np.float64], place: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Return a sinc at ``crossings`` of its zeros from its middle, under a Kaiser window at ``place``, -1 to 1."""
    return np.asarray(np.sinc(crossings) * np.i0(beta * np.sqrt(np.maximum(1 - place**2, 0.0))))


def _largest_factor(number: int) -> int:
    factor = 2
    while factor * factor <= number:
        if number % factor:
            factor += 1
        else:
            number //= factor
    return number


def _require_rate(rate: int) -> int:
    if isinstance(rate, bool) or not 1 <= rate <= MAX_RATE or int(rate) != rate:
        raise SampleRateError(f"sample rate is {rate!r}, must be 1 to {MAX_RATE:,} Hz, whole")
    return int(rate)
