"""The decision on what to show, given the model's answers: pure functions over a small frozen memory.

A model with a new window every second changes its answer more often than the music changes. Logarithms of probabilities
are smoothed, and the shown genre is replaced only by one that has led clearly for a while: hysteresis in level and in
time. That time grows with the age of the record: just after its beginning a leading genre is shown at once, since the
change of sound confirms it, and a mistaken first answer is corrected quickly. A shown genre that is nearly ruled out is
dropped within the same time, even if the others alternate in leading: then "unsure" is shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.checked import between, setting
from edge.events import State

#: The label of a model for sound that is not music.
NO_MUSIC = "no_music"
#: Lower bound of probabilities: one bad window must not rule a genre out for minutes.
FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """The constants of the decision, with their units.

    Those from ``smoothing_s`` on were chosen on the 300 full tracks of GTZAN's train list, played without a pause, each
    to a model that had not been trained on its artist (build/report/listening_findings.md has the alternatives);
    ``python -m tests.benchmarks.records`` measures them.
    """

    #: RMS below which nothing is classified; quiet rooms record at -75 to -60 dBFS.
    silence_dbfs: float = setting(-60.0, between(-120, 0))
    #: How far above that the level must rise to end a shown silence.
    silence_hysteresis_db: float = setting(3.0, between(0, 40))
    silence_after_s: float = setting(2.0, between(0, 600))  # rests in music are shorter
    #: Time constant of the smoothing; the window itself already smooths.
    smoothing_s: float = setting(0.3, between(0.01, 600))
    #: Smoothed probability that a genre needs to be shown; 0.1 is chance for ten.
    unsure_below: float = setting(0.15, between(0, 1))
    lead: float = setting(4.0, between(1, 100))  # a new genre must be this many times as probable as the shown one
    #: Until so much of a record has been heard, that is enough, since the sound has changed, too.
    at_once_s: float = setting(10.0, between(0, 600))
    settled_after_s: float = setting(26.5, between(0, 600))  # from then to here the time that it must lead grows
    lead_for_s: float = setting(7.0, between(0, 600))  # and from here on for so long

    def contradiction(self) -> tuple[str, str] | None:
        """Return the setting that contradicts another, and how; see ``edge.checked``."""
        if self.at_once_s <= self.settled_after_s:
            return None
        return "at_once_s", f"is {self.at_once_s}, must be at most settled_after_s ({self.settled_after_s})"

    def lead_after(self, record_s: float) -> float:
        """Return the seconds that a new genre must lead, ``record_s`` after the record began."""
        if record_s >= self.settled_after_s:
            return self.lead_for_s
        return self.lead_for_s * max(record_s - self.at_once_s, 0.0) / max(self.settled_after_s - self.at_once_s, 1e-9)


@dataclass(frozen=True, slots=True)
class Shown:
    """The state and genre that a person sees; a genre with ``State.MUSIC`` alone."""

    state: State
    genre: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionMemory:
    """The state of the decision between updates."""

    shown: Shown = Shown(State.WARMING_UP)
    smoothed: tuple[float, ...] = ()  # probabilities in the order of the labels; empty before the first
    quiet_s: float = 0.0  # how long the level has been below the threshold
    rival: Shown | None = None  # what is about to replace the shown
    rival_s: float = 0.0  # since how long
    #: Since how long what is shown is less probable than ``unsure_below``; None: it isn't.
    doubted_s: float | None = None


def hear_level(
    memory: DecisionMemory, level_dbfs: float | None, elapsed_s: float, settings: DecisionSettings
) -> DecisionMemory:
    """Take in the level of the last ``elapsed_s`` seconds: enters and leaves ``silence``.

    While ``memory.quiet_s`` is above zero there is nothing to classify. The end of a silence resets the decision:
    another piece follows.
    """
    threshold = settings.silence_dbfs
    if memory.shown.state is State.SILENCE:
        threshold += settings.silence_hysteresis_db
    if level_dbfs is not None and level_dbfs >= threshold:
        return DecisionMemory() if memory.shown.state is State.SILENCE else replace(memory, quiet_s=0.0)
    memory = replace(memory, quiet_s=memory.quiet_s + elapsed_s)
    if memory.quiet_s >= settings.silence_after_s and memory.shown.state is not State.SILENCE:
        return DecisionMemory(shown=Shown(State.SILENCE), quiet_s=memory.quiet_s)
    return memory


def hear_probabilities(
    memory: DecisionMemory,
    labels: Sequence[str],
    probabilities: NDArray[np.float32],
    *,
    elapsed_s: float,
    record_s: float,
    settings: DecisionSettings,
) -> DecisionMemory:
    """Take in the model's ``probabilities``, one per label, ``elapsed_s`` seconds after the ones before.

    They are of the last ``record_s`` seconds, the known length of the record.
    """
    smoothed = _smooth(memory.smoothed, probabilities, elapsed_s / settings.smoothing_s)
    by_label = dict(zip(labels, smoothed, strict=True))
    is_first = not memory.smoothed  # of a record: the change of sound confirms it
    memory = replace(memory, smoothed=smoothed, doubted_s=_doubted_s(memory, by_label, elapsed_s, settings))
    lead_for_s = settings.lead_after(record_s)
    best = _best(_label(memory.shown), by_label, settings)
    if best == memory.shown:
        return replace(memory, rival=None, rival_s=0.0)
    rival_s = memory.rival_s + elapsed_s if best == memory.rival else 0.0
    if is_first or rival_s >= lead_for_s:
        return replace(memory, shown=best, rival=None, rival_s=0.0, doubted_s=None)
    memory = replace(memory, rival=best, rival_s=rival_s)
    if memory.doubted_s is not None and memory.doubted_s >= lead_for_s:  # others alternated in leading
        return replace(memory, shown=Shown(State.UNSURE), doubted_s=None)
    return memory


def new_record(memory: DecisionMemory) -> DecisionMemory:
    """Forget the previous record; its genre stays shown until the new one is known."""
    return replace(memory, smoothed=(), rival=None, rival_s=0.0)


def confidence(memory: DecisionMemory, labels: Sequence[str]) -> float | None:
    """Return the smoothed probability of the shown genre; None when no genre is shown."""
    if memory.shown.genre is None or not memory.smoothed:
        return None
    return memory.smoothed[list(labels).index(memory.shown.genre)]


def _label(shown: Shown) -> str | None:
    return NO_MUSIC if shown.state is State.NO_MUSIC else shown.genre


def _doubted_s(
    memory: DecisionMemory, smoothed: dict[str, float], elapsed_s: float, settings: DecisionSettings
) -> float | None:
    label = _label(memory.shown)
    if label is None or smoothed[label] >= settings.unsure_below:
        return None
    return 0.0 if memory.doubted_s is None else memory.doubted_s + elapsed_s


def _smooth(before: tuple[float, ...], probabilities: NDArray[np.float32], time_constants: float) -> tuple[float, ...]:
    now = np.log(np.maximum(probabilities.astype(np.float64), FLOOR))
    if before:
        keep = math.exp(-time_constants)
        now = keep * np.log(np.maximum(before, FLOOR)) + (1.0 - keep) * now
    powers = np.exp(now - now.max())
    return tuple((powers / powers.sum()).tolist())


def _best(label_shown: str | None, smoothed: dict[str, float], settings: DecisionSettings) -> Shown:
    """Return what to show: the shown genre unless another leads it clearly, or it is nearly ruled out."""
    leader = max(smoothed, key=lambda label: smoothed[label])
    if label_shown is not None and smoothed[label_shown] >= settings.unsure_below:
        leader = leader if smoothed[leader] >= settings.lead * smoothed[label_shown] else label_shown
    if smoothed[leader] < settings.unsure_below:
        return Shown(State.UNSURE)
    return Shown(State.NO_MUSIC) if leader == NO_MUSIC else Shown(State.MUSIC, leader)
