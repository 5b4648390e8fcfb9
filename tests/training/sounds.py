"""Synthetic sound that is no music: speech as a sequence of vowels and hisses, and a room's noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 22_050
#: First three resonances of vowels in Hz.
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))


def speech(seconds: float, seed: int) -> NDArray[np.float32]:
    """Return syllables of a voice with its breath between them: pulses through resonances, four in a second."""
    rng = np.random.default_rng(seed)
    pitch = rng.uniform(90, 220)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        n_samples = int(rng.uniform(0.08, 0.25) * RATE)
        time = np.arange(n_samples) / RATE
        hertz = pitch * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(1, 4) * time + rng.uniform(0, 6)) - 0.2 * time)
        pulses = np.diff(np.floor(np.cumsum(hertz) / RATE), prepend=0.0)
        voiced = _through(pulses + 0.002 * rng.standard_normal(n_samples), VOWELS[rng.integers(len(VOWELS))], rng)
        parts.append(voiced * np.hanning(n_samples))
        if rng.random() < 0.4:
            hiss = np.diff(rng.standard_normal(int(rng.uniform(0.04, 0.12) * RATE)), prepend=0.0)
            parts.append(0.02 * hiss * np.hanning(len(hiss)))
        if rng.random() < 0.2:
            parts.append(np.zeros(int(rng.uniform(0.1, 0.6) * RATE)))
    spoken = np.concatenate(parts)[: round(seconds * RATE)]
    spoken = 0.3 * spoken / np.abs(spoken).max() + 0.002 * rng.standard_normal(len(spoken))
    return spoken.astype(np.float32)


def _through(pulses: NDArray[np.float64], resonances: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    hertz = np.fft.rfftfreq(len(pulses), 1 / RATE)
    gain = np.zeros(len(hertz))
    for number, centre in enumerate(resonances):
        gain += 0.5**number / (1 + ((hertz - centre * rng.uniform(0.9, 1.1)) / (60 + 30 * number)) ** 2)
    return np.fft.irfft(np.fft.rfft(pulses) * gain / (1 + (hertz / 3000) ** 2), len(pulses))


def noise(seconds: float, seed: int) -> NDArray[np.float32]:
    """Return noise whose density falls with frequency by up to 9 dB an octave, like rain or a fan."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(seconds * RATE)))
    sound = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** rng.uniform(0, 0.75), round(seconds * RATE))
    return (rng.uniform(0.02, 0.3) * sound / np.abs(sound).max()).astype(np.float32)
