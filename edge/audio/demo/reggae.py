"""Reggae: one drop, a deep bass, guitar and piano chopped on the off-beat with an echo, a bubbling organ, a voice."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.audio.demo import drums
from edge.audio.demo.mixing import Mix, band, in_room
from edge.audio.demo.tones import Samples, ends, hertz, plucked, struck, tone
from edge.audio.demo.voices import melody

BPM = 82.0
BEAT_S = 60.0 / BPM
CHORDS = ((57, 60, 64), (57, 60, 64), (55, 59, 62), (53, 57, 60))
ROOTS = (33, 33, 31, 29)
#: Of the bass in a bar: the beat, semitones above the root, and how many beats it lasts.
BASS_LINE = ((0.0, 0, 0.9), (1.0, 7, 0.45), (1.5, 7, 0.45), (2.0, 12, 0.45), (2.5, 10, 0.4), (3.0, 7, 0.9))
CHOPS = ((0.5, 1.0), (0.75, 0.5))  # part of a beat, and loudness
BUBBLES = ((0.25, 0.5), (0.5, 1.0), (0.75, 0.5))
HATS = (1.0, 0.4, 0.8, 0.4)
SUNG = (69, 69, 72, 69, 67, 64, 67, 69, 0, 0, 72, 74, 72, 69, 67, 69)
KICK, RIM, HAT = 0.9, 1.2, 1.1
BASS, CHOP, ORGAN, VOICE = 0.67, 0.5, 0.22, 0.15
ECHO, ECHO_BEATS, ECHOES = 0.36, 0.75, 3
BASS_TOP_HZ = 245.0
ROOM = 0.08


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix, bass, chops, organ = (Mix(seconds) for _ in range(4))
    for beat in range(int(seconds / BEAT_S) + 1):
        at_s, bar = beat * BEAT_S, beat // 4 % len(CHORDS)
        if beat % 4 == 0:
            for late, interval, length in BASS_LINE:
                low = plucked(ROOTS[bar] + interval, length * BEAT_S, place=0.4, dullness=1.8, damping=1.0)
                bass.add(low, at_s + late * BEAT_S)
        for note in CHORDS[bar]:
            for part, loudness in CHOPS:
                string = plucked(note + 12, 0.1, place=0.15, dullness=0.7, damping=9.0)
                chops.add(string, at_s + part * BEAT_S, loudness)
                chops.add(struck(note, 0.12, softness=0.8), at_s + part * BEAT_S, 0.7)
            for part, loudness in BUBBLES:
                organ.add(_bubble(note), at_s + part * BEAT_S, loudness)
        _drums(mix, beat)
    mix.add(band(bass.samples, 30.0, BASS_TOP_HZ), 0.0, BASS)
    mix.add(organ.samples, 0.0, ORGAN)
    mix.add(in_room(band(chops.samples, 300.0, 6000.0), 1.2, 0.3), 0.0, CHOP)
    echo = band(chops.samples, 500.0, 3000.0)
    for index in range(1, ECHOES + 1):
        mix.add(echo, index * ECHO_BEATS * BEAT_S, CHOP * ECHO * 0.6**index)
    mix.add(melody(seconds, BEAT_S / 2, SUNG, seed=4), 0.0, VOICE)
    return in_room(mix.samples, 0.8, ROOM)


def _drums(mix: Mix, beat: int) -> None:
    at_s = beat * BEAT_S
    if beat % 4 == 2:
        mix.add(drums.kick(low_hz=52.0, damping=9.0), at_s, KICK)
        mix.add(drums.rim(), at_s, RIM)
    for sixteenth, loudness in enumerate(HATS):
        mix.add(drums.hat(seconds=0.12 if sixteenth == 2 else 0.05), at_s + sixteenth * BEAT_S / 4, HAT * loudness)


@lru_cache(maxsize=16)
def _bubble(note: int) -> Samples:
    def drawbars(_times: Samples, frequencies: Samples) -> Samples:
        k = np.arange(1, frequencies.shape[1] + 1)
        return np.broadcast_to(np.where(k <= 4, 1.0 / k, 0.0), frequencies.shape)

    return ends(tone(hertz(note), 0.09, drawbars), 0.005, 0.02)
