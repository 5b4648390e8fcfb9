"""Progress of listening, handed to a replacing process in the environment, which survives ``exec``."""

from __future__ import annotations

import json
import os
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


def hand_over(progress: Progress) -> None:
    """Hand it to the process that replaces this one."""
    os.environ[VARIABLE] = json.dumps(asdict(progress))


def take_over() -> Progress:
    """Take over another process's progress, once; the beginning if there is none."""
    with suppress(ValueError, TypeError):
        return Progress(**json.loads(os.environ.pop(VARIABLE, "{}")))
    return Progress()
