"""Input level in dBFS (RMS without the DC offset that cheap microphones add), and the mix to mono."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features_np import pcm

#: Power of rounding errors: -140 dBFS, far below one step of 16-bit audio.
FLOOR_POWER = 1e-14
#: Power of a mix, relative to its channels, below which they cancel: the same sound in opposite phase (40 dB).
CANCELLED = 1e-4


class LevelMeter:
    """Accumulates samples in -1..1 and gives the level of all since the last ``take``."""

    def __init__(self) -> None:
        self._n, self._sum, self._square_sum = 0, 0.0, 0.0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Add samples of shape (n,)."""
        wide = samples.astype(np.float64)
        self._n += wide.size
        self._sum += float(wide.sum())
        self._square_sum += float(wide @ wide)

    def take(self) -> float | None:
        """Return the level in dB relative to full scale and reset it; None if all samples were equal."""
        mean = self._sum / self._n if self._n else 0.0
        power = self._square_sum / self._n - mean * mean if self._n else 0.0
        self._n, self._sum, self._square_sum = 0, 0.0, 0.0
        return 10.0 * math.log10(power) if power > FLOOR_POWER else None


def mono(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix ``frames``, shape (n, channels), as ``pcm.to_mono`` does; the loudest channel where they cancel out."""
    mix = pcm.to_mono(frames.T)
    if frames.shape[1] < 2 or not len(mix):
        return mix
    samples, power = frames.reshape(-1), float(mix @ mix)
    if power > 2 * CANCELLED * float(samples @ samples):  # over all channels at once, in a tenth of the time
        return mix
    powers = np.einsum("ij,ij->j", frames, frames)
    return np.ascontiguousarray(frames[:, powers.argmax()]) if power < CANCELLED * powers.max() else mix
