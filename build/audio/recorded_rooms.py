"""Rooms that a phone recorded: the response of each, estimated from known music, and its other sounds.

A recording and the music that was played are aligned by a whitened cross-correlation and separated by a transfer
function into the response of loudspeaker, room and phone, and the rest, which is people talking and the room itself.
Other music with such a response and rest sounds as if played there. Rooms of train tracks are for training, rooms of
valid tracks for evaluation.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.fft
from scipy.signal import fftconvolve

from build.audio.read import read_clip
from build.audio.simulated_microphone import SAMPLE_RATE, Audio, Part, level
from build.files import code_digest
from build.tables.feature_table import SHARED_DATA

#: Samples of a response, and those of them before the direct sound.
N_RESPONSE, N_BEFORE = 8192, 512
#: The direct sound's neighbourhood is kept; after it a response fades by 1/e each so many samples, since the end of a
#: response that is estimated from ten seconds is mostly noise.
FADE = 2500
#: Minimum ratio of the correlation's peak to its root mean square for an alignment.
SHARPEST = 15.0
#: Frequencies that are correlated, in Hz, and the largest deviation of a recording's beginning in seconds.
BAND, SLACK_S = (150.0, 6000.0), 1.5
#: Music against all else, in decibels; the recordings themselves have -12 to 0 at their 10th and 90th percentile.
MUSIC_DB = (-12.0, 15.0)
#: RMS of the result, in decibels of full scale.
LEVEL_DB = (-48.0, -16.0)
#: Samples over which the end of one stretch of room noise is faded into the next.
N_JOINED = 1000


@dataclass(frozen=True)
class RecordedRoom:
    """A response (``N_RESPONSE``,), and the other sound (n,), at ``SAMPLE_RATE``."""

    response: Audio
    rest: Audio


@lru_cache(maxsize=2)
def recorded_rooms(part: Part, data: Path = SHARED_DATA) -> tuple[RecordedRoom, ...]:
    """Return a part's rooms; recordings that cannot be aligned are left out. Takes seconds."""
    rooms = []
    for recording, track, at_s in _pairs(part, data):
        recorded, played = read_clip(recording, SAMPLE_RATE), read_clip(track, SAMPLE_RATE)
        begin, sharpness = align(recorded, played, at_s)
        if sharpness > SHARPEST:
            rooms.append(take_apart(recorded, played[begin + N_BEFORE :]))
    return tuple(rooms)


@lru_cache(maxsize=2)
def recorded_rooms_digest(part: Part, data: Path = SHARED_DATA) -> str:
    """Return the SHA-256 of a part's recordings, the played music, and the code that computes rooms."""
    content = hashlib.sha256(code_digest(Path(__file__)).encode())
    for recording, track, _ in _pairs(part, data):
        content.update(recording.name.encode() + recording.read_bytes() + track.read_bytes())
    return f"{part.value} {content.hexdigest()}"


def _pairs(part: Part, data: Path) -> Iterator[tuple[Path, Path, float]]:
    """Yield recording, track and the place in it, in seconds, where the recording begins."""
    split = {Part.TRAINING: "train", Part.EVALUATION: "valid"}[part]
    with (data / "phone" / "tracks.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                track = data / "gtzan" / "audio" / row["genre"] / f"{row['track_id']}.ogg"
                yield data / "phone" / row["file"], track, float(row["at_s"])


def align(recorded: Audio, played: Audio, at_s: float) -> tuple[int, float]:
    """Return the sample of ``played`` at which ``recorded`` begins, near ``at_s``, and the sharpness of the peak."""
    first = max(0, round((at_s - SLACK_S) * SAMPLE_RATE))
    near = played[first : first + len(recorded) + round(2 * SLACK_S * SAMPLE_RATE)]
    n_fft = scipy.fft.next_fast_len(len(near) + len(recorded), real=True)
    product = scipy.fft.rfft(near, n_fft) * np.conj(scipy.fft.rfft(recorded, n_fft))
    product /= np.abs(product) + 1e-12
    hertz = np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    product[(hertz < BAND[0]) | (hertz > BAND[1])] = 0
    correlation = np.abs(scipy.fft.irfft(product, n_fft))
    place = int(correlation[: len(near)].argmax())
    return first + place, float(correlation[place] / level(correlation))


def take_apart(recorded: Audio, played: Audio) -> RecordedRoom:
    """Return a recording's response and the rest; ``played`` begins ``N_BEFORE`` samples later than the recording."""
    n = min(len(recorded), len(played))
    recorded, played = recorded[:n], played[:n]
    window = np.hanning(2 * N_RESPONSE)
    power, cross = np.zeros(N_RESPONSE + 1), np.zeros(N_RESPONSE + 1, dtype=np.complex128)
    for start in range(0, n - len(window) + 1, N_RESPONSE // 2):
        theirs, ours = (scipy.fft.rfft(part[start : start + len(window)] * window) for part in (played, recorded))
        power += np.abs(theirs) ** 2
        cross += np.conj(theirs) * ours
    response = scipy.fft.irfft(cross / (power + 1e-9 * power.max()))[:N_RESPONSE]
    after = np.arange(N_RESPONSE) - N_BEFORE
    response *= np.where(after < -64, 0.0, np.exp(-np.maximum(after, 0) / FADE))
    return RecordedRoom(response, recorded - fftconvolve(played, response)[:n])


def in_recorded_room(
    music: Audio,
    rooms: Sequence[RecordedRoom],
    rng: np.random.Generator,
    above_rest_db: tuple[float, float] = MUSIC_DB,
) -> Audio:
    """Return music (n,) at ``SAMPLE_RATE`` through one room's response, with the rest of others: same length.

    It is ``above_rest_db`` (a range) above the rest.
    """
    degraded = fftconvolve(music, rooms[rng.integers(len(rooms))].response)[: len(music)]
    noise = _rest(len(music), rooms, rng) * 10 ** (-rng.uniform(*above_rest_db) / 20)
    degraded = degraded / max(level(degraded), 1e-12) + noise
    return np.asarray(np.clip(degraded * 10 ** (rng.uniform(*LEVEL_DB) / 20) / level(degraded), -1.0, 1.0))


def _rest(n_samples: int, rooms: Sequence[RecordedRoom], rng: np.random.Generator) -> Audio:
    """Return stretches of the other sound of rooms, cross-faded, with RMS 1."""
    joined, end = np.zeros(n_samples + N_JOINED), 0
    rise = np.sqrt(np.linspace(0, 1, N_JOINED))
    while end < n_samples:
        rest = rooms[rng.integers(len(rooms))].rest
        stretch = rest[rng.integers(len(rest) // 3) :] / max(level(rest), 1e-12)
        stretch[:N_JOINED] *= rise
        stretch[-N_JOINED:] *= rise[::-1]
        taken = stretch[: len(joined) - end]
        joined[end : end + len(taken)] += taken
        end += len(stretch) - N_JOINED
    return joined[:n_samples] / max(level(joined[:n_samples]), 1e-12)
