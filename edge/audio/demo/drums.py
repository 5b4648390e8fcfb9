"""Drums and cymbals."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.audio.demo.mixing import band, noise
from edge.audio.demo.tones import Samples, seconds_of


@lru_cache(maxsize=32)
def kick(*, low_hz: float = 50.0, sweep: float = 4.0, damping: float = 12.0, click: float = 0.2) -> Samples:
    """Return a bass drum, whose pitch falls to ``low_hz``; ``click`` is how hard the beater is."""
    t = seconds_of(0.4)
    body = np.sin(2 * np.pi * (low_hz * t + sweep * (1.0 - np.exp(-35.0 * t)))) * np.exp(-damping * t)
    beater = click * band(noise(t.size, 1), 1500.0, 6000.0) * np.exp(-180.0 * t)
    return np.asarray((body + beater) * np.minimum(1.0, (0.4 - t) / 0.05))


@lru_cache(maxsize=32)
def snare(*, pitch_hz: float = 190.0, wires: float = 0.6, damping: float = 16.0, top_hz: float = 9000.0) -> Samples:
    """Return a snare drum; ``wires`` is how much they rattle."""
    t = seconds_of(0.35)
    skin = np.sin(2 * np.pi * pitch_hz * t) + 0.6 * np.sin(2 * np.pi * 1.72 * pitch_hz * t)
    rattle = band(noise(t.size, 2), 900.0, top_hz)
    return np.asarray(0.5 * skin * np.exp(-1.6 * damping * t) + wires * rattle * np.exp(-damping * t))


@lru_cache(maxsize=32)
def rim() -> Samples:
    """Return a stroke on the rim of a snare drum."""
    t = seconds_of(0.12)
    wood = np.sin(2 * np.pi * 820.0 * t) + 0.7 * np.sin(2 * np.pi * 1730.0 * t)
    return np.asarray((0.6 * wood + 0.5 * band(noise(t.size, 3), 1500.0, 7000.0)) * np.exp(-55.0 * t))


@lru_cache(maxsize=32)
def clap() -> Samples:
    """Return several hands, not quite together."""
    t = seconds_of(0.25)
    hands = sum(np.where(t >= late, np.exp(-70.0 * (t - late)), 0.0) for late in (0.0, 0.011, 0.023))
    return np.asarray(band(noise(t.size, 4), 800.0, 4500.0) * (hands + 0.4 * np.exp(-18.0 * t)) * 0.5)


@lru_cache(maxsize=32)
def hat(*, seconds: float = 0.08, low_hz: float = 6000.0, seed: int = 5) -> Samples:
    """Return a hi-hat, closed when short and open when long."""
    t = seconds_of(seconds)
    return np.asarray(band(noise(t.size, seed), low_hz, 11_000.0) * np.exp(-4.0 * t / seconds))


@lru_cache(maxsize=32)
def cymbal(*, seconds: float = 1.5, low_hz: float = 3000.0, ping: float = 0.3, seed: int = 6) -> Samples:
    """Return a cymbal: a ride with much ``ping``, a crash with none."""
    t, rng = seconds_of(seconds), np.random.default_rng(seed)
    wash = band(noise(t.size, seed), low_hz, 11_000.0) * np.exp(-4.0 * t / seconds)
    partials = rng.uniform(2500.0, 7500.0, 14)
    bell = np.sin(2 * np.pi * np.outer(partials, t)).sum(axis=0) * np.exp(-6.0 * t / seconds) / 4.0
    stick = band(noise(t.size, seed + 1), 3000.0, 9000.0) * np.exp(-90.0 * t)
    rung_out = np.minimum(1.0, (seconds - t) / 0.05)
    return np.asarray(((1.0 - ping) * wash + ping * (bell + stick)) * rung_out)


@lru_cache(maxsize=32)
def tom(pitch_hz: float) -> Samples:
    """Return a tom."""
    t = seconds_of(0.4)
    body = np.sin(2 * np.pi * (pitch_hz * t + 1.2 * (1.0 - np.exp(-25.0 * t)))) * np.exp(-8.0 * t)
    return np.asarray(body + 0.15 * band(noise(t.size, 8), 300.0, 3000.0) * np.exp(-40.0 * t))


def brush(seconds: float) -> Samples:
    """Return a brush that sweeps over a snare drum."""
    t = seconds_of(seconds)
    return np.asarray(band(noise(t.size, 9), 1500.0, 8000.0) * np.sin(np.pi * t / seconds) ** 2)
