"""Metal: a riff on two distorted guitars in palm-muted sixteenths, double kick and cymbals."""

from __future__ import annotations

from edge.audio.demo import drums
from edge.audio.demo.mixing import Mix, band, in_room, overdrive, peak
from edge.audio.demo.tones import Samples, plucked

BPM = 175.0
EIGHTH_S = 30.0 / BPM
#: Roots and how many eighths each lasts; those of one are struck twice, with the palm on the strings.
RIFF = (
    *((40, 1), (40, 1), (43, 2), (40, 1), (46, 2), (45, 1)),
    *((40, 1), (40, 1), (43, 2), (40, 1), (47, 1), (46, 1), (45, 1)),
    *((38, 4), (41, 4), (40, 2), (40, 2), (45, 2), (43, 2)),
)
POWER_CHORD = ((0, 1.0), (7, 0.8), (12, 0.6))  # semitones above the root, and loudness
RINGING, PALM_MUTED = 0.3, 1.2  # how fast strings die away
DRIVE = 10.3
SCOOP_DB, PRESENCE_DB, CABINET_HZ = -18.0, 2.0, 4900.0
GUITAR, BASS, PICK = 0.2, 0.19, 0.13
KICK, SNARE, CYMBAL = 0.27, 0.8, 0.3
ROOM_S, ROOM = 0.9, 0.18


def play(seconds: float) -> Samples:
    """Play the piece for so long."""
    mix = Mix(seconds)
    for take in range(2):
        mix.add(_guitar(seconds, take), 0.0, GUITAR)
    mix.add(_bass(seconds), 0.0, BASS)
    _drums(mix)
    return in_room(mix.samples, ROOM_S, ROOM)


def _riff(seconds: float) -> list[tuple[int, float, int]]:
    """Return roots, when they begin and how many eighths they last."""
    played, eighth, index = [], 0, 0
    while eighth * EIGHTH_S < seconds:
        root, length = RIFF[index % len(RIFF)]
        played.append((root, eighth * EIGHTH_S, length))
        eighth, index = eighth + length, index + 1
    return played


def _guitar(seconds: float, take: int) -> Samples:
    track, late_s, detuned = Mix(seconds), 0.005 * take, 0.08 * (take - 0.5)
    for root, begin_s, length in _riff(seconds):
        strokes, damping = (2, PALM_MUTED) if length == 1 else (1, RINGING)
        stroke_s = length * EIGHTH_S / strokes
        for stroke in range(strokes):
            at_s = begin_s + stroke * stroke_s
            for interval, loudness in POWER_CHORD:
                string = plucked(
                    root + interval + detuned, stroke_s, place=0.12, dullness=0.4, damping=damping, seed=take
                )
                track.add(string, at_s + late_s, loudness)
            track.add(drums.hat(seconds=0.02, low_hz=1500.0, seed=take), at_s, PICK)
    amplified = overdrive(band(track.samples, 120.0, 7000.0), DRIVE)
    cabinet = band(amplified, 80.0, CABINET_HZ, order=4)
    return peak(peak(cabinet, 500.0, SCOOP_DB), 2500.0, PRESENCE_DB, octaves=0.7)


def _bass(seconds: float) -> Samples:
    track = Mix(seconds)
    for root, begin_s, length in _riff(seconds):
        track.add(plucked(root - 12, length * EIGHTH_S, place=0.15, damping=0.5), begin_s)
    return overdrive(track.samples, 1.5)


def _drums(mix: Mix) -> None:
    kick = drums.kick(low_hz=55.0, sweep=3.0, damping=20.0, click=0.9)
    snare = drums.snare(pitch_hz=210.0, wires=0.9, damping=18.0)
    ride, crash = drums.cymbal(seconds=1.2, low_hz=3500.0, ping=0.1), drums.cymbal(seconds=2.5, low_hz=2500.0, ping=0.0)
    for eighth in range(int(mix.seconds / EIGHTH_S) + 1):
        at_s = eighth * EIGHTH_S
        mix.add(kick, at_s, KICK)
        if eighth // 4 % 2 == 0:
            mix.add(kick, at_s + EIGHTH_S / 2, 0.8 * KICK)
        if eighth % 4 == 2:
            mix.add(snare, at_s, SNARE)
        if eighth % 2 == 0:
            mix.add(ride, at_s, CYMBAL)
        if eighth % 32 == 0:
            mix.add(crash, at_s, 2 * CYMBAL)
