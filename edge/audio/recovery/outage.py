"""The health of a source that can go away and come back: a pure state machine.

::

    OPENING ──audio──▶ HEALTHY ──nothing for a while, or only zeros──▶ STALLED ─┐
       │                 │  ▲                                                   │ retry time
       │ failure         │  └──────────audio (restored)──────────┐              ▼
       └──────────────▶ LOST ◀────────────failure────────────── RETRYING ◀──────┘
                         └───────────────retry time───────────────▲

Times are seconds on the steady clock, given by the caller. Each function returns the next state and, where an outage
begins or ends, the one chunk that says so. How long "a while" is depends on the kind of source: ``Patience``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from edge.events import Lost, Restored

#: Seconds of audio without an outage after which earlier attempts no longer count: a source that repeatedly fails
#: sooner is retried ever more rarely.
STEADY_S = 10.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds before the first new attempt, doubled each time, and the longest that it gets."""

    first_s: float
    longest_s: float

    def before(self, attempt: int) -> float:
        """Return the pause before an attempt, the first being 0."""
        return min(self.first_s * 2.0 ** min(attempt, 32), self.longest_s)


#: A device must be in use again within 5 s of its return, so the pause plus the time to open stays below that.
SOON = Pause(0.25, 2.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a kind of source may be quiet, and before it is opened again; ``inf`` is never."""

    #: After it was opened. The monitor of a PulseAudio null sink that was idle begins after 2 s.
    first_audio_s: float = 5.0
    #: Between two pieces of audio; devices deliver about every half second.
    stall_s: float = 2.0
    #: Of exact zeros: no real microphone is that quiet, but the monitor of a sound server is between two songs.
    zeros_s: float = inf
    when_lost: Pause = SOON
    when_stalled: Pause = SOON
    #: Reopening a device that gives zeros interrupts what may be a quiet evening.
    when_zeros: Pause = Pause(10.0, 60.0)


class Phase(StrEnum):
    """State of a source, from healthy to lost."""

    OPENING = "opening"  # no audio has come yet, ever
    HEALTHY = "healthy"
    STALLED = "stalled"  # open, and giving nothing or zeros
    LOST = "lost"  # not open; it will be tried again
    RETRYING = "retrying"  # open again, without audio so far


@dataclass(frozen=True, slots=True)
class Health:
    """State of a source; ``*_at``, ``*_from`` and ``*_to`` are seconds on the caller's clock."""

    phase: Phase
    audio_at: float  # when audio last came, or when the source was last opened
    sounded_at: float  # when audio other than zeros last came
    recorded_to: float  # when the end of that audio was recorded: before ``audio_at`` if it waited
    outage_from: float | None = None  # where the missing audio begins; None without an outage
    zeros: bool = False  # the outage is one of exact zeros: audio arrives without content
    healthy_from: float = inf  # since when audio has come without an outage
    attempts: int = 0
    retry_at: float = 0.0
    patience: Patience = Patience()


Step = tuple[Health, Lost | Restored | None]


def opening(now: float, patience: Patience) -> Health:
    """Return the state of a source that is about to be opened for the first time."""
    return Health(Phase.OPENING, now, now, now, patience=patience)


def opened(health: Health, now: float) -> Health:
    """The source was opened (again)."""
    phase = Phase.OPENING if health.phase is Phase.OPENING else Phase.RETRYING
    return replace(health, phase=phase, audio_at=now)


def audio_came(health: Health, now: float, *, seconds: float, zeros: bool, age_s: float = 0.0) -> Step:
    """Audio of that many ``seconds`` came, ``age_s`` after it was recorded; ``zeros`` if all of it was exactly zero."""
    recorded = now - age_s
    health = replace(health, audio_at=now, recorded_to=recorded, sounded_at=health.sounded_at if zeros else now)
    if health.outage_from is None:
        healthy_from = health.healthy_from if health.phase is Phase.HEALTHY else now
        return replace(health, phase=Phase.HEALTHY, healthy_from=healthy_from), None
    if zeros and health.zeros:
        return (_retry_later(health, Phase.STALLED, now) if health.phase is Phase.RETRYING else health), None
    restored = Restored(max(0.0, recorded - seconds - health.outage_from))
    health = replace(health, phase=Phase.HEALTHY, sounded_at=now, outage_from=None, zeros=False, healthy_from=now)
    return health, restored


def skipped(health: Health, now: float, lost_s: float) -> Health:
    """``lost_s`` seconds of audio are known to be missing after what came last: the source itself is well."""
    recorded_to, sounded_at = (min(now, then + lost_s) for then in (health.recorded_to, health.sounded_at))
    return replace(health, audio_at=now, recorded_to=recorded_to, sounded_at=sounded_at)


def hung(health: Health, now: float, reason: str) -> Step:
    """Opening it has taken too long, and goes on."""
    return _outage(health, now, Lost(stalled=True, reason=reason))


def failed(health: Health, now: float, reason: str) -> Step:
    """The stream ended or could not be opened."""
    health, lost = _outage(replace(health, zeros=False), now, Lost(stalled=False, reason=reason))
    return _retry_later(health, Phase.LOST, now), lost


def waited(health: Health, now: float) -> Step:
    """Time passed while it was open: notices a source that has stopped delivering."""
    patience = health.patience
    quiet_s = patience.first_audio_s if health.phase in (Phase.OPENING, Phase.RETRYING) else patience.stall_s
    waiting = health.zeros or health.phase in (Phase.HEALTHY, Phase.OPENING, Phase.RETRYING)
    if waiting and now - health.audio_at >= quiet_s:
        lost = Lost(stalled=True, reason=f"no audio for {quiet_s:.0f} s")
        health, event = _outage(replace(health, zeros=False), now, lost)
        return _retry_later(health, Phase.STALLED, now), event
    if health.phase is Phase.HEALTHY and now - health.sounded_at >= patience.zeros_s:
        lost = Lost(stalled=True, reason=f"only zeros for {patience.zeros_s:.0f} s: muted, or nothing is connected")
        health, event = _outage(replace(health, zeros=True), now, lost)
        return _retry_later(health, Phase.STALLED, now), event
    return health, None


def due(health: Health, now: float) -> bool:
    """Return True if the source should be opened again now."""
    return health.phase in (Phase.STALLED, Phase.LOST) and now >= health.retry_at


def _outage(health: Health, now: float, lost: Lost) -> tuple[Health, Lost | None]:
    if health.outage_from is not None:
        return health, None
    attempts = 0 if now - health.healthy_from >= STEADY_S else health.attempts
    missing_from = health.recorded_to
    return replace(health, outage_from=missing_from, attempts=attempts), replace(lost, missing_from=missing_from)


def _retry_later(health: Health, phase: Phase, now: float) -> Health:
    patience = health.patience
    when = patience.when_zeros if health.zeros else patience.when_lost if phase is Phase.LOST else patience.when_stalled
    pause = when.before(health.attempts)
    return replace(health, phase=phase, attempts=health.attempts + 1, retry_at=now + pause)
