"""The path from a loudspeaker through a room to a microphone, simulated on audio.

A device records music through a small loudspeaker, a room with echoes and noise, and a cheap microphone at the wrong
gain. ``simulate`` draws one such path. The rooms and noises that a model is evaluated with (``Part.EVALUATION``) are
never those that it may be trained with (``Part.TRAINING``).
"""

from __future__ import annotations

import enum
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyroomacoustics
import scipy.fft
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from build.audio.read import read_clip
from build.files import code_digest
from build.tables.feature_table import SHARED_DATA
from features_np.spec import FeatureSpec

Audio = NDArray[np.float64]

SAMPLE_RATE = FeatureSpec().sample_rate
#: Measured responses and ESC-10 folds that are kept for evaluation; the kitchen is, too.
EVALUATION_ROOMS = frozenset({"concrete_room", "omni-35-10", "impulse_response_0"})
EVALUATION_FOLD = "4"
N_SHOEBOXES = 6


class Part(enum.Enum):
    """Half of the rooms and noises."""

    TRAINING = "training"
    EVALUATION = "evaluation"


@dataclass(frozen=True)
class Surroundings:
    """Impulse responses and noises at ``SAMPLE_RATE``, each of shape (n,)."""

    rooms: tuple[Audio, ...]
    noises: tuple[Audio, ...]


@lru_cache(maxsize=2)
def surroundings(part: Part, data: Path = SHARED_DATA) -> Surroundings:
    """Return a part's rooms and noises: shoebox rooms, and the measured rooms and recorded noises under ``data``.

    Synthetic noise (``_coloured``) is drawn for both parts while simulating.
    """
    measured = sorted((data / "impulse_responses").glob("*.wav"))
    rooms = [path for path in measured if (path.stem in EVALUATION_ROOMS) == (part is Part.EVALUATION)]
    return Surroundings(
        rooms=(*(read_clip(path, SAMPLE_RATE) for path in rooms), *_shoeboxes(part)),
        noises=_noises(noise_files(part, data)),
    )


def noise_files(part: Part, data: Path = SHARED_DATA) -> list[Path]:
    """Return the recordings of a part's noises."""
    clips = sorted((data / "nomusic" / "esc10").glob("*/*.ogg"))
    noises = [path for path in clips if path.name.startswith(EVALUATION_FOLD) == (part is Part.EVALUATION)]
    if part is Part.EVALUATION:
        noises += sorted((data / "nomusic" / "noise").glob("*.ogg"))
    return noises


def part_of_fold(fold: int) -> Part:
    """Return the part whose rooms and noises belong to one fold of "no music": the last fold is that of evaluation."""
    return Part.EVALUATION if str(fold + 1) == EVALUATION_FOLD else Part.TRAINING


@lru_cache(maxsize=4)
def surroundings_of_fold(fold: int, data: Path = SHARED_DATA) -> Surroundings:
    """Return the rooms and noises for the windows of one fold of "no music": no noise of another fold's recordings."""
    part = part_of_fold(fold)
    files = [path for path in noise_files(part, data) if path.name.startswith(f"{fold + 1}-")]
    return Surroundings(surroundings(part, data).rooms, _noises(files))


def _noises(files: Iterable[Path]) -> tuple[Audio, ...]:
    clips = (read_clip(path, SAMPLE_RATE) for path in files)
    return tuple(clip for clip in clips if clip.std() > 0)


@lru_cache(maxsize=2)
def surroundings_digest(part: Part, data: Path = SHARED_DATA) -> str:
    """Return the SHA-256 of a part's rooms and noises, and of the code that simulates."""
    content = hashlib.sha256(code_digest(Path(__file__)).encode())
    for path in (*sorted((data / "impulse_responses").glob("*.wav")), *noise_files(part, data)):
        content.update(path.name.encode() + path.read_bytes())
    return f"{part.value} {content.hexdigest()}"


