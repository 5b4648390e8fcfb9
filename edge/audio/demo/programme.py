"""The demo: what it plays, one stretch after the other, and as what each is meant to be recognized.

All of it is synthesized here, from the numbers in this folder. The same stretch always has the same samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import classical, disco, hiphop, jazz, metal, reggae
from edge.audio.demo.mixing import in_room, level, noise
from edge.audio.demo.tones import RATE, Samples, bowed, plucked, struck
from edge.audio.demo.voices import spoken

#: RMS of the noise that a microphone adds, full scale 1: -70 dBFS.
HISS = 0.0003


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the demo; ``meant`` is the genre, ``no_music`` or ``silence``."""

    meant: str
    seconds: float
    dbfs: float  # RMS
    play: Callable[[float], Samples]

    def samples(self) -> NDArray[np.float32]:
        """Synthesize it: float32 (n,) at ``RATE``, within -1..1."""
        sound = level(self.play(self.seconds), self.dbfs)
        for notes in (plucked, struck, bowed):
            notes.cache_clear()  # no other stretch has the same
        return np.asarray(sound + HISS * noise(sound.size, 0), dtype=np.float32)


def talk(seconds: float) -> Samples:
    """Return somebody who talks in a living room."""
    return in_room(spoken(seconds, 0.18, 95.0, rests=0.1, seed=6), 0.4, 0.05)


def nothing(seconds: float) -> Samples:
    """Return silence."""
    return np.zeros(round(seconds * RATE), dtype=np.float32)


PROGRAMME = (
    Stretch("classical", 12.0, -20.0, classical.play),
    Stretch("metal", 12.0, -14.0, metal.play),
    Stretch("no_music", 8.0, -28.0, talk),
    Stretch("silence", 5.0, -70.0, nothing),
    Stretch("jazz", 12.0, -22.0, jazz.play),
    Stretch("reggae", 12.0, -15.0, reggae.play),
    Stretch("hiphop", 12.0, -18.0, hiphop.play),
    Stretch("disco", 12.0, -15.0, disco.play),
)
