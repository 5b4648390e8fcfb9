"""Sounds put together: a mix, equalizers, overdrive, rooms, and the level in the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from edge.audio.demo.tones import RATE, Samples, seconds_of
from features_np.spectra.fft import irfft, rfft

PEAK = 0.9  # of full scale


class Mix:
    """Sounds added up; what lies beyond the end is cut off."""

    def __init__(self, seconds: float, samples: Samples | None = None) -> None:
        self.seconds = seconds
        self.samples = np.zeros(round(seconds * RATE), dtype=np.float32) if samples is None else samples

    def add(self, sound: Samples, at_s: float, loudness: float = 1.0) -> None:
        """Add a sound that begins at ``at_s``, or with the mix where that is earlier."""
        start = max(0, round(at_s * RATE))
        part = sound[: max(0, self.samples.size - start)]
        self.samples[start : start + part.size] += loudness * part


def noise(n: int, seed: int) -> Samples:
    """Return white noise."""
    return np.random.default_rng(seed).standard_normal(n, dtype=np.float32)


def equalize(sound: Samples, gain: Callable[[Samples], Samples]) -> Samples:
    """Return a sound with its spectrum multiplied by ``gain`` of frequencies in Hz."""
    n = _transform_length(sound.size)
    frequencies = np.arange(n // 2 + 1, dtype=np.float32) * np.float32(RATE / n)
    return irfft(rfft(sound, n) * gain(frequencies).astype(np.float32), n)[: sound.size]


def _transform_length(n: int) -> int:
    return -(-(n + 256) // 8192) * 8192  # fast, and at most a little longer


def band(sound: Samples, low_hz: float, high_hz: float, *, order: int = 2) -> Samples:
    """Return what lies between two frequencies, with the slopes of Butterworth filters."""

    def gain(frequencies: Samples) -> Samples:
        above = 1.0 + (low_hz / np.maximum(frequencies, 1.0)) ** (2 * order)
        below = 1.0 + (frequencies / high_hz) ** (2 * order)
        return np.asarray(1.0 / np.sqrt(above * below))

    return equalize(sound, gain)


def peak(sound: Samples, centre_hz: float, decibels: float, *, octaves: float = 1.0) -> Samples:
    """Return a sound with a part of its spectrum raised or lowered."""

    def gain(frequencies: Samples) -> Samples:
        distance = np.log2(np.maximum(frequencies, 1.0) / centre_hz) / octaves
        return np.asarray(10.0 ** (decibels / 20.0 * np.exp(-(distance**2))))

    return equalize(sound, gain)


def overdrive(sound: Samples, drive: float) -> Samples:
    """Return a sound as an amplifier gives it that is driven too hard."""
    n = _transform_length(sound.size)
    spectrum = np.zeros(n + 1, dtype=np.complex64)
    spectrum[: n // 2 + 1] = rfft(sound, n)  # at twice the rate fewer harmonics are folded back
    driven = rfft(np.tanh(2.0 * drive * irfft(spectrum, 2 * n)), 2 * n)
    return irfft(driven[: n // 2 + 1] / 2.0, n)[: sound.size]


@lru_cache(maxsize=4)
def _echoes(seconds: float, dark_hz: float) -> Samples:
    t = seconds_of(seconds)
    echoes = band(noise(t.size, 7) * np.exp(-6.9 * t / seconds), 150.0, dark_hz)
    return np.asarray(echoes / np.sqrt(np.sum(echoes**2)), dtype=np.float32)


def in_room(sound: Samples, seconds: float, wet: float, *, dark_hz: float = 4000.0) -> Samples:
    """Return a sound in a room that reverberates for so long; ``wet`` is how loud that is beside the sound itself."""
    echoes = _echoes(seconds, dark_hz)
    n = _transform_length(sound.size + echoes.size)
    return sound + wet * irfft(rfft(sound, n) * rfft(echoes, n), n)[: sound.size]


def level(sound: Samples, dbfs: float) -> Samples:
    """Return a sound with about this RMS level; peaks are rounded off, so that none is above ``PEAK``."""
    power = np.mean(sound**2)
    scaled = sound * 10.0 ** (dbfs / 20.0) / np.sqrt(power) if power else sound
    return np.asarray(PEAK * np.tanh(scaled / PEAK))
