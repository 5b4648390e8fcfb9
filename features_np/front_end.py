"""PatchSpec: every parameter of a network's front end, from the audio to the network's input, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from features_np.options import Options


@dataclass(frozen=True, slots=True)
class PatchSpec(Options):
    """The front end of a network that hears log-mel patches; the defaults are YAMNet's, with a patch every 0.48 s.

    In this order: the audio is cut to ``bandwidth`` and resampled, cut into patches and each of these pre-emphasized,
    cut into frames, windowed, transformed, summed under mel bands, and of the sums the logarithm is taken, which is
    shifted and scaled. A patch is a stretch of audio by itself: nothing beyond its own samples changes it.

    Parameters
    ----------
    sample_rate : int
        Samples a second, in Hz.
    bandwidth : float
        Highest frequency let in, in Hz: what sources at higher rates have beyond it is removed as the resampler removes
        it, flat to 0.94 of it.
    preemphasis : float
        That many times the sample before is subtracted from each sample; the first of a patch has none, and is left
        out. With 0 nothing is.
    win_length : int
        Samples in a frame.
    window : str
        The Hann window, "periodic" (for spectra) or "symmetric" (both ends are 0).
    hop_length : int
        Samples between frames.
    n_fft : int
        Samples transformed, those beyond the frame zeros.
    center : bool
        Whether frame ``t`` of a patch is centred on its sample ``t * hop_length``, the patch being reflected at its
        ends, or begins there.
    power : int
        Exponent of the magnitudes that are summed under a band, 1 or 2.
    n_mels : int
        Mel bands.
    fmin : float
        Lower corner of the lowest band, in Hz.
    fmax : float
        Upper corner of the highest, in Hz.
    htk : bool
        HTK's mel scale, or Slaney's. Kaldi's ``1127 ln(1 + f / 700)`` is HTK's, and gives the same bands.
    triangles : str
        Whether a band is a triangle in "mel" (Kaldi, TensorFlow) or in "hz" (librosa, torchaudio).
    norm : str
        Whether a triangle's "peak" is 1, or its area in Hz ("slaney").
    floor : float
        Sums below this are taken for it.
    offset : float
        Added to them before the logarithm; full scale is 1. Either this or ``floor`` is above 0.
    shift : float
        Added to the natural logarithm.
    scale : float
        What the result is divided by.
    n_frames : int
        Frames in a patch.
    patch_hop : int
        Frames between patches, at most n_frames. Where frames are centred, what whole hops leave of a patch is longer
        than a frame.

    Raises
    ------
    SpecError
        If a value has another type than its default, or one that no signal could satisfy.
    """

    WHAT: ClassVar[str] = "patch spec"
    REVISION: ClassVar[int] = 2  # changes whenever the same spec would give other numbers; part of the digest

    sample_rate: int = 16_000
    bandwidth: float = 8_000.0
    preemphasis: float = 0.0
    win_length: int = 400
    window: str = "periodic"
    hop_length: int = 160
    n_fft: int = 512
    center: bool = False
    power: int = 1
    n_mels: int = 64
    fmin: float = 125.0
    fmax: float = 7_500.0
    htk: bool = True
    triangles: str = "mel"
    norm: str = "peak"
    floor: float = 0.0
    offset: float = 0.001
    shift: float = 0.0
    scale: float = 1.0
    n_frames: int = 96
    patch_hop: int = 48

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        self._require("sample_rate", 8_000 <= self.sample_rate <= 192_000, "8,000 to 192,000 Hz")
        self._require("bandwidth", 1_000 <= self.bandwidth <= self.sample_rate / 2, "1,000 to sample_rate / 2")
        self._require("preemphasis", 0 <= self.preemphasis < 1, "0 or above and below 1")
        self._require("n_fft", 64 <= self.n_fft <= 65_536 and self.n_fft % 2 == 0, "even, 64 to 65,536 samples")
        self._require("win_length", 2 <= self.win_length <= self.n_fft, "2 to n_fft samples")
        self._require("window", self.window in ("periodic", "symmetric"), "periodic or symmetric")
        self._require("hop_length", 1 <= self.hop_length <= self.win_length, "1 to win_length samples")
        self._require("power", self.power in (1, 2), "1 or 2")
        self._require("fmax", 0 < self.fmax <= self.sample_rate / 2, "above 0 and at most sample_rate / 2")
        self._require("fmin", 0 <= self.fmin < self.fmax, "0 or above and below fmax")
        self._require("n_mels", 1 <= self.n_mels <= self.n_fft // 2, "1 to n_fft / 2")
        self._require("triangles", self.triangles in ("mel", "hz"), "mel or hz")
        self._require("norm", self.norm in ("peak", "slaney"), "peak or slaney")
        self._require("floor", self.floor >= 0, "0 or above")
        self._require("offset", self.offset >= 0 and self.floor + self.offset > 0, "0 or above, and above 0 at floor 0")
        self._require("scale", self.scale != 0, "another number than 0")
        self._require("n_frames", 1 <= self.n_frames <= 10_000, "1 to 10,000")
        self._require("patch_hop", 1 <= self.patch_hop <= self.n_frames, "1 to n_frames")
        rest = self.n_frames - (self.n_frames - 1) // self.patch_hop * self.patch_hop
        longer = not self.center or rest * self.hop_length > self.win_length
        self._require("patch_hop", longer, "such that whole hops leave more of a patch than a frame")

    @property
    def patch_samples(self) -> int:
        """Samples that a patch describes, at ``sample_rate``."""
        if self.center:
            return self.n_frames * self.hop_length
        return (self.n_frames - 1) * self.hop_length + self.win_length + (1 if self.preemphasis else 0)

    @property
    def hop_samples(self) -> int:
        """Samples from the beginning of a patch to that of the next, at ``sample_rate``."""
        return self.patch_hop * self.hop_length

    @property
    def patch_s(self) -> float:
        """Seconds that a patch describes."""
        return self.patch_samples / self.sample_rate

    @property
    def hop_s(self) -> float:
        """Seconds from the beginning of a patch to that of the next."""
        return self.hop_samples / self.sample_rate

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and bands of a patch."""
        return self.n_frames, self.n_mels

    def start_of(self, patch: int, rate: int) -> int:
        """Return the index, at ``rate`` in Hz, of the first sample that this patch describes, the first being 0."""
        return patch * self.hop_samples * rate // self.sample_rate

    def end_of(self, patch: int, rate: int) -> int:
        """Return the index, at ``rate`` in Hz, one past the last sample that this patch describes."""
        end = patch * self.hop_samples + self.patch_samples
        return -(-end * rate // self.sample_rate)


#: Plakal & Ellis, TensorFlow Model Garden, research/audioset/yamnet.
YAMNET = PatchSpec()

#: Schmid, Koutini & Widmer 2023, EfficientAT (MobileNetV3 distilled from transformers), of music that has nothing above
#: 11,025 Hz; 2.9 s by themselves, every second, so that the newest is known when the second is over.
EFFICIENTAT = PatchSpec(
    sample_rate=32_000,
    bandwidth=11_025.0,
    preemphasis=0.97,
    win_length=800,
    window="symmetric",
    hop_length=320,
    n_fft=1_024,
    center=True,
    power=2,
    n_mels=128,
    fmin=0.0,
    fmax=15_000.0,
    offset=0.00001,
    shift=4.5,
    scale=5.0,
    n_frames=290,
    patch_hop=100,
)
