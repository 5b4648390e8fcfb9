"""Voices that sing, rap or talk: vowels between which the formants glide, and consonants of noise. No word is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.audio.demo.mixing import band, noise
from edge.audio.demo.tones import RATE, Samples, hertz, tone

#: Frequencies of the first three formants in Hz: a, e, i, o, u, and the neutral vowel.
VOWELS = (
    *((750.0, 1200.0, 2600.0), (480.0, 1900.0, 2600.0), (300.0, 2250.0, 3000.0)),
    *((480.0, 850.0, 2600.0), (330.0, 800.0, 2300.0), (560.0, 1450.0, 2500.0)),
)
#: Widths in Hz and loudness of the formants.
FORMANTS = ((90.0, 1.0), (110.0, 0.6), (180.0, 0.3))
#: How a syllable swells and fades: parts of its length, and loudness.
SWELL = ((0.0, 0.05), (0.2, 1.0), (0.75, 0.85), (0.98, 0.1))
CONSONANT_HZ = (1200.0, 2500.0, 4000.0)
LOUDNESS = 0.1  # RMS of a voice
PHRASE = 16  # syllables, over which a speaker's pitch falls; the last two are a pause


@dataclass(frozen=True, slots=True)
class Syllable:
    """A vowel at a pitch; silent without ``loudness``."""

    hertz: float
    vowel: tuple[float, ...]
    loudness: float


def melody(seconds: float, step_s: float, notes: Sequence[int], *, seed: int) -> Samples:
    """Sing ``notes`` (MIDI, 0 is a rest), each for ``step_s``, again and again, with a vibrato."""
    rng, syllables, pitch = np.random.default_rng(seed), [], hertz(notes[0])
    for index in range(int(seconds / step_s) + 1):
        note = notes[index % len(notes)]
        pitch = hertz(note) if note else pitch
        syllables.append(Syllable(pitch, VOWELS[rng.integers(len(VOWELS))], float(note > 0)))
    return _voice(seconds, step_s, syllables, vibrato=0.25, tilt=1.0)


def spoken(seconds: float, step_s: float, pitch_hz: float, *, rests: float, seed: int) -> Samples:
    """Speak syllables of ``step_s``, of which a share of ``rests`` is left out."""
    rng, syllables = np.random.default_rng(seed), []
    consonants = np.zeros(round(seconds * RATE))
    length = round(0.3 * step_s * RATE)
    for index in range(int(seconds / step_s) + 1):
        place = index % PHRASE
        intonation = (1.25 if index % 4 == 0 else 1.0) * (1.1 - 0.25 * place / PHRASE) * rng.uniform(0.85, 1.15)
        pausing = rng.random() < rests or place >= PHRASE - 2
        loudness = 0.0 if pausing else rng.uniform(0.6, 1.0)
        syllables.append(Syllable(pitch_hz * intonation, VOWELS[rng.integers(len(VOWELS))], loudness))
        start = round(index * step_s * RATE) - length // 2
        if loudness and rng.random() < 0.7 and 0 <= start < consonants.size - length:
            hiss = band(rng.standard_normal(length), rng.choice(CONSONANT_HZ), 8000.0) * np.hanning(length)
            consonants[start : start + length] += loudness * hiss
    return 1.5 * _voice(seconds, step_s, syllables, vibrato=0.0, tilt=0.7) + 0.07 * consonants


def _voice(seconds: float, step_s: float, syllables: Sequence[Syllable], *, vibrato: float, tilt: float) -> Samples:
    """Return a voice that says ``syllables``; ``vibrato`` is in semitones, and a higher ``tilt`` sounds softer."""
    parts, swell = np.transpose(SWELL)
    points = (np.arange(len(syllables))[:, np.newaxis] + parts).ravel() * step_s
    grid = np.arange(round(seconds * RATE)) / RATE
    pitches = np.interp(grid, points, np.repeat([syllable.hertz for syllable in syllables], len(SWELL)))
    pitches *= 2.0 ** (vibrato / 12.0 * np.sin(2 * np.pi * 5.5 * grid))
    loudness = np.outer([syllable.loudness for syllable in syllables], swell).ravel()
    formants = np.repeat([syllable.vowel for syllable in syllables], len(SWELL), axis=0)

    def spectrum(times: Samples, frequencies: Samples) -> Samples:
        total = np.full_like(frequencies, 0.01)
        for (width, weight), centres in zip(FORMANTS, formants.T, strict=True):
            centre = np.interp(times, points, centres)
            total += weight / (1.0 + ((frequencies - centre) / width) ** 2)
        k = np.arange(1, frequencies.shape[1] + 1)
        return np.asarray(total / k**tilt * np.interp(times, points, loudness))

    voice = tone(pitches, seconds, spectrum)
    breath = 0.01 * band(noise(grid.size, 1), 2000.0, 7000.0) * np.interp(grid, points, loudness)
    return np.asarray(LOUDNESS * voice / np.sqrt(np.mean(voice**2)) + breath)
