"""The data that flows through the device: blocks of audio in, events out.

Every event is frozen and carries ``audio_s``: seconds on the source's own timeline since listening began. Audio that
was lost counts too, so that the difference of two ``audio_s`` is a duration whatever the wall clock does meanwhile.
``time`` is the wall clock when the audio at ``audio_s`` was recorded, regardless of processing delays: for people, and
for joining with other logs. For ``Started``, ``Stats``, ``Stopped`` and ``Tick`` it is the time of the event.

The JSON names are the field names; they change only together with ``SCHEMA``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.words import encodable

#: Version of the JSON lines, in each of them. Fields may be added within a version; none changes or goes away.
SCHEMA = 1

#: Marks fields for sinks within the program, which are not part of the JSON lines.
INTERNAL = "internal"


class State(StrEnum):
    """The state that is shown; with ``MUSIC`` alone there is a genre."""

    WARMING_UP = "warming_up"  # too little audio for an answer
    MUSIC = "music"
    UNSURE = "unsure"  # there is sound, but no genre is probable enough
    SILENCE = "silence"  # the level is too low to say anything
    NO_MUSIC = "no_music"  # there is sound, but the model finds no music
    NO_SOURCE = "no_source"  # the source is lost or stalled
    PAUSED = "paused"  # listening was paused by a person


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of contiguous audio as a source gives it: float32 of shape (n_frames, n_channels) in -1..1."""

    frames: NDArray[np.float32]
    sample_rate: int  # Hz
    recorded_at: float | None = None  # ``clock.steady_s()`` when the last frame was recorded; None for what is not live

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.frames) / self.sample_rate

    def age_s(self, now: float) -> float:
        """Seconds between the recording of its end and ``now`` on the steady clock; 0 for what is not live."""
        return 0.0 if self.recorded_at is None else now - self.recorded_at


