"""The health of a source that can go away and come back: a pure state machine.

::

    OPENING ──audio──▶ HEALTHY ──nothing for 2 s, or zeros for 10 s──▶ STALLED ─┐
       │                 │  ▲                                                   │ retry time
       │ failure         │  └──────────audio (restored)──────────┐              ▼
       └──────────────▶ LOST ◀────────────failure────────────── RETRYING ◀──────┘
                         └───────────────retry time───────────────▲

Times are seconds on a monotonic clock, given by the caller. Each function returns the next state and, where an
outage begins or ends, the one chunk that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.events import Lost, Restored

#: Seconds without any audio after which a device counts as stalled; devices deliver about every 0.1 s.
STALL_S = 2.0
#: Seconds of exact zeros after which a device counts as stalled: no real microphone is that quiet, but the monitor
#: of a sound server is between two songs.
ZEROS_S = 10.0
#: Seconds before the first new attempt, doubled each time, and the longest pause. The device must be in use again
#: within 5 s of its return, so the pause plus the time to open stays below that.
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 2.0
#: The longest pause for a device that delivers zeros: opening it again interrupts what may just be a quiet evening.
LAST_ZEROS_RETRY_S = 60.0


class Phase(StrEnum):
    """Where a source is between healthy and lost."""

    OPENING = "opening"  # no audio has come yet, ever
    HEALTHY = "healthy"
    STALLED = "stalled"  # open, and giving nothing or zeros
    LOST = "lost"  # not open; it will be tried again
    RETRYING = "retrying"  # open again, and not yet heard


@dataclass(frozen=True, slots=True)
class Health:
    """State of a source; ``*_at`` are seconds on the caller's monotonic clock."""

    phase: Phase
    heard_at: float  # when audio last came, or when the source was last opened
    sounded_at: float  # when audio other than zeros last came
    heard_to: float  # when the end of that audio was recorded: before ``heard_at`` if it waited
    outage_from: float | None = None  # where the missing audio begins; None without an outage
    zeros: bool = False  # the outage is one of exact zeros: audio comes, and means nothing
    attempts: int = 0
    retry_at: float = 0.0


Step = tuple[Health, Lost | Restored | None]


def opening(now: float) -> Health:
    """Return the state of a source that is about to be opened for the first time."""
    return Health(Phase.OPENING, now, now, now)


def opened(health: Health, now: float) -> Health:
    """The source was opened (again)."""
    phase = Phase.OPENING if health.phase is Phase.OPENING else Phase.RETRYING
    return replace(health, phase=phase, heard_at=now)


def heard(health: Health, now: float, *, seconds: float, zeros: bool, age_s: float = 0.0) -> Step:
    """Audio of that many ``seconds`` came, ``age_s`` after it was recorded; ``zeros`` if all of it was exactly zero."""
    recorded = now - age_s
    health = replace(health, heard_at=now, heard_to=recorded, sounded_at=health.sounded_at if zeros else now)
    if health.outage_from is None:
        return replace(health, phase=Phase.HEALTHY), None
    if zeros and health.zeros:
        return (_retry_later(health, Phase.STALLED, now) if health.phase is Phase.RETRYING else health), None
    return Health(Phase.HEALTHY, now, now, recorded), Restored(max(0.0, recorded - seconds - health.outage_from))


def failed(health: Health, now: float, reason: str) -> Step:
    """The stream ended or could not be opened."""
    health, lost = _outage(replace(health, zeros=False), Lost(stalled=False, reason=reason))
    return _retry_later(health, Phase.LOST, now), lost


def waited(health: Health, now: float) -> Step:
    """Time passed: notices a source that has stopped delivering."""
    waiting = health.zeros or health.phase in (Phase.HEALTHY, Phase.OPENING, Phase.RETRYING)
    if waiting and now - health.heard_at >= STALL_S:
        lost = Lost(stalled=True, reason=f"no audio for {STALL_S:.0f} s")
        health, event = _outage(replace(health, zeros=False), lost)
        return _retry_later(health, Phase.STALLED, now), event
    if health.phase is Phase.HEALTHY and now - health.sounded_at >= ZEROS_S:
        lost = Lost(stalled=True, reason=f"only zeros for {ZEROS_S:.0f} s: muted, or nothing is connected")
        health, event = _outage(replace(health, zeros=True), lost)
        return _retry_later(health, Phase.STALLED, now), event
    return health, None


def due(health: Health, now: float) -> bool:
    """Whether the source should be opened again now."""
    return health.phase in (Phase.STALLED, Phase.LOST) and now >= health.retry_at


def _outage(health: Health, lost: Lost) -> tuple[Health, Lost | None]:
    if health.outage_from is not None:
        return health, None
    return replace(health, outage_from=health.heard_to), lost


def _retry_later(health: Health, phase: Phase, now: float) -> Health:
    first, last = (ZEROS_S, LAST_ZEROS_RETRY_S) if health.zeros else (FIRST_RETRY_S, LAST_RETRY_S)
    pause = min(first * 2.0**health.attempts, last)
    return replace(health, phase=phase, attempts=health.attempts + 1, retry_at=now + pause)
