"""Rows of sound that is no music: windows of speech, animals, weather, machines, a kitchen, hum, hiss, near silence.

Everything passes a simulated microphone, so that neither the bandwidth of the speech (recorded at 16 kHz) nor the level
is a cue. For a listener that hears music in rooms that a phone recorded, the same sounds, and several people talking
over dishes, come through such rooms, too: otherwise the people who talk there would be the sign of music.
Windows come in four folds that share no recording, no speaker and no background noise of a simulated microphone, so
that each can be held out to evaluate a model of the others. The last fold is never trained on: evaluation takes its
noises and talkers from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.read import read_clip
from build.audio.recorded_rooms import in_recorded_room, recorded_rooms
from build.audio.simulated_microphone import (
    SAMPLE_RATE,
    level,
    part_of_fold,
    respond,
    simulate,
    smooth_curve,
    surroundings_of_fold,
)
from build.extract.parallel import in_order

N_FOLDS = 4
EVALUATION_FOLD = N_FOLDS - 1
KITCHEN = "kitchen"
#: Windows of people talking over dishes, and of dishes alone, in each fold; heard in recorded rooms alone.
TALKING, DISHES, N_TALKING, N_DISHES = "people talking", "dishes", 36, 16
#: End of the kinds of windows in a room that a phone recorded.
IN_ROOM = " in a recorded room"
#: Decibels of a window above the other sound of its room, in which a little of the played music is left.
ABOVE_REST_DB = (3.0, 20.0)
#: Lengths of windows in seconds, taken in turn.
WINDOW_S = (6.0, 10.0, 15.0)
N_GENERATED = 16  # windows of each kind in each fold
N_SPEECH = 36  # windows in each fold
N_CLASS = 9  # windows of each ESC-10 class in each fold
N_KITCHEN = 16

Audio = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of sound that is no music; ``kind`` is for reports, ``fold`` for cross-validation.

    It is heard through a simulated microphone, or in a room that a phone recorded.
    """

    kind: str
    fold: int
    seconds: float
    recordings: tuple[Path, ...] = ()  # none for a kind that is generated
    seed: tuple[int, ...] = ()
    in_room: bool = False

    @property
    def full_kind(self) -> str:
        """The kind, and whether a phone recorded the room."""
        return self.kind + (IN_ROOM if self.in_room else "")

    def audio(self) -> Audio:
        """Return the sound at ``SAMPLE_RATE``, the same at each call."""
        rng = np.random.default_rng(self.seed)
        n_samples = round(self.seconds * SAMPLE_RATE)
        if self.kind in GENERATORS:
            return GENERATORS[self.kind](n_samples, rng)
        if self.kind == KITCHEN:
            return _excerpt(read_clip(self.recordings[0], SAMPLE_RATE), n_samples, rng)
        if self.kind == TALKING:
            return _talking(self.recordings, n_samples, rng)
        if self.kind == DISHES:
            return _dishes(n_samples, rng)
        return _joined(self.recordings, n_samples, rng)

    def degraded(self) -> NDArray[np.float32]:
        """Return the sound as it is recorded, always the same: no noise of another fold in a simulated microphone's."""
        sound = self.audio()
        if self.in_room:
            rng, rooms = np.random.default_rng((*self.seed, 2)), recorded_rooms(part_of_fold(self.fold))
            return in_recorded_room(sound, rooms, rng, ABOVE_REST_DB).astype(np.float32)
        rng = np.random.default_rng((*self.seed, 1))  # another sequence than the window's own
        return simulate(sound.astype(np.float32), surroundings_of_fold(self.fold), rng)


def windows(data: Path, seed: int) -> list[Window]:
    """Return all windows, of the recordings under ``data`` (``nomusic/``) and of generators."""
    planned = [plan for fold in range(N_FOLDS) for plan in _plans(data / "nomusic", fold)]
    return [
        Window(kind, fold, WINDOW_S[number % len(WINDOW_S)], recordings, (seed, place, number))
        for place, (kind, fold, recordings, count) in enumerate(planned)
        for number in range(count)
    ]