@dataclass(frozen=True, slots=True)
class Hole:
    """Audio that is missing between the previous and the next block."""

    lost_s: float  # seconds, as far as known
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A source has stopped delivering; it keeps trying."""

    stalled: bool  # the device is there and gives nothing (or exact zeros); otherwise the device is gone
    reason: str
    #: When the audio that is missing begins, on the steady clock: before this, and unknown to who has had none yet.
    missing_from: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Restored:
    """A lost source delivers again."""

    away_s: float  # seconds


@dataclass(frozen=True, slots=True)
class Idle:
    """No audio arrived for a while; keeps consumers responsive."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Listening is paused: nothing is recorded until ``Resumed``."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Listening goes on."""

    away_s: float  # seconds


@dataclass(frozen=True, slots=True)
class CutShort:
    """A recording ends prematurely; nothing follows."""

    reason: str  # the file, and what is missing


#: What a source yields.
Chunk = Block | Hole | Lost | Restored | Idle | Paused | Resumed | CutShort


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of what listening yields."""

    #: The ``event`` field of the JSON line.
    kind: ClassVar[str]
    time: datetime  # UTC, as the clock is set now
    audio_s: float  # seconds on the source's timeline

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values, ``schema`` and ``event`` first; ``time`` is RFC 3339 in UTC, to the millisecond."""
        shown = (entry.name for entry in fields(self) if not entry.metadata.get(INTERNAL))
        values = {name: _plain(getattr(self, name)) for name in shown}
        return {"schema": SCHEMA, "event": self.kind, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """Listening begins."""

    kind: ClassVar[str] = "started"
    source: str
    model: str
    runtime: str  # the TFLite runtime in use
    window_s: float  # seconds of audio that one prediction describes
    labels: tuple[str, ...]
    inputs: str = field(default="", metadata={INTERNAL: True})  # digest of the definition of the model's inputs


@dataclass(frozen=True, slots=True)
class Sound:
    """Frames of audio, as pictures show them."""

    frames_per_s: float
    log_mel: NDArray[np.float32]  # (frames, bands) in dB, the lowest band first
    chroma: NDArray[np.float32]  # (frames, 12), 0..1, C first


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Event):
    """The model's answer for the last ``window_s`` seconds, and the state that is shown; one per update."""

    kind: ClassVar[str] = "prediction"
    state: State
    genre: str | None  # shown genre, with state "music" alone
    confidence: float | None  # smoothed probability of the shown genre, 0..1
    probabilities: Mapping[str, float] | None  # per label, of this window alone; None in silence and at first
    tempo_bpm: float | None  # None when there is no music to have one
    level_dbfs: float | None  # RMS of the last second; None for exact zeros
    window_s: float  # seconds of audio described: less than the model's window at first, one interval in silence
    provisional: bool  # the window has not been full since this was shown first
    styles: Mapping[str, float] | None = None  # the likeliest few of the listener's styles, with their scores, 0..1
    personal: bool = False  # the personal layer contributes to the probabilities
    nearest: bool = False  # a style leads that is none of the model's genres: ``genre`` is only the nearest of them
    #: The head's input, float32 in little-endian order, from which corrections are learned.
    vector: bytes | None = field(default=None, repr=False, compare=False, metadata={INTERNAL: True})

    #: The frames of the audio since the last update, if pictures of the sound are wanted.
    sound: Sound | None = field(default=None, repr=False, compare=False, metadata={INTERNAL: True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Event):
    """The shown state or genre changes."""

    kind: ClassVar[str] = "change"
    state: State
    genre: str | None
    previous_state: State
    previous_genre: str | None
    confidence: float | None  # smoothed probability of the new genre, 0..1
    tempo_bpm: float | None
    personal: bool = False  # as in a prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Event):
    """Audio is missing here; features start afresh after it. ``audio_s`` is where the gap ends."""

    kind: ClassVar[str] = "gap"
    lost_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLost(Event):
    """The source gives no more audio; it is retried until it does."""

    kind: ClassVar[str] = "source_lost"
    source: str
    stalled: bool  # present and giving nothing (or exact zeros), rather than gone
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRestored(Event):
    """The source gives audio again. ``audio_s`` is where it does."""

    kind: ClassVar[str] = "source_restored"
    source: str
    away_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentBegun(Event):
    """A segment of the history begins for what is shown; until the next change a correction names it."""

    kind: ClassVar[str] = "segment"
    segment: str  # its id; a text, since JSON's readers have no integers as large
    corrected: str | None  # the correction by a person; none at first


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCorrected(Event):
    """A segment of the history was corrected, or a correction undone, in any process."""

    kind: ClassVar[str] = "correction"
    segment: str
    start: datetime
    state: State  # as the model said, like ``genre``
    genre: str | None
    corrected: str | None  # the correction; None if it was undone


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTrouble(Event):
    """The history cannot be written, or can be written again."""

    kind: ClassVar[str] = "history"
    problem: str | None  # now, in words
    begun_anew: datetime | None  # when its file was last found moved, removed or replaced, and a new one begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(Event):
    """Counters since the start, once a minute and at the end.

    If the sound system hangs for good, the program restarts itself: ``Started`` is sent again, and ``audio_s`` and all
    counters continue, including the time without a source.
    """

    kind: ClassVar[str] = "stats"
    updates: int
    gaps: int
    dropped_s: float  # seconds of audio lost in gaps
    restarts: int = 0  # of the process, see above
    backlog_s: float  # seconds of audio waiting to be processed
    interval_s: float  # seconds between updates now; grows on a machine that cannot keep up
    update_cost_s: float | None  # wall seconds that one update takes, smoothed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """Listening ends."""

    kind: ClassVar[str] = "stopped"
    reason: str
    warning: str | None = None  # what could not be read of a recording, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Several times a second, for meters and watchdogs; never part of the JSON lines."""

    kind: ClassVar[str] = "tick"
    level_dbfs: float | None  # RMS of the newest block; None for exact zeros and for no audio
    backlog_s: float


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float | np.floating):
        return round(float(value), 4)
    if isinstance(value, Mapping):
        return {encodable(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, str):
        return encodable(value)
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value
