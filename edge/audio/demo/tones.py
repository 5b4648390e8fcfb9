"""Tones with harmonics: plucked, struck, bowed, blown and sung."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features_np.spectra.fft import irfft

Samples = NDArray[np.floating[Any]]
#: Returns the amplitudes of harmonics, given the times of periods in seconds (n, 1) and frequencies in Hz (n, k).
Spectrum = Callable[[Samples, Samples], Samples]

RATE = 22_050
A4_HZ, A4_MIDI = 440.0, 69
MAX_HARMONICS = 96
PERIODS_AT_ONCE = 128
OVERSAMPLING = 4  # of a period's table, so that a straight line between its points is good enough


def hertz(midi: float) -> float:
    """Return the frequency of a MIDI note number."""
    return float(A4_HZ * 2.0 ** ((midi - A4_MIDI) / 12.0))


def seconds_of(seconds: float) -> Samples:
    """Return the times of the samples of a sound."""
    return np.arange(round(seconds * RATE)) / RATE


def tone(frequency: float | Samples, seconds: float, spectrum: Spectrum, *, seed: int = 0) -> Samples:
    """Synthesize a tone, a period at a time; ``frequency`` in Hz is constant or has a value for each sample."""
    clock = seconds_of(seconds)
    n_samples = clock.size
    cycles = np.cumsum(np.broadcast_to(frequency, (n_samples,)), dtype=np.float64) / RATE
    n_periods = int(cycles[-1]) + 2
    times = np.interp(np.arange(n_periods), cycles, clock)[:, np.newaxis]
    pitch = np.interp(times, clock, np.broadcast_to(frequency, (n_samples,)))
    n_harmonics = int(min(MAX_HARMONICS, 0.45 * RATE / pitch.min()))
    frequencies = pitch * np.arange(1, n_harmonics + 1)
    phases = np.exp(1j * np.random.default_rng(seed).uniform(0, 2 * np.pi, n_harmonics))
    n_points = 2 ** int(np.ceil(np.log2(2 * OVERSAMPLING * (n_harmonics + 1))))
    sound = np.empty(n_samples, dtype=np.float32)
    for first in range(0, n_periods - 1, PERIODS_AT_ONCE):
        here = slice(first, first + PERIODS_AT_ONCE + 1)  # and one more, to which the last one leads
        amplitudes = np.where(frequencies[here] < 0.45 * RATE, spectrum(times[here], frequencies[here]), 0.0)
        periods = np.zeros((len(amplitudes), n_points // 2 + 1), dtype=complex)
        periods[:, 1 : n_harmonics + 1] = amplitudes * phases * (n_points / 2)
        wave = irfft(periods, n_points).ravel()
        begin, end = np.searchsorted(cycles, (first, first + PERIODS_AT_ONCE))
        places = (cycles[begin:end] - first) * n_points
        before = places.astype(int)
        share = places - before
        sound[begin:end] = (1.0 - share) * wave[before] + share * wave[before + 1]
    return sound


def ends(sound: Samples, attack_s: float, release_s: float) -> Samples:
    """Return a sound with a beginning and an end that are no clicks."""
    rise, fall = max(1, round(attack_s * RATE)), max(1, round(release_s * RATE))
    index = np.arange(sound.size)
    envelope = np.minimum(1.0, index / rise) * np.minimum(1.0, (sound.size - index) / fall)
    return np.asarray(sound * envelope, dtype=np.float32)


@lru_cache(maxsize=128)
def plucked(
    midi: float, seconds: float, *, place: float = 0.2, dullness: float = 1.0, damping: float = 1.2, seed: int = 0
) -> Samples:
    """Return a string plucked at ``place`` of its length; high harmonics die away first."""

    def spectrum(times: Samples, frequencies: Samples) -> Samples:
        k = np.arange(1, frequencies.shape[1] + 1)
        decay = damping * (1.0 + frequencies / 600.0)
        return np.asarray(np.sin(np.pi * k * place) / k**dullness * np.exp(-decay * times))

    return ends(tone(hertz(midi), seconds, spectrum, seed=seed), 0.002, 0.03)


@lru_cache(maxsize=32)
def struck(midi: float, seconds: float, *, softness: float = 1.0, seed: int = 0) -> Samples:
    """Return a piano's note: two strings a little apart, whose first sound fades quickly and whose last lingers."""

    def spectrum(times: Samples, frequencies: Samples) -> Samples:
        k = np.arange(1, frequencies.shape[1] + 1)
        hammer = np.exp(-frequencies * softness / 1400.0) * np.abs(np.sin(np.pi * k / 8.0)) / k**0.5
        fast = np.exp(-(1.5 + frequencies / 500.0) * times)
        slow = np.exp(-(0.3 + frequencies / 2500.0) * times)
        return np.asarray(hammer * (0.7 * fast + 0.3 * slow))

    frequency = hertz(midi)
    pair = tone(frequency, seconds, spectrum, seed=seed) + tone(1.0007 * frequency, seconds, spectrum, seed=seed + 1)
    t = seconds_of(seconds)[: round(0.05 * RATE)]
    pair[: t.size] += 0.15 * np.random.default_rng(seed).standard_normal(t.size) * np.exp(-120 * t)
    return ends(pair, 0.001, 0.06)


@lru_cache(maxsize=24)
def bowed(midi: float, seconds: float, *, players: int = 3, brightness: float = 3000.0, seed: int = 0) -> Samples:
    """Return a section of strings, each player with a vibrato of their own."""
    rng, t = np.random.default_rng(seed + round(midi)), seconds_of(seconds)

    def spectrum(times: Samples, frequencies: Samples) -> Samples:
        k = np.arange(1, frequencies.shape[1] + 1)
        body = 1.0 + 0.5 * np.cos(frequencies / 190.0) + 0.4 * np.cos(frequencies / 83.0)
        return np.asarray(body / k * np.exp(-frequencies / brightness) * (1.0 - 0.7 * np.exp(-times / 0.06)))

    section = np.zeros(t.size)
    for player in range(players):
        speed, detuned, begin = rng.uniform(4.8, 6.2), rng.normal(0, 0.05), rng.uniform(0, 2 * np.pi)
        vibrato = 0.18 * np.minimum(1.0, t / 0.4) * np.sin(2 * np.pi * speed * t + begin)
        section += tone(hertz(midi) * 2 ** ((detuned + vibrato) / 12), seconds, spectrum, seed=player)
    return ends(section / players, 0.06, 0.12)
