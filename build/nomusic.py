"""What is no music: windows of speech, animals, weather, machines, a kitchen, hum, hiss and near silence, as rows.

Everything is heard through a simulated microphone, so that neither the speech's bandwidth (it was recorded at 16 kHz)
nor the level gives it away. Windows come in four folds that share no recording and no speaker, so that each can be
held out to measure what the others have taught.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from build.augment import SAMPLE_RATE, Part, respond, simulate, smooth_curve, surroundings
from build.console import progress
from features_np import summarize
from features_np.spec import FeatureSpec

N_FOLDS = 4
#: Lengths of windows in seconds, taken in turn.
WINDOW_S = (6.0, 10.0, 15.0)
N_GENERATED = 8  # windows of each kind in each fold
N_SPEECH = 12  # windows in each fold
N_CLASS = 3  # windows of each ESC-10 class in each fold
N_KITCHEN = 6

Audio = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of sound that is no music; ``kind`` is for reports, ``fold`` for holding out."""

    kind: str
    fold: int
    audio: Audio


def windows(data: Path, seed: int) -> Iterator[Window]:
    """Yield all windows from the recordings under ``data`` (``nomusic/``) and from generators."""
    rng = np.random.default_rng(seed)
    for fold in range(N_FOLDS):
        for kind, paths, count in recorded(data / "nomusic", fold):
            audio = [_read(path) for path in paths]
            for number in range(count):
                yield Window(kind, fold, _joined(audio, WINDOW_S[number % len(WINDOW_S)], rng))
        kitchen = np.array_split(_read(data / "nomusic" / "noise" / "kitchen.ogg"), N_FOLDS)[fold]
        for number in range(N_KITCHEN):
            yield Window("kitchen", fold, _excerpt(kitchen, WINDOW_S[number % len(WINDOW_S)], rng))
        for kind, generate in GENERATORS.items():
            for number in range(N_GENERATED):
                yield Window(kind, fold, generate(round(WINDOW_S[number % len(WINDOW_S)] * SAMPLE_RATE), rng))


@dataclass(frozen=True)
class NoMusic:
    """Rows of windows that are no music, with the kind and the fold of each."""

    rows: NDArray[np.float32]
    kinds: NDArray[np.int64]
    folds: NDArray[np.int64]


def hear(data: Path, spec: FeatureSpec, seed: int) -> NoMusic:
    """Return one row a window, as heard through a simulated microphone."""
    around = surroundings(Part.TRAINING)
    vectors, kinds, folds = [], [], []
    with progress() as bar:
        for number, window in enumerate(bar.track(windows(data, seed), description="no music")):
            rng = np.random.default_rng((seed, number))
            vectors.append(summarize(simulate(window.audio.astype(np.float32), around, rng), spec))
            kinds.append(window.kind)
            folds.append(window.fold)
    return NoMusic(np.array(vectors), np.unique(kinds, return_inverse=True)[1], np.array(folds))


def recorded(folder: Path, fold: int) -> Iterator[tuple[str, list[Path], int]]:
    """Yield kind, files and number of windows of what is recorded in a fold."""
    speech = sorted((folder / "speech").glob("*.ogg"))
    speakers = sorted({path.name.split("-")[0] for path in speech})
    chosen = set(speakers[fold::N_FOLDS])
    yield "speech", [path for path in speech if path.name.split("-")[0] in chosen], N_SPEECH
    for folder_of_class in sorted((folder / "esc10").iterdir()):
        yield folder_of_class.name, sorted(folder_of_class.glob(f"{fold + 1}-*.ogg")), N_CLASS


def _joined(pieces: list[Audio], seconds: float, rng: np.random.Generator) -> Audio:
    """Join pieces in random order until they last long enough."""
    n_samples = round(seconds * SAMPLE_RATE)
    taken: list[Audio] = []
    while sum(map(len, taken)) < n_samples:
        taken.append(pieces[rng.integers(len(pieces))])
    return np.asarray(np.concatenate(taken)[:n_samples])


def _excerpt(audio: Audio, seconds: float, rng: np.random.Generator) -> Audio:
    n_samples = min(round(seconds * SAMPLE_RATE), len(audio))
    start = rng.integers(0, len(audio) - n_samples + 1)
    return np.asarray(audio[start : start + n_samples])


def _hiss(n_samples: int, rng: np.random.Generator) -> Audio:
    """Noise of any colour between white and falling by 9 dB an octave."""
    slope = np.linspace(0, -30 * rng.random(), len(smooth_curve(0.0, rng)))
    return np.asarray(0.1 * respond(rng.standard_normal(n_samples), slope + smooth_curve(3.0, rng)))


def _hum(n_samples: int, rng: np.random.Generator) -> Audio:
    """Mains hum with random harmonics over a little noise: a transformer, a fridge, a bad cable."""
    time = np.arange(n_samples) / SAMPLE_RATE
    mains = rng.choice([50.0, 60.0]) * rng.uniform(0.998, 1.002)
    harmonics = rng.exponential(1.0, 12) / np.arange(1, 13)
    phases = rng.uniform(0, 2 * np.pi, 12)
    sound = rng.uniform(0.02, 0.5) * _hiss(n_samples, rng)
    for order, (level, phase) in enumerate(zip(harmonics, phases, strict=True), start=1):
        sound = sound + 0.1 * level * np.sin(2 * np.pi * mains * order * time + phase)
    return sound


def _idle_room(n_samples: int, rng: np.random.Generator) -> Audio:
    """Noise near silence with now and then a knock."""
    room = _hiss(n_samples, rng)
    for _ in range(rng.poisson(n_samples / SAMPLE_RATE / 5)):
        knock = rng.standard_normal(2000) * np.exp(-np.arange(2000) / rng.uniform(50, 400))
        start = rng.integers(0, max(n_samples - 2000, 1))
        room[start : start + 2000] += rng.uniform(0.2, 2.0) * knock[: n_samples - start]
    return np.asarray(0.01 * room)


GENERATORS = {"hiss": _hiss, "hum": _hum, "idle_room": _idle_room}


def _read(path: Path) -> Audio:
    audio, _ = soundfile.read(path, dtype="float64")
    return np.asarray(audio)
