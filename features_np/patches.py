"""Log-mel patches: what a convolutional network hears, a second of sound at a time.

The defaults are YAMNet's (Plakal & Ellis, TensorFlow Model Garden, research/audioset/yamnet): 96 frames of 10 ms, 64
bands. Frames are not centred, the mel spectrum is one of magnitudes, and the filters are triangles on the mel scale
itself, where librosa's are triangles in Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features_np.options import Options
from features_np.pcm import require_signal
from features_np.spectra.fft import rfft
from features_np.spectra.mel import hz_to_mel
from features_np.spectra.resampling import Resampler
from features_np.spectra.spectrum import Array, fft_frequencies, frame_signal, hann_window, squared_magnitude


@dataclass(frozen=True, slots=True)
class PatchSpec(Options):
    """What a patch is made of; the defaults are those of YAMNet's own spectrogram.

    Parameters
    ----------
    sample_rate : int
        Samples a second, in Hz.
    win_length : int
        Samples in a frame, periodic Hann window.
    hop_length : int
        Samples between frames.
    n_fft : int
        Samples transformed, those after the frame zeros.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, in Hz.
    fmax : float
        Upper corner of the highest, in Hz.
    offset : float
        Added before the logarithm; full scale is 1.
    n_frames : int
        Frames in a patch.
    patch_hop : int
        Frames between patches, a divisor of n_frames.

    Raises
    ------
    SpecError
        If a value has another type than its default, or one that no signal could satisfy.
    """

    WHAT: ClassVar[str] = "patch spec"
    REVISION: ClassVar[int] = 1  # changes whenever the same spec would give other numbers; part of the digest

    sample_rate: int = 16_000
    win_length: int = 400
    hop_length: int = 160
    n_fft: int = 512
    n_mels: int = 64
    fmin: float = 125.0
    fmax: float = 7_500.0
    offset: float = 0.001
    n_frames: int = 96
    patch_hop: int = 48

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        self._require("sample_rate", 8_000 <= self.sample_rate <= 192_000, "8,000 to 192,000 Hz")
        self._require("n_fft", 64 <= self.n_fft <= 65_536 and self.n_fft % 2 == 0, "even, 64 to 65,536 samples")
        self._require("win_length", 2 <= self.win_length <= self.n_fft, "2 to n_fft samples")
        self._require("hop_length", 1 <= self.hop_length <= self.win_length, "1 to win_length samples")
        self._require("fmax", 0 < self.fmax <= self.sample_rate / 2, "above 0 and at most sample_rate / 2")
        self._require("fmin", 0 <= self.fmin < self.fmax, "0 or above and below fmax")
        self._require("n_mels", 1 <= self.n_mels <= self.n_fft // 2, "1 to n_fft / 2")
        self._require("offset", self.offset > 0, "above 0")
        self._require("n_frames", 1 <= self.n_frames <= 10_000, "1 to 10,000")
        divides = 1 <= self.patch_hop <= self.n_frames and self.n_frames % self.patch_hop == 0
        self._require("patch_hop", divides, "a divisor of n_frames")

    @property
    def patch_samples(self) -> int:
        """Samples that a patch describes, at ``sample_rate``."""
        return (self.n_frames - 1) * self.hop_length + self.win_length

    @property
    def hop_samples(self) -> int:
        """Samples from the beginning of a patch to that of the next, at ``sample_rate``."""
        return self.patch_hop * self.hop_length


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

    Frames are computed ``patch_hop`` at a time, at fixed places of the stream: a product's last digits depend on how
    many rows it has, and so they do not depend on the blocks that the samples came in. Memory does not grow. Not
    thread-safe.

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
        self.spec = spec = PatchSpec() if spec is None else spec
        self._resampler = Resampler(sr_in, spec.sample_rate)
        self.sr_in = sr_in
        self.reset()

    @property
    def delay_s(self) -> float:
        """Seconds of input that must follow the end of a patch before it comes out, at most."""
        return self._resampler.delay_s

    def start_of(self, patch: int) -> int:
        """Return the index in the input of the first sample that this patch describes, the first patch being 0."""
        return patch * self.spec.hop_samples * self.sr_in // self.spec.sample_rate

    def end_of(self, patch: int) -> int:
        """Return the index in the input one past the last sample that this patch describes."""
        end = patch * self.spec.hop_samples + self.spec.patch_samples
        return -(-end * self.sr_in // self.spec.sample_rate)

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

    def _begin_anew(self) -> None:
        self.n_patches = 0
        self._samples: NDArray[np.float32] = np.empty(0, dtype=np.float32)  # of the piece that is not complete
        self._frames: list[NDArray[np.float32]] = []  # pieces (patch_hop, n_mels) of patches that are not

    def _cut(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        spec = self.spec
        self._samples = np.concatenate((self._samples, samples))
        n_needed = spec.hop_samples - spec.hop_length + spec.win_length
        patches, used = [], 0
        while used + n_needed <= len(self._samples):
            self._frames.append(_log_mel(self._samples[used : used + n_needed], spec))
            used += spec.hop_samples
            if len(self._frames) * spec.patch_hop == spec.n_frames:
                patches.append(np.concatenate(self._frames))
                del self._frames[0]
        self._samples = self._samples[used:].copy()  # lest the whole block be kept
        self.n_patches += len(patches)
        return np.stack(patches) if patches else np.empty((0, spec.n_frames, spec.n_mels), dtype=np.float32)


def _log_mel(samples: NDArray[np.float32], spec: PatchSpec) -> NDArray[np.float32]:
    """Return the logarithmic mel spectra (patch_hop, n_mels) of the frames of ``samples``."""
    frames = np.zeros((spec.patch_hop, spec.n_fft), dtype=np.float32)
    window, filters = _window_and_filters(spec)
    np.multiply(frame_signal(samples, spec.win_length, spec.hop_length), window, out=frames[:, : spec.win_length])
    magnitude = squared_magnitude(rfft(frames))
    bands: NDArray[np.float32] = np.sqrt(magnitude, out=magnitude) @ filters
    bands += np.float32(spec.offset)
    return np.log(bands, out=bands)


@lru_cache(maxsize=4)
def _window_and_filters(spec: PatchSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the window (win_length,), and mel triangles (bins, n_mels), whose peaks are 1."""
    lowest, highest = hz_to_mel(np.array([spec.fmin, spec.fmax]), htk=True)
    corners = np.linspace(lowest, highest, spec.n_mels + 2)
    bins = hz_to_mel(fft_frequencies(sr=spec.sample_rate, n_fft=spec.n_fft), htk=True)[:, np.newaxis]
    lower, centre, upper = corners[:-2], corners[1:-1], corners[2:]
    triangles = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    return hann_window(spec.win_length).astype(np.float32), np.maximum(triangles, 0.0).astype(np.float32)