def simulate(music: NDArray[np.float32], around: Surroundings, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return music (n,) at ``SAMPLE_RATE`` as a microphone somewhere would record it: same length, within -1..1.

    A loudspeaker of limited band and uneven response; a room in seven cases of ten; noise 5 to 30 dB below; a gain
    over 30 dB, which may clip; 16 or 8 bits; a lossy codec in one case of five.
    """
    degraded = respond(music.astype(np.float64), _loudspeaker(rng))
    if rng.random() < 0.7:
        degraded = in_room(degraded, around.rooms[rng.integers(len(around.rooms))])
    degraded = degraded + _noise(len(degraded), around.noises, rng) * level(degraded) * 10 ** (-rng.uniform(5, 30) / 20)
    degraded = respond(degraded, smooth_curve(3.0, rng))
    peak = 10 ** (rng.uniform(-28, 2) / 20)  # of full scale
    recorded = np.clip(degraded * peak / max(np.abs(degraded).max(), 1e-9), -1.0, 1.0)
    recorded = _quantize(recorded, bits=8 if peak > 0.3 and rng.random() < 0.2 else 16)
    return _codec(recorded, rng) if rng.random() < 0.2 else recorded


def _loudspeaker(rng: np.random.Generator) -> Audio:
    hertz = _curve_frequencies()
    low, high = rng.uniform(50, 250), rng.uniform(5000, 11_000)
    limits = -10 * np.log10(1 + (low / hertz) ** 4) - 10 * np.log10(1 + (hertz / high) ** 8)
    return np.asarray(smooth_curve(6.0, rng) + limits)


def _curve_frequencies(n_points: int = 64) -> Audio:
    return np.geomspace(30.0, SAMPLE_RATE / 2, n_points)


def smooth_curve(peak_db: float, rng: np.random.Generator) -> Audio:
    """Return a random response in dB at ``_curve_frequencies``: cosines over log frequency, the finer the weaker."""
    places = np.linspace(0, 1, len(_curve_frequencies()))
    curve = np.zeros(len(places))
    for cycles in range(1, 7):
        curve += rng.standard_normal() / cycles**0.5 * np.cos(np.pi * cycles * places + rng.uniform(0, np.pi))
    return np.asarray(peak_db * curve / np.abs(curve).max())


def respond(audio: Audio, response_db: Audio) -> Audio:
    """Apply a response with zero phase."""
    n_fft = scipy.fft.next_fast_len(len(audio), real=True)
    hertz = np.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    gain = 10 ** (np.interp(hertz, _curve_frequencies(), response_db) / 20)
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(audio, n_fft) * gain, n_fft)[: len(audio)])


def in_room(audio: Audio, room: Audio) -> Audio:
    """Convolve audio with a room's response, at the original level."""
    wet = fftconvolve(audio, room)[: len(audio)]
    return np.asarray(wet * level(audio) / max(level(wet), 1e-12))


def level(audio: Audio) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(audio**2)))


def _noise(n_samples: int, noises: Sequence[Audio], rng: np.random.Generator) -> Audio:
    """Return noise of RMS 1: with equal chances a recording from a random start, or coloured noise."""
    if noises and rng.random() < 0.5:
        noise = np.roll(noises[rng.integers(len(noises))], rng.integers(SAMPLE_RATE))
        noise = np.resize(noise, n_samples)
    else:
        noise = _coloured(n_samples, rng)
    return noise / max(level(noise), 1e-12)


def _coloured(n_samples: int, rng: np.random.Generator) -> Audio:
    """Return noise whose density falls with frequency by 0 to 6 dB an octave: hiss to rumble."""
    slope_db = rng.uniform(-20, 0)
    return respond(rng.standard_normal(n_samples), slope_db * np.log10(_curve_frequencies() / 30.0))


def _quantize(audio: Audio, bits: int) -> NDArray[np.float32]:
    steps = 2 ** (bits - 1)
    stepped = np.clip(np.round(audio * steps), -steps, steps - 1) / steps
    return np.asarray(stepped, dtype=np.float32)


def _codec(audio: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Encode and decode as MP3 or Ogg Vorbis at a low rate."""
    file = io.BytesIO()
    kind, subtype = (("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"))[rng.integers(2)]
    level = rng.uniform(0.6, 0.95)  # of compression, 0 to 1
    soundfile.write(file, audio, SAMPLE_RATE, format=kind, subtype=subtype, compression_level=level)
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return np.asarray(np.resize(np.pad(decoded, (0, max(0, len(audio) - len(decoded)))), len(audio)))


def _shoeboxes(part: Part) -> list[Audio]:
    """Return responses of box-shaped rooms by the image-source method (Allen and Berkley 1979)."""
    rng = np.random.default_rng(1 if part is Part.TRAINING else 2)
    return [_shoebox(rng) for _ in range(N_SHOEBOXES)]


def _shoebox(rng: np.random.Generator) -> Audio:
    size = rng.uniform([2.5, 2.5, 2.3], [8.0, 6.0, 3.5])  # metres
    absorption = pyroomacoustics.Material(rng.uniform(0.15, 0.6))
    room = pyroomacoustics.ShoeBox(size, fs=SAMPLE_RATE, materials=absorption, max_order=10)
    room.add_source(size * rng.uniform(0.1, 0.9, 3))
    room.add_microphone(size * rng.uniform(0.1, 0.9, 3))
    room.compute_rir()
    return np.asarray(room.rir[0][0], dtype=np.float64)
