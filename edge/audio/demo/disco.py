"""Disco: four on the floor, open hats on the off-beat, bass in octaves, a chopped guitar, strings and a voice."""

from __future__ import annotations

from edge.audio.demo import drums
from edge.audio.demo.mixing import Mix, band, in_room
from edge.audio.demo.tones import Samples, bowed, plucked
from edge.audio.demo.voices import melody

BPM = 134.0
BEAT_S = 60.0 / BPM
CHORDS = ((57, 60, 64, 67), (62, 65, 69, 72), (55, 59, 62, 65), (60, 64, 67, 71))
ROOTS = (33, 38, 31, 36)
TUNE = (76, 74, 72, 76, 77, 76, 74, 72, 74, 79, 77, 74, 76, 72, 71, 72)
SUNG = (72, 72, 74, 76, 0, 76, 74, 72, 69, 0, 69, 72)
STRUMMED = ((0.0, 1.0), (0.25, 0.4), (0.5, 0.9), (0.75, 0.6))  # part of a beat, and loudness
KICK, SNARE, CLAP, HAT = 0.4, 1.1, 1.3, 0.2
BASS, GUITAR, STRINGS, VOICE = 2.0, 0.3, 0.25, 0.43
BRIGHTNESS_HZ = 8000.0  # of the strings
ROOM = 0.03


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix, strings = Mix(seconds), Mix(seconds)
    for beat in range(int(seconds / BEAT_S) + 1):
        _drums(mix, beat)
        _guitar_and_bass(mix, beat)
        _strings(strings, beat)
    mix.add(in_room(strings.samples, 1.5, 0.4), 0.0, STRINGS)
    mix.add(melody(seconds, BEAT_S, SUNG, seed=8), 0.0, VOICE)
    return band(in_room(mix.samples, 1.0, ROOM), 30.0, 9000.0)


def _drums(mix: Mix, beat: int) -> None:
    at_s = beat * BEAT_S
    mix.add(drums.kick(low_hz=55.0, damping=13.0, click=0.4), at_s, KICK)
    if beat % 2:
        mix.add(drums.snare(pitch_hz=200.0, wires=0.7), at_s, SNARE)
        mix.add(drums.clap(), at_s, CLAP)
    mix.add(drums.hat(seconds=0.25, low_hz=5000.0), at_s + BEAT_S / 2, HAT)
    for sixteenth in (1, 3):
        mix.add(drums.hat(seconds=0.04), at_s + sixteenth * BEAT_S / 4, 0.5 * HAT)


def _guitar_and_bass(mix: Mix, beat: int) -> None:
    at_s, bar = beat * BEAT_S, beat // 4 % len(CHORDS)
    for eighth in range(2):
        low = plucked(ROOTS[bar] + 12 * eighth, 0.45 * BEAT_S, place=0.25, dullness=1.2, damping=2.0)
        mix.add(low, at_s + eighth * BEAT_S / 2, BASS)
    for part, loudness in STRUMMED:
        for note in CHORDS[bar]:
            string = plucked(note + 12, 0.09, place=0.12, dullness=0.6, damping=8.0)
            mix.add(string, at_s + part * BEAT_S, GUITAR * loudness)


def _strings(mix: Mix, beat: int) -> None:
    at_s = beat * BEAT_S
    if beat % 4 == 0:
        for note in CHORDS[beat // 4 % len(CHORDS)]:
            mix.add(bowed(note + 12, 4 * BEAT_S, brightness=BRIGHTNESS_HZ), at_s, 0.5)
    if beat % 2 == 0:
        note = TUNE[beat // 2 % len(TUNE)]
        for octave, loudness in ((0, 1.0), (12, 0.7)):
            mix.add(bowed(note + octave, 1.8 * BEAT_S, brightness=BRIGHTNESS_HZ, seed=9), at_s, loudness)
