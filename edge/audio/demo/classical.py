"""Classical music: a slow movement for strings, four voices and a tune above them, in a hall."""

from __future__ import annotations

from edge.audio.demo.mixing import Mix, in_room
from edge.audio.demo.tones import Samples, bowed

BPM = 60.0
BEAT_S = 60.0 / BPM
CHORDS = (
    *((48, 55, 64, 72), (47, 55, 62, 74), (45, 57, 64, 72)),
    *((41, 57, 65, 69), (43, 55, 62, 71), (48, 52, 67, 72)),
)
TUNE = (76, 74, 72, 71, 72, 69, 67, 71, 74, 72, 71, 72)
VOICES, LEADER = 0.2, 2.0
BRIGHTNESS_HZ = 2500.0
HALL_S, HALL, HALL_DARK_HZ = 0.9, 1.4, 3000.0


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix = Mix(seconds)
    for beat in range(int(seconds / BEAT_S) + 1):
        if beat % 2 == 0:
            for note in CHORDS[beat // 2 % len(CHORDS)]:
                mix.add(bowed(note, 2.1 * BEAT_S, brightness=BRIGHTNESS_HZ), beat * BEAT_S, VOICES)
        leader = bowed(TUNE[beat % len(TUNE)], 1.05 * BEAT_S, brightness=BRIGHTNESS_HZ, seed=5)
        mix.add(leader, beat * BEAT_S, LEADER)
    return in_room(mix.samples, HALL_S, HALL, dark_hz=HALL_DARK_HZ)
