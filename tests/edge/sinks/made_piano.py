"""A short piece for a piano that is computed here: what the pictures show must be ours, and the model is sure of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

SAMPLE_RATE = 22_050
TEMPO_BPM = 100.0
MAJOR, MINOR, SEVENTH = (0, 4, 7, 12), (0, 3, 7, 12), (0, 4, 7, 10)
#: Roots, as MIDI notes, and what is struck above them, a bar each.
PROGRESSION = (
    *((45, MINOR), (41, MAJOR), (48, MAJOR), (43, MAJOR)),
    *((45, MINOR), (38, MINOR), (40, SEVENTH), (45, MINOR)),
)
BROKEN = (0, 1, 2, 3, 2, 1, 2, 1)  # which note of the chord, eighth by eighth
SCALE = (0, 2, 4, 5, 7, 9, 11)
A4_HZ, A4_MIDI = 440.0, 69
INHARMONICITY = 4e-4  # of a stiff string

Samples = NDArray[np.float64]
#: When, which note, for how long, how loud.
Stroke = tuple[float, float, float, float]


def made_piano(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Return broken chords and a wandering melody, (samples,) at ``SAMPLE_RATE``, in a room; the same for a seed."""
    rng = np.random.default_rng(seed)
    mix = np.zeros(round((seconds + 4) * SAMPLE_RATE))
    for start, midi, length, level in _strokes(seconds, rng):
        note = level * _note(midi, length, rng)
        first = round(start * SAMPLE_RATE)
        mix[first : first + len(note)] += note
    room = rng.standard_normal(SAMPLE_RATE) * np.exp(-6 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    room[0] = 12.0
    heard = fftconvolve(mix, room)[: round(seconds * SAMPLE_RATE)]
    return np.asarray(0.6 * heard / np.abs(heard).max(), dtype=np.float32)


def _strokes(seconds: float, rng: np.random.Generator) -> Iterator[Stroke]:
    eighth, degree = 60 / TEMPO_BPM / 2, 7
    for number in range(int(seconds / eighth)):
        root, chord = PROGRESSION[number // len(BROKEN) % len(PROGRESSION)]
        which = BROKEN[number % len(BROKEN)]
        start = number * eighth + 0.02 + abs(rng.normal(0, 0.008))
        yield start, root + 12 * (which > 0) + chord[which], 3.0, 0.35 * rng.uniform(0.7, 1)
        if number % 2 == 0 and rng.random() < 0.75:
            degree = int(np.clip(degree + rng.integers(-2, 3), 3, 14))
            yield start, 60 + 12 * (degree // 7) + SCALE[degree % 7], 2.5, 0.5 * rng.uniform(0.6, 1)


def _note(midi: float, seconds: float, rng: np.random.Generator) -> Samples:
    """Return the partials of a struck string, the higher ones the weaker and the sooner gone."""
    t, pitch = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE, A4_HZ * 2 ** ((midi - A4_MIDI) / 12)
    note = np.zeros(len(t))
    for partial in range(1, 12):
        hertz = pitch * partial * np.sqrt(1 + INHARMONICITY * partial**2)
        if hertz < SAMPLE_RATE / 2:
            fading = np.exp(-t * (1.2 + 0.5 * partial)) / partial**1.3
            note += np.sin(2 * np.pi * hertz * t + rng.uniform(0, 2 * np.pi)) * fading
    return np.asarray(note * np.minimum(1, t / 0.004))