def windows_in_rooms(data: Path, seed: int) -> list[Window]:
    """Return windows in rooms that a phone recorded: the sounds of all others, people talking, dishes."""
    planned = windows(data, seed)
    for fold in range(N_FOLDS):
        speech = next(tuple(paths) for kind, paths, _ in recorded(data / "nomusic", fold) if kind == "speech")
        for place, (kind, recordings, count) in enumerate(((TALKING, speech, N_TALKING), (DISHES, (), N_DISHES))):
            planned += [
                Window(kind, fold, WINDOW_S[number % len(WINDOW_S)], recordings, (seed, place, fold, number))
                for number in range(count)
            ]
    return [replace(window, in_room=True) for window in planned]


def windows_everywhere(data: Path, seed: int) -> list[Window]:
    """Return all windows, those through simulated microphones and those in rooms that a phone recorded."""
    return [*windows(data, seed), *windows_in_rooms(data, seed)]


def _plans(folder: Path, fold: int) -> Iterator[tuple[str, int, tuple[Path, ...], int]]:
    for kind, paths, count in recorded(folder, fold):
        yield kind, fold, tuple(paths), count
    if fold == EVALUATION_FOLD:
        yield KITCHEN, fold, (folder / "noise" / "kitchen.ogg",), N_KITCHEN
    for kind in GENERATORS:
        yield kind, fold, (), N_GENERATED


@dataclass(frozen=True)
class NoMusic:
    """Rows of windows that are no music, with the kind and the fold of each; without ``columns`` any columns fit."""

    rows: NDArray[np.float32]
    kinds: tuple[str, ...]
    folds: NDArray[np.int64]
    columns: tuple[str, ...] = ()

    def of(self, chosen: NDArray[np.bool_]) -> NoMusic:
        """Return the windows for which ``chosen``, shape (windows,), is true."""
        kinds = tuple(kind for kind, wanted in zip(self.kinds, chosen, strict=True) if wanted)
        return NoMusic(self.rows[chosen], kinds, self.folds[chosen], self.columns)

    def of_columns(self, columns: Sequence[str]) -> NoMusic:
        """Return the windows with these columns alone."""
        places = {name: place for place, name in enumerate(self.columns or columns)}
        return replace(self, rows=self.rows[:, [places[name] for name in columns]], columns=tuple(columns))

    def joined(self, other: NoMusic) -> NoMusic:
        """Return these windows and others with the same columns."""
        folds = np.concatenate([self.folds, other.folds])
        return NoMusic(np.vstack([self.rows, other.rows]), self.kinds + other.kinds, folds, self.columns)

    def training(self) -> NoMusic:
        """Return the windows that may train: those of all folds but evaluation's."""
        return self.of(self.folds != EVALUATION_FOLD)

    def kept_apart(self, *, in_rooms: bool = False) -> NoMusic:
        """Return the windows of evaluation's fold: through simulated microphones, or in rooms that a phone recorded."""
        return self.of((self.folds == EVALUATION_FOLD) & (self.in_rooms == in_rooms))

    @property
    def in_rooms(self) -> NDArray[np.bool_]:
        """Which windows are in a room that a phone recorded, shape (windows,)."""
        return np.array([kind.endswith(IN_ROOM) for kind in self.kinds], dtype=np.bool_)

    @property
    def recordings(self) -> list[str]:
        """One name for the recordings behind each window: windows of one kind and fold share theirs."""
        kinds = (kind.removesuffix(IN_ROOM) for kind in self.kinds)
        return [f"{kind} {fold}" for kind, fold in zip(kinds, self.folds, strict=True)]


def hear(data: Path, describe: Callable[[NDArray[np.float32]], NDArray[np.float32]], seed: int) -> NoMusic:
    """Return one row for each window, through a simulated microphone."""
    return hear_windows(windows(data, seed), describe)


