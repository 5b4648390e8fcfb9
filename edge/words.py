"""How values are said to people, the same on every display."""

from __future__ import annotations

from edge.events import State

STATE_WORDS = {
    State.WARMING_UP: "listening",
    State.UNSURE: "not sure",
    State.SILENCE: "silence",
    State.NO_MUSIC: "no music",
    State.NO_SOURCE: "no source",
}


def shown(state: State, genre: str | None) -> str:
    """Return a genre, or the state in words."""
    return genre if genre is not None else STATE_WORDS.get(state, str(state))


def label(name: str) -> str:
    """Return a model's label as people write it: ``no music``."""
    return name.replace("_", " ")


def tempo(bpm: float | None) -> str:
    """Return a tempo as ``112 BPM``, or a dash."""
    return "-" if bpm is None else f"{bpm:.0f} BPM"


def level(dbfs: float | None) -> str:
    """Return a level as ``-18 dBFS``; None is nothing but zeros."""
    return "no signal" if dbfs is None else f"{dbfs:.0f} dBFS"


def clock(seconds: float) -> str:
    """Return a duration as ``03:25`` or ``1:03:25``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
