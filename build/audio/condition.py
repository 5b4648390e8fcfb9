"""Conditions in which a recording is used: whole or an excerpt, with people talking, through a simulated microphone."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from build.audio.read import MIDDLE
from build.audio.recorded_rooms import in_recorded_room, recorded_rooms, recorded_rooms_digest
from build.audio.simulated_microphone import SAMPLE_RATE, Part, simulate, surroundings, surroundings_digest
from build.audio.talkers import add_talkers, talkers_digest


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in which recordings are used; each recording has its own excerpt, room, voices and microphone in it.

    They are drawn by its name, so they are the same at each call.

    ``part`` chooses the rooms and noises of the simulated microphone; None leaves the recording as it is. Talkers are
    mixed in before the microphone, ``talkers_db`` (a range) below the music, in half of the recordings. With
    ``recorded_room`` the response of a room that a phone recorded replaces the simulated microphone.
    """

    name: str
    seconds: float = np.inf  # of an excerpt
    part: Part | None = None
    talkers_db: tuple[float, float] | None = None
    always_talking: bool = False
    draw: int | None = None  # seeds what is drawn; None: the name does
    recorded_room: bool = False
    place: float = MIDDLE  # of the window of a long recording; see ``build.audio.read``

    def digest(self, name: str, content: str) -> str:
        """Return the cache key of a recording in this condition, by its name and the digest of its file."""
        if self.part is None and self.talkers_db is None and np.isinf(self.seconds):
            return content if self.place == MIDDLE else hashlib.sha256(f"{content} {self.place!r}".encode()).hexdigest()
        surrounded = surroundings_digest(self.part) if self.part else ""
        if self.part and self.recorded_room:
            surrounded += recorded_rooms_digest(self.part)
        talking = talkers_digest(self._voices) if self.talkers_db else ""
        return hashlib.sha256(f"{self._key} {surrounded} {talking} {name} {content}".encode()).hexdigest()

    @property
    def _key(self) -> str:
        """The condition's part of the key, spelled out: cached rows stay valid when the class is renamed."""
        place = "" if self.place == MIDDLE else f", place={self.place!r}"
        return (
            f"Way(name={self.name!r}, seconds={self.seconds!r}, part={self.part!r}, talkers_db={self.talkers_db!r}, "
            f"always_talking={self.always_talking!r}, draw={self.draw!r}, recorded_room={self.recorded_room!r}{place})"
        )

    @property
    def _voices(self) -> Part:
        return Part.TRAINING if self.part is Part.TRAINING else Part.EVALUATION

    def __call__(self, name: str, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the audio (n,) of the recording of that name in this condition; the same at each call."""
        seed = zlib.crc32(self.name.encode()) if self.draw is None else self.draw
        rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
        n_samples = int(min(self.seconds * SAMPLE_RATE, len(audio)))
        start = int(rng.integers(0, len(audio) - n_samples + 1))
        audio = audio[start : start + n_samples]
        if self.talkers_db and (self.always_talking or rng.random() < 0.5):
            audio = add_talkers(audio, rng.uniform(*self.talkers_db), int(rng.integers(1, 5)), self._voices, rng)
        if self.part is None:
            return audio
        if self.recorded_room:
            degraded = in_recorded_room(audio.astype(np.float64), recorded_rooms(self.part), rng)
            return degraded.astype(np.float32)
        return simulate(audio, surroundings(self.part), rng)


AS_RECORDED = Condition("as recorded")


def microphone(part: Part, draw: int, seconds: float = np.inf) -> Condition:
    """Return the condition of one of a part's simulated microphones; each draw is another microphone."""
    return Condition(f"microphone {draw}", seconds, part, draw=draw)
