"""A short synthesized piece of music: drums, bass and chords with a known tempo and key.

It is what a model's probe is computed from, and what the self-test, the benchmark and the tests use where no recording
may be shipped. Of no genre in particular; the same arguments give the same samples.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo.tones import hertz
from features_np.vector.parameters import PITCH_CLASSES

Samples = NDArray[np.float64]

BEATS_IN_BAR = 4
PEAK = 0.8  # of full scale: loud, with no sample clipped
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)  # semitones above the root
# The progression vi IV I V of a major key: every scale degree is heard, the tonic most.
PROGRESSION = ((9, MINOR), (5, MAJOR), (0, MAJOR), (7, MAJOR))


def synthesize(
    seconds: float, *, tempo_bpm: float = 100.0, key: str = "C", sample_rate: int = 22_050, seed: int = 0
) -> NDArray[np.float32]:
    """Make a piece in a major ``key`` (one of ``PITCH_CLASSES``) with a drum on every beat.

    Returns float32 of shape (round(seconds * sample_rate),), mono, within -0.8..0.8. ``seed`` varies the noise in
    the drums, nothing else. Raises ``ValueError`` for an unknown key.
    """
    if key not in PITCH_CLASSES:
        raise ValueError(f"key is {key!r}, must be one of {', '.join(PITCH_CLASSES)}")
    tonic = PITCH_CLASSES.index(key)
    n_samples = round(seconds * sample_rate)
    beat = 60.0 / tempo_bpm
    n_beats = int(np.ceil(seconds / beat))
    mix = np.zeros(n_samples)
    kick, snare, hat = _drums(sample_rate, np.random.default_rng(seed))
    _add_all(mix, kick, (b * beat for b in range(0, n_beats, 2)), sample_rate)
    _add_all(mix, snare, (b * beat for b in range(1, n_beats, 2)), sample_rate)
    _add_all(mix, hat, (b * beat / 2 for b in range(2 * n_beats)), sample_rate)
    for bar in range(-(-n_beats // BEATS_IN_BAR)):
        degree, chord = PROGRESSION[bar % len(PROGRESSION)]
        root = 36 + (tonic + degree) % 12  # MIDI note number of the bass, between C2 and B2
        start = bar * BEATS_IN_BAR * beat
        for interval in chord:
            length = BEATS_IN_BAR * beat
            _add_all(mix, 0.18 * _note(root + 24 + interval, length, sample_rate), [start], sample_rate)
        eighths = (start + index * beat / 2 for index in range(2 * BEATS_IN_BAR))
        _add_all(mix, 0.25 * _note(root, beat / 2, sample_rate), eighths, sample_rate)
    return (PEAK * np.tanh(mix)).astype(np.float32)


def _drums(sample_rate: int, noise: np.random.Generator) -> tuple[Samples, Samples, Samples]:
    t = np.arange(round(0.25 * sample_rate)) / sample_rate
    falling_pitch = 50.0 * t + 4.0 * (1.0 - np.exp(-30.0 * t))  # cycles: from 170 Hz down to 50 Hz
    kick = 0.9 * np.sin(2 * np.pi * falling_pitch) * np.exp(-14.0 * t)
    snare = 0.3 * noise.standard_normal(t.size) * np.exp(-25.0 * t)
    hat = 0.15 * np.diff(noise.standard_normal(t.size + 1)) * np.exp(-60.0 * t)
    return kick, snare, hat


def _note(midi: int, seconds: float, sample_rate: int) -> Samples:
    """Eight harmonics with a soft attack and a slow decay: something between an organ and a plucked string."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    frequency = hertz(midi)
    harmonics = np.arange(1, 9)
    harmonics = harmonics[harmonics * frequency < sample_rate / 2]
    partials = np.sin(2 * np.pi * frequency * np.outer(harmonics, t)) / harmonics[:, np.newaxis] ** 1.5
    attack = np.minimum(1.0, t / 0.01)
    release = np.minimum(1.0, (seconds - t) / 0.02)
    return np.asarray(partials.sum(axis=0) * attack * release * np.exp(-1.5 * t))


def _add_all(mix: Samples, sound: Samples, starts_s: Iterable[float], sample_rate: int) -> None:
    for start_s in starts_s:
        start = round(start_s * sample_rate)
        audible = sound[: max(0, mix.size - start)]
        mix[start : start + audible.size] += audible
