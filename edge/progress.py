"""Progress of listening, which a process that takes this one's place goes on from.

It is handed over in the environment, which is all that outlasts ``exec``.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass

VARIABLE = "LIVEGENRE_PROGRESS"


@dataclass(frozen=True, slots=True)
class Progress:
    """The counters of ``Stats``, and where on the clocks listening stands."""

    audio_s: float = 0.0  # seconds on the source's timeline
    dropped_s: float = 0.0
    updates: int = 0
    gaps: int = 0
    restarts: int = 0
    away_since: float | None = None  # when the last audio came, in seconds on the steady clock; None at the beginning


def hand_over(progress: Progress) -> None:
    """Leave it to the process that this one becomes."""
    os.environ[VARIABLE] = json.dumps(asdict(progress))


def take_over() -> Progress:
    """Take what another process left, once; the beginning if none did."""
    with suppress(ValueError, TypeError):
        return Progress(**json.loads(os.environ.pop(VARIABLE, "{}")))
    return Progress()
