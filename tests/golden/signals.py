"""Synthetic signals: edge cases of every feature, and a piece of music for the ordinary ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import synthesize

#: What ``generate.py`` writes: librosa's statistics of these signals.
GOLDEN = Path(__file__).with_name("features.npz")

SAMPLE_RATE = 22_050
SECONDS = 3.0

Signal = NDArray[np.float32]


def _times(seconds: float = SECONDS) -> NDArray[np.float64]:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _sine(hertz: float) -> Signal:
    return (0.5 * np.sin(2 * np.pi * hertz * _times())).astype(np.float32)


def _click() -> Signal:
    signal = np.zeros(len(_times()), dtype=np.float32)
    signal[len(signal) // 2] = 1.0
    return signal


def _noise() -> Signal:
    return (0.1 * np.random.default_rng(1).standard_normal(len(_times()))).astype(np.float32)


def _square() -> Signal:
    return np.where(_times() * 100 % 1 < 0.5, 1.0, -1.0).astype(np.float32)


def _music(seconds: float = SECONDS) -> Signal:
    return synthesize(seconds, tempo_bpm=120, key="A")


SIGNALS: dict[str, Callable[[], Signal]] = {
    "music": lambda: _music(12.0),
    "silence": lambda: np.zeros(len(_times()), dtype=np.float32),
    "click": _click,
    "dc": lambda: np.full(len(_times()), 0.5, dtype=np.float32),
    "sine_30_cents_sharp": lambda: _sine(440 * 2 ** (0.30 / 12)),
    "tenth_of_a_second": lambda: _music(0.1),
    "one_sample": lambda: np.array([0.5], dtype=np.float32),
    "clipped": lambda: np.clip(8 * _music(), -1, 1),
    "96_db_below_full_scale": lambda: _music() * np.float32(10 ** (-96 / 20)),
    "full_scale_square": _square,
    "noise": _noise,
    "silence_then_music": lambda: np.concatenate((np.zeros(33_000, dtype=np.float32), _music())),
    "music_then_silence": lambda: np.concatenate((_music(), np.zeros(33_000, dtype=np.float32))),
}

#: Signals whose spectrum stays the same after its beginning. Their onset strength is rounding noise, and a tempogram
#: scales every column to 1 however faint: librosa's own tempo of them says how its FFT rounds.
STATIONARY = {"dc", "sine_30_cents_sharp", "full_scale_square"}

#: Signals with a perfectly flat spectrum: what is a local maximum of it is decided by rounding too.
WITHOUT_PITCH = {"click"}
