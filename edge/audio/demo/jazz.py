"""Jazz: a trio of walking bass, ride cymbal with brushes, and a piano that plays a line over its chords."""

from __future__ import annotations

import numpy as np

from edge.audio.demo import drums
from edge.audio.demo.mixing import Mix, band, in_room
from edge.audio.demo.tones import Samples, plucked, struck

BPM = 122.0
BEAT_S = 60.0 / BPM
SWING = 0.67  # of a beat: where its second eighth is
WALK = (
    *(38, 41, 45, 48, 43, 47, 50, 53, 48, 52, 55, 52, 45, 49, 52, 43),
    *(38, 36, 41, 45, 43, 41, 47, 50, 48, 43, 40, 36, 45, 44, 43, 39),
)
CHORDS = ((53, 57, 60, 64), (53, 57, 59, 64), (52, 55, 59, 62), (55, 58, 61, 66))
LINE = (74, 77, 76, 72, 69, 72, 74, 71, 67, 65, 69, 72, 76, 79, 77, 74, 73, 76, 70, 67)
BASS, CHORD, SOLO = 0.6, 0.14, 1.5
RIDE, HAT, BRUSH = 0.8, 0.1, 0.22
SOFTNESS = 0.5  # of the piano's hammers
ROOM_S, ROOM = 0.34, 0.8


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix, rng = Mix(seconds), np.random.default_rng(11)
    for beat in range(int(seconds / BEAT_S) + 1):
        at_s = beat * BEAT_S
        bass = plucked(WALK[beat % len(WALK)], 0.9 * BEAT_S + 0.1, place=0.3, dullness=1.5, damping=1.5)
        mix.add(bass, at_s + rng.normal(0, 0.005), BASS)
        _drums(mix, beat, RIDE * rng.uniform(0.8, 1.1))
        if beat % 4 == 0 or (beat % 4 == 2 and rng.random() < 0.8):
            for note in CHORDS[beat // 4 % len(CHORDS)]:
                late_s = SWING * BEAT_S if beat % 4 == 2 else 0.0
                mix.add(struck(note, 0.45, softness=SOFTNESS), at_s + late_s, CHORD)
    _solo(mix, rng)
    return band(in_room(mix.samples, ROOM_S, ROOM), 40.0, 10_000.0)


def _drums(mix: Mix, beat: int, ride: float) -> None:
    at_s = beat * BEAT_S
    mix.add(drums.cymbal(seconds=0.9, low_hz=4000.0, ping=0.45), at_s, ride)
    mix.add(drums.brush(0.8 * BEAT_S), at_s, BRUSH)
    if beat % 2:
        mix.add(drums.cymbal(seconds=0.7, low_hz=4000.0, ping=0.45), at_s + SWING * BEAT_S, 0.7 * RIDE)
        mix.add(drums.hat(seconds=0.06), at_s, HAT)


def _solo(mix: Mix, rng: np.random.Generator) -> None:
    """Play the line in swinging eighths, with rests here and there, and pauses for breath."""
    index = 0
    for eighth in range(int(2 * mix.seconds / BEAT_S) + 1):
        beat, off = divmod(eighth, 2)
        breath = 8 <= beat % 16 < 12
        if not breath and rng.random() < 0.75:
            note = struck(LINE[index % len(LINE)], 0.5, softness=SOFTNESS)
            mix.add(note, (beat + off * SWING) * BEAT_S, SOLO * rng.uniform(0.6, 1.0))
            index += 1
