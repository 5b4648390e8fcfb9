"""Progress of listening, handed to a replacing process in the environment, which survives ``exec``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass

VARIABLE = "LIVEGENRE_PROGRESS"


@dataclass(frozen=True, slots=True)
class Progress:
    """The counters of ``Stats``, and the positions on the clocks."""

    audio_s: float = 0.0  # seconds on the source's timeline
    dropped_s: float = 0.0
    updates: int = 0
    gaps: int = 0
    restarts: int = 0
    away_since: float | None = None  # when the last audio came, in seconds on the steady clock; None at the beginning


def hand_over(progress: Mapping[str, Progress]) -> None:
    """Hand it to the process that replaces this one, by room; "" stands for a source without a name."""
    os.environ[VARIABLE] = json.dumps({room: asdict(of_room) for room, of_room in progress.items()})


def take_over_all() -> dict[str, Progress]:
    """Take over another process's progress by room, once; nothing if there is none."""
    with suppress(ValueError, TypeError, AttributeError):
        found = json.loads(os.environ.pop(VARIABLE, "{}"))
        return {room: Progress(**of_room) for room, of_room in found.items()}
    return {}


def take_over() -> Progress:
    """Take over the progress of the only source, once; the beginning if there is none."""
    return take_over_all().get("", Progress())
