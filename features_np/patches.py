"""Log-mel patches: the input of a convolutional network, a second or a few of sound at a time.

Frames that overlapping patches share are computed once. Where frames are centred, a patch is reflected at its ends, and
the few frames that reach beyond them are computed for each patch by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features_np.front_end import PatchSpec
from features_np.pcm import require_signal
from features_np.signals.resampling import Resampler
from features_np.spectra.fft import rfft
from features_np.spectra.framing import Array, frame_signal
from features_np.spectra.mel import BandedFilters, mel_filterbank
from features_np.spectra.spectrum import squared_magnitude
from features_np.spectra.windows import hann_window

#: Neighbouring filters in one product; with 16, half a second of YAMNet's bands takes the least time.
FILTERS_TOGETHER = 16


def log_mel_patches(y: Array, spec: PatchSpec | None = None, *, sr: int = 16_000) -> NDArray[np.float32]:
    """Cut a whole signal into log-mel patches.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Mono signal, floating, full scale 1, n >= 1.
    spec : PatchSpec, optional
        What a patch is made of; YAMNet's by default, every half second.
    sr : int
        Rate of ``y`` in whole Hz; it is resampled from another than ``spec.sample_rate``.

    Returns
    -------
    numpy.ndarray, shape (patches, n_frames, n_mels)
        float32. Patch ``i`` begins ``i * patch_hop`` frames after the signal does; what is left at the end is
        no patch, so a signal shorter than one has none.

    Raises
    ------
    SignalError
        For what is not a signal.
    SampleRateError
        For what is no rate.

    See Also
    --------
    PatchStream : The same of a stream.

    Notes
    -----
    ``log(m + offset)``, ``m`` being the magnitudes of a frame's spectrum summed under a mel band.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import log_mel_patches
    >>> y = np.sin(2 * np.pi * 440 * np.arange(3 * 22_050) / 22_050).astype(np.float32)
    >>> log_mel_patches(y, sr=22_050).shape
    (5, 96, 64)
    """
    stream = PatchStream(spec, sr)
    return np.concatenate((stream.push(require_signal(y)), stream.flush()))


class PatchStream:
    """Cuts a stream of samples at ``sr_in`` whole Hz into the patches of ``log_mel_patches``, bit for bit.

    Frames are computed ``patch_hop`` at a time. Memory use is bounded. Not thread-safe.

    Parameters
    ----------
    spec : PatchSpec, optional
        What a patch is made of; YAMNet's by default.
    sr_in : int
        Rate of the samples that will be pushed, in Hz.

    Raises
    ------
    SampleRateError
        If the rate is not 1 to 768,000 Hz.
    """

    def __init__(self, spec: PatchSpec | None = None, sr_in: int = 22_050) -> None:
        self.spec = PatchSpec() if spec is None else spec
        self._steps = _Steps.of(self.spec)
        self._resampler = self._from(sr_in)
        self._begin_anew()

    @property
    def sr_in(self) -> int:
        """Rate of the samples that are pushed, in Hz."""
        return self._resampler.orig_sr

    @property
    def delay_s(self) -> float:
        """Seconds of input that must follow the end of a patch before it comes out, at most."""
        return self._resampler.delay_s

    def start_of(self, patch: int) -> int:
        """Return the index in the input of the first sample that this patch describes, the first patch being 0."""
        return self.spec.start_of(patch, self.sr_in)

    def end_of(self, patch: int) -> int:
        """Return the index in the input one past the last sample that this patch describes."""
        return self.spec.end_of(patch, self.sr_in)

    def reset(self) -> None:
        """Forget all input: the next block begins a new signal, as after a gap."""
        self._resampler.reset()
        self._begin_anew()

    def push(self, block: Array) -> NDArray[np.float32]:
        """Take the next samples (n,), n >= 0, floating, full scale 1; return the patches that are complete by now.

        They have shape (patches, n_frames, n_mels), and follow those returned before; ``n_patches`` is how many there
        were in all. Raises ``SignalError`` for what is no block of mono audio, and then takes nothing.
        """
        return self._cut(self._resampler.push(block))

    def flush(self) -> NDArray[np.float32]:
        """Return the patches that end within the last ``delay_s`` seconds, as if silence followed, and reset."""
        patches = self._cut(self._resampler.flush())
        self._begin_anew()
        return patches

    def change_rate(self, sr_in: int) -> NDArray[np.float32]:
        """Continue at another rate, without a gap; return the patches that are complete."""
        following = self._from(sr_in)
        patches = self._cut(self._resampler.flush())
        self._resampler = following
        return patches

    def _from(self, sr_in: int) -> Resampler:
        return Resampler(sr_in, self.spec.sample_rate, bandwidth=self.spec.bandwidth)

    def _begin_anew(self) -> None:
        self.n_patches = 0
        self._before: NDArray[np.float32] = np.empty(0, dtype=np.float32)  # the last sample, for pre-emphasis
        self._samples: NDArray[np.float32] = np.zeros(
            self._steps.lead, dtype=np.float32
        )  # of the step that is not whole
        self._pieces: list[NDArray[np.float32]] = []  # a step's frames (patch_hop, n_mels)
        self._heads: list[NDArray[np.float32]] = []  # first frames of patches that are not complete

    def _cut(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        spec, steps = self.spec, self._steps
        self._samples = np.concatenate((self._samples, self._emphasized(samples)))
        patches, used = [], 0
        while used + steps.n_samples <= len(self._samples):
            head, piece, tail = steps.frames(self._samples[used : used + steps.n_samples])
            self._pieces.append(piece)
            self._heads.append(head)
            used += spec.hop_samples
            if len(self._pieces) == steps.n_pieces:
                inner = np.concatenate(self._pieces)[steps.n_others :]
                patches.append(np.concatenate((self._heads[0], inner, tail)))
                del self._pieces[0], self._heads[0]
        self._samples = self._samples[used:].copy()  # so that the whole block is not kept
        self.n_patches += len(patches)
        return np.stack(patches) if patches else np.empty((0, *spec.shape), dtype=np.float32)

    def _emphasized(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self.spec.preemphasis:
            return samples
        samples = np.concatenate((self._before, samples))
        self._before = samples[-1:].copy()
        return np.asarray(samples[1:] - np.float32(self.spec.preemphasis) * samples[:-1])


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps through a stream: one for each patch, of ``n_samples`` samples, which begin ``hop_samples`` apart.

    A step gives ``patch_hop`` frames, the last of which is the last that is not reflected of the patch that ends with
    the step: the ``n_pieces``-th since this patch began. It gives the reflected frames, too, at the end of this patch
    and at the beginning of the one that begins ``lead`` samples after the step does.
    """

    spec: PatchSpec
    n_pieces: int
    n_head: int
    n_tail: int
    before: int  # samples of a frame before the place that it is centred on
    lead: int
    n_samples: int

    @classmethod
    def of(cls, spec: PatchSpec) -> _Steps:
        """Return the steps of a front end."""
        whole, hop = spec.patch_samples - (1 if spec.preemphasis else 0), spec.hop_length
        before = n_head = n_tail = 0
        if spec.center:
            before = spec.n_fft // 2 - (spec.n_fft - spec.win_length) // 2
            n_head = math.ceil(before / hop)
            n_tail = spec.n_frames - 1 - (whole + before - spec.win_length) // hop
        n_pieces = math.ceil(spec.n_frames / spec.patch_hop)
        lead = (n_pieces * spec.patch_hop - spec.n_frames + n_tail) * hop + before
        n_samples = lead + whole - (n_pieces - 1) * spec.hop_samples
        return cls(spec, n_pieces, n_head, n_tail, before, lead, n_samples)

    @property
    def n_others(self) -> int:
        """Frames of ``n_pieces`` pieces that are not the last patch's, or are reflected in it; they come first."""
        return self.n_pieces * self.spec.patch_hop - (self.spec.n_frames - self.n_head - self.n_tail)

    def frames(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the frames (n, n_mels) of a step: the first of a patch, those between, and the last of another."""
        spec = self.spec
        signals = [(samples, spec.patch_hop)]
        if spec.center:
            beyond = (self.n_tail - 1) * spec.hop_length + spec.win_length - (self.n_samples - spec.hop_samples)
            reflected = np.pad(samples[self.lead :], (self.before, 0), mode="reflect")
            signals = [
                (reflected, self.n_head),
                *signals,
                (np.pad(samples, (0, max(beyond, 0)), mode="reflect")[spec.hop_samples :], self.n_tail),
            ]
        sums = _log_mel(signals, spec)
        return sums[: self.n_head], sums[self.n_head : self.n_head + spec.patch_hop], sums[len(sums) - self.n_tail :]


def _log_mel(signals: list[tuple[NDArray[np.float32], int]], spec: PatchSpec) -> NDArray[np.float32]:
    """Return the scaled log-mel spectra (n, n_mels) of the first so many frames of each signal."""
    frames = np.zeros((sum(n for _, n in signals), spec.n_fft), dtype=np.float32)
    window, filters = _window_and_filters(spec)
    stop = 0
    for samples, n in signals:
        start, stop = stop, stop + n
        if n:
            cut = frame_signal(samples, spec.win_length, spec.hop_length)[:n]
            np.multiply(cut, window, out=frames[start:stop, : spec.win_length])
    power = squared_magnitude(rfft(frames))
    bands = filters.apply(power if spec.power == 2 else np.sqrt(power, out=power))
    if spec.floor:
        np.maximum(bands, np.float32(spec.floor), out=bands)
    bands += np.float32(spec.offset)
    np.log(bands, out=bands)
    if spec.shift:
        bands += np.float32(spec.shift)
    if spec.scale != 1:
        bands /= np.float32(spec.scale)
    return bands


@lru_cache(maxsize=4)
def _window_and_filters(spec: PatchSpec) -> tuple[NDArray[np.float32], BandedFilters]:
    """Return the window (win_length,), and the mel filters."""
    periodic = spec.window == "periodic"
    window = hann_window(spec.win_length) if periodic else np.append(hann_window(spec.win_length - 1), 0.0)
    filters = mel_filterbank(
        sr=spec.sample_rate,
        n_fft=spec.n_fft,
        n_mels=spec.n_mels,
        fmin=spec.fmin,
        fmax=spec.fmax,
        htk=spec.htk,
        norm=None if spec.norm == "peak" else spec.norm,
        triangles=spec.triangles,
    )
    return window.astype(np.float32), BandedFilters.from_dense(filters, group=FILTERS_TOGETHER)