def hear_windows(planned: Sequence[Window], describe: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> NoMusic:
    """Return one row for each of some windows; see ``hear``."""
    vectors = dict(in_order(partial(_vector, describe=describe), planned, "no music"))
    return NoMusic(
        rows=np.array([vectors[window] for window in planned]),
        kinds=tuple(window.full_kind for window in planned),
        folds=np.array([window.fold for window in planned]),
    )


def _vector(
    window: Window, describe: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> tuple[Window, NDArray[np.float32]]:
    return window, describe(window.degraded())


def recorded(folder: Path, fold: int) -> Iterator[tuple[str, list[Path], int]]:
    """Yield kind, files and number of windows of each kind of recording in a fold."""
    speech = sorted((folder / "speech").glob("*.ogg"))
    speakers = sorted({path.name.split("-")[0] for path in speech})
    chosen = set(speakers[fold::N_FOLDS])
    yield "speech", [path for path in speech if path.name.split("-")[0] in chosen], N_SPEECH
    for folder_of_class in sorted((folder / "esc10").iterdir()):
        yield folder_of_class.name, sorted(folder_of_class.glob(f"{fold + 1}-*.ogg")), N_CLASS


def _joined(recordings: Sequence[Path], n_samples: int, rng: np.random.Generator) -> Audio:
    """Join recordings in random order until they last long enough."""
    taken: list[Audio] = []
    while sum(map(len, taken)) < n_samples:
        taken.append(read_clip(recordings[rng.integers(len(recordings))], SAMPLE_RATE))
    return np.asarray(np.concatenate(taken)[:n_samples])


def _excerpt(audio: Audio, n_samples: int, rng: np.random.Generator) -> Audio:
    n_samples = min(n_samples, len(audio))
    start = rng.integers(0, len(audio) - n_samples + 1)
    return np.asarray(audio[start : start + n_samples])


def _talking(recordings: Sequence[Path], n_samples: int, rng: np.random.Generator) -> Audio:
    """Two to eight people at once, nearer or further, half of the time over dishes."""
    sound = np.zeros(n_samples)
    for _ in range(rng.integers(2, 9)):
        voice = _joined(recordings, n_samples, rng)
        sound += 10 ** (-rng.uniform(0, 12) / 20) * voice / max(level(voice), 1e-9)
    if rng.random() < 0.5:
        dishes = _dishes(n_samples, rng)
        sound += 10 ** (rng.uniform(-15, 5) / 20) * level(sound) * dishes / max(level(dishes), 1e-9)
    return np.asarray(0.03 * sound)


def _dishes(n_samples: int, rng: np.random.Generator) -> Audio:
    """Clinks of china, glass and cutlery, each of a few inharmonic partials that fade, over a little noise."""
    sound = rng.uniform(0.001, 0.03) * _hiss(n_samples, rng)
    for _ in range(rng.poisson(rng.uniform(0.7, 5.0) * n_samples / SAMPLE_RATE) + 1):
        length = SAMPLE_RATE // 2
        time = np.arange(length) / SAMPLE_RATE
        clink = np.zeros(length)
        for hertz in rng.uniform(600, 9000, rng.integers(2, 9)):
            fading = np.exp(-time / rng.uniform(0.004, 0.12))
            clink += rng.exponential() * fading * np.sin(2 * np.pi * hertz * time + rng.uniform(0, 2 * np.pi))
        clink += rng.exponential() * rng.standard_normal(length) * np.exp(-time / rng.uniform(0.001, 0.01))
        start = rng.integers(0, n_samples)
        sound[start : start + length] += 0.1 * rng.lognormal(0, 0.7) * clink[: n_samples - start]
    return np.asarray(sound)


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
    for order, (strength, phase) in enumerate(zip(harmonics, phases, strict=True), start=1):
        sound = sound + 0.1 * strength * np.sin(2 * np.pi * mains * order * time + phase)
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
