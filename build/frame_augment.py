"""What a recording's coarse log-mel frames become when it is heard elsewhere, in part, or in another version.

The path from a loudspeaker through a room to a microphone, done on frames: fast, and possible for every track, also
for those that have no audio. ``build.augment`` does the same to audio, and is what the model is tested with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features_np.mel import hz_to_mel, mel_to_hz
from features_np.spec import FeatureSpec

Frames = NDArray[np.float64]

_SPEC = FeatureSpec()
FRAME_S = _SPEC.coarse_interval * _SPEC.hop_length / _SPEC.sample_rate
FLOOR_DB = -_SPEC.coarse_range_db


@dataclass(frozen=True, slots=True)
class FrameAugmentation:
    """How much of each change; the default changes nothing."""

    crop: tuple[int, ...] = ()  # lengths in frames, one of which is cut out
    stretch: float = 0.0  # largest change of speed, as a share
    shift: int = 0  # largest shift in mel bands, up or down
    response_db: float = 0.0  # largest deviation of a smooth frequency response
    reverb: bool = False  # in half of the cases, 0.2 to 1 s
    band: bool = False  # in half of the cases, a small loudspeaker's and microphone's limits
    noise: bool = False  # in six of ten cases, 5 to 30 dB below the music


#: Lengths of 10, 15 and 20 s, and the whole track.
CROPS = (112, 112, 168, 224, 400)

#: What a training set gains: excerpts, and versions a little faster, slower, higher or lower.
VARIANTS = (FrameAugmentation(crop=CROPS),) * 6 + (FrameAugmentation(stretch=0.08, shift=2),) * 6


def change_frames(frames: Frames, change: FrameAugmentation, rng: np.random.Generator) -> Frames:
    """Return changed frames (n, n_mels) in dB, relative to their loudest and clipped like the original."""
    levels: Frames = frames
    if change.stretch:
        levels = _stretch(levels, 1 + rng.uniform(-change.stretch, change.stretch))
    if change.crop:
        levels = _crop(levels, int(rng.choice(change.crop)), rng)
    if change.shift:
        levels = _shift(levels, int(rng.integers(-change.shift, change.shift + 1)))
    if change.reverb and rng.random() < 0.5:
        levels = _reverberate(levels, rt60_s=rng.uniform(0.2, 1.0), wet_db=rng.uniform(-12, -2))
    if change.response_db and rng.random() < 0.8:
        levels = levels + _smooth_response(levels.shape[1], change.response_db * rng.uniform(0.2, 1), rng)
    if change.band and rng.random() < 0.5:
        levels = levels + _band_limits(low=rng.uniform(40, 250), high=rng.uniform(5000, 11_000))
    if change.noise and rng.random() < 0.6:
        levels = _add_noise(levels, snr_db=rng.uniform(5, 30), tilt=rng.uniform(-2, 0), rng=rng)
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
    """Move the spectrum up or down: an edge band is repeated below, nothing sounds above."""
    shifted = np.roll(levels, bands, axis=1)
    if bands > 0:
        shifted[:, :bands] = shifted[:, [bands]]
    elif bands < 0:
        shifted[:, bands:] = FLOOR_DB
    return shifted


def _reverberate(levels: Frames, rt60_s: float, wet_db: float) -> Frames:
    """Add a tail that decays by 60 dB in ``rt60_s`` and starts ``wet_db`` below what it is the tail of."""
    decay, wet = 10 ** (-6 * FRAME_S / rt60_s), 10 ** (wet_db / 10)
    power = 10 ** (levels / 10)
    heard = np.empty_like(power)
    tail = np.zeros(power.shape[1])
    for index, frame in enumerate(power):
        heard[index] = frame + tail
        tail = decay * (tail + wet * frame)
    return np.asarray(10 * np.log10(heard))


def _smooth_response(n_bands: int, peak_db: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a random frequency response: six cosines over the mel scale, the finer the weaker."""
    places = np.linspace(0, 1, n_bands)
    curve = np.zeros(n_bands)
    for cycles in range(1, 7):
        curve += rng.standard_normal() / cycles**0.5 * np.cos(np.pi * cycles * places + rng.uniform(0, np.pi))
    return np.asarray(peak_db * curve / np.abs(curve).max())


def _band_limits(low: float, high: float) -> NDArray[np.float64]:
    """Return the response of a second-order high-pass and a fourth-order low-pass in dB per mel band."""
    hertz = _band_centres()
    return np.asarray(-10 * np.log10(1 + (low / hertz) ** 4) - 10 * np.log10(1 + (hertz / high) ** 8))


def _add_noise(levels: Frames, snr_db: float, tilt: float, rng: np.random.Generator) -> Frames:
    """Add stationary noise whose density falls with frequency to the power of ``tilt``."""
    hertz = _band_centres()
    width = np.gradient(hertz)  # Slaney's filters have equal area: a band's level is a density, its power has a width
    density = (np.maximum(hertz, 60) / 1000) ** tilt
    power = 10 ** (levels / 10)
    density *= (power * width).sum(axis=1).mean() / (density * width).sum() / 10 ** (snr_db / 10)
    return np.asarray(10 * np.log10(power + density * rng.gamma(3, 1 / 3, power.shape)))


def _band_centres() -> NDArray[np.float64]:
    """Return the centre frequencies of the mel bands in Hz."""
    mels = np.linspace(hz_to_mel(0.0), hz_to_mel(_SPEC.sample_rate / 2), _SPEC.n_mels + 2)
    return np.asarray(mel_to_hz(mels[1:-1]))
