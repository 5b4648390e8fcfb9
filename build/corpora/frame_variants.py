"""Variants of a recording's coarse log-mel frames: excerpts, and other versions.

A microphone is not simulated on frames: measured on frames it was a gain, measured on audio it was none (see
``findings.md``). ``build.audio.simulated_microphone`` simulates one on audio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features_np.spec import FeatureSpec

Frames = NDArray[np.float64]

FLOOR_DB = -FeatureSpec().coarse_range_db


@dataclass(frozen=True, slots=True)
class FrameAugmentation:
    """The amount of each change; the default changes nothing."""

    crop: tuple[int, ...] = ()  # lengths of excerpts in frames, one of which is drawn
    stretch: float = 0.0  # largest change of speed, as a share
    shift: int = 0  # largest shift in mel bands, up or down


#: Lengths of 10, 15 and 20 s, and the whole track.
CROPS = (112, 112, 168, 224, 400)

#: The variants that a training set gains: excerpts, and versions a little faster, slower, higher or lower.
VARIANTS = (FrameAugmentation(crop=CROPS),) * 3 + (FrameAugmentation(stretch=0.08, shift=2),) * 3


def change_frames(frames: Frames, change: FrameAugmentation, rng: np.random.Generator) -> Frames:
    """Return changed frames (n, n_mels) in dB, relative to their loudest and clipped like the original."""
    levels: Frames = frames
    if change.stretch:
        levels = _stretch(levels, 1 + rng.uniform(-change.stretch, change.stretch))
    if change.crop:
        levels = _crop(levels, int(rng.choice(change.crop)), rng)
    if change.shift:
        levels = _shift(levels, int(rng.integers(-change.shift, change.shift + 1)))
    return np.asarray(np.maximum(levels - levels.max(), FLOOR_DB))


def _stretch(levels: Frames, factor: float) -> Frames:
    chosen = np.round(np.arange(0, len(levels) - 1, factor)).astype(np.int64)
    return np.asarray(levels[chosen])


def _crop(levels: Frames, length: int, rng: np.random.Generator) -> Frames:
    if length >= len(levels):
        return levels
    start = rng.integers(0, len(levels) - length + 1)
    return levels[start : start + length]


def _shift(levels: Frames, bands: int) -> Frames:
    """Shift the spectrum up or down: the lowest band is repeated below, and bands above the highest are silent."""
    shifted = np.roll(levels, bands, axis=1)
    if bands > 0:
        shifted[:, :bands] = shifted[:, [bands]]
    elif bands < 0:
        shifted[:, bands:] = FLOOR_DB
    return shifted
