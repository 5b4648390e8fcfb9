"""Hip hop: a boom-bap beat with a deep bass, a muffled piano, and somebody who raps over it."""

from __future__ import annotations

from edge.audio.demo import drums
from edge.audio.demo.mixing import Mix, band, in_room
from edge.audio.demo.tones import Samples, plucked, struck
from edge.audio.demo.voices import spoken

BPM = 84.0
BEAT_S = 60.0 / BPM
SWING = 0.54  # of a beat: where the second eighth is
ROOTS = (33, 33, 29, 31)
KICKS = ((0.0, 1.75, 2.5), (0.0, 0.75, 2.5, 2.75))  # beats, of one bar and of the next
BASS_LINE = ((0.0, 0.7), (0.75, 0.9), (2.5, 1.2))  # the beat, and how many it lasts
CHORD, CHORD_BEATS = (57, 60, 64, 67), (0.0, 1.5, 2.5)
KICK, SNARE, CLAP, HAT = 4.3, 2.6, 0.18, 1.0
BASS, PIANO, VOICE = 2.8, 0.05, 1.2
VOICE_HZ = 82.0
ROOM = 0.05
TOP_HZ = 10_000.0


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix = Mix(seconds)
    for bar in range(int(seconds / (4 * BEAT_S)) + 1):
        _drums(mix, bar)
        _bass_and_piano(mix, bar)
    mix = Mix(seconds, in_room(mix.samples, 0.5, ROOM))
    mix.add(spoken(seconds, BEAT_S / 4, VOICE_HZ, rests=0.12, seed=2), 0.0, VOICE)
    return band(mix.samples, 30.0, TOP_HZ)


def _drums(mix: Mix, bar: int) -> None:
    begin_s = 4 * bar * BEAT_S
    for beat in KICKS[bar % 2]:
        mix.add(drums.kick(low_hz=48.0, damping=8.0, click=0.3), begin_s + beat * BEAT_S, KICK)
    for beat in (1, 3):
        mix.add(drums.snare(pitch_hz=180.0, wires=0.7, damping=14.0), begin_s + beat * BEAT_S, SNARE)
        mix.add(drums.clap(), begin_s + beat * BEAT_S, CLAP)
    for beat in range(4):
        for part in (0.0, SWING):
            mix.add(drums.hat(seconds=0.05), begin_s + (beat + part) * BEAT_S, HAT)


def _bass_and_piano(mix: Mix, bar: int) -> None:
    begin_s = 4 * bar * BEAT_S
    for beat, length in BASS_LINE:
        note = plucked(ROOTS[bar % len(ROOTS)], length * BEAT_S, place=0.5, dullness=2.0, damping=0.6)
        mix.add(note, begin_s + beat * BEAT_S, BASS)
    for beat in CHORD_BEATS:
        for key in CHORD:
            note = band(struck(key, 0.8 * BEAT_S, softness=1.5), 200.0, 2500.0)
            mix.add(note, begin_s + beat * BEAT_S, PIANO)
