"""Words for values, the same on every display; and escaping of names for display.

Names come from elsewhere: files, devices, commands, models, histories. What a person reads of them has been through
``safe`` (``shown`` and ``label`` do it themselves), and ``table_cell`` where columns stand below each other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime

#: By the values of ``edge.events.State``, which is not imported: the command's help should not load NumPy.
STATE_WORDS = {
    "warming_up": "listening",
    "unsure": "not sure",
    "silence": "silence",
    "no_music": "no music",
    "no_source": "no source",
    "paused": "paused",
}
#: Not printable by themselves, but used to join or separate letters in Persian, Indic languages and emoji.
_JOINERS = "\u200c\u200d"
#: A byte of a file name that is no UTF-8 comes as 0xDC00 + the byte (PEP 383).
_BYTES = range(0xDC80, 0xDD00)


def safe(name: object) -> str:
    r"""Return ``name`` as one line of text without control characters. Unprintable characters are escaped: an escape
    character as ``\x1b``, a newline as ``\n``, a mark that turns the writing direction as ``\u202e``, a byte that is no
    UTF-8 as ``\xff``.
    """
    text = str(name)
    return text if text.isprintable() else "".join(map(_safe_character, text))


def _safe_character(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    if ord(character) in _BYTES:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def encodable(name: str) -> str:
    """Return a name for other programs: as it is, or where it cannot be written as UTF-8 at all, made ``safe``."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return safe(name)
    return name


def table_cell(name: str, width: int) -> str:
    """Return ``name`` made safe and filled with spaces to ``width`` columns; longer ones stay whole."""
    text = safe(name)
    return text + " " * (width - n_columns(text))


def n_columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes: Chinese characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # slow to import, and most names are ASCII

    return cell_len(text)


def shown(state: str, genre: str | None) -> str:
    """Return a genre, or the state in words."""
    return safe(STATE_WORDS.get(state, state) if genre is None else genre)


def label(name: str) -> str:
    """Return a model's label as people write it: ``no music``."""
    return safe(name).replace("_", " ")


def styles(names: Iterable[str]) -> str:
    """Return styles as ``Techno, House music``; nothing for none."""
    return ", ".join(map(safe, names))


def nearest(genre: str, labels: Collection[str]) -> str:
    """Return a genre that is only the nearest of a model's ``labels``: ``nearest of 10: disco``."""
    return f"nearest of {len(set(labels) - {'no_music'})}: {label(genre)}"


def history(problem: str | None, begun_anew: datetime | None) -> str | None:
    """Return the problem of a history: why it is not written, or that it was begun anew."""
    if problem is not None:
        return f"history not written: {safe(problem)}"
    if begun_anew is not None:
        return f"history begun anew at {begun_anew.astimezone():%H:%M}: its file was moved, removed or replaced"
    return None


def correction(start: datetime, state: str, genre: str | None, corrected: str | None) -> str:
    """Return a correction, or its undoing, of the segment that began at ``start``, in words."""
    segment = f"{shown(state, genre)} of {start.astimezone():%H:%M:%S}"
    if corrected is None:
        return f"correction of {segment} taken back"
    return f"{segment} confirmed" if corrected == genre else f"{segment} corrected to {label(corrected)}"


def joined(parts: Iterable[str]) -> str:
    """Return the line beneath a genre: ``nearest of 10: disco · also sounds like Techno``."""
    return " · ".join(parts)


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


def duration(seconds: float) -> str:
    """Return a duration as ``3 h 20 min``, ``5 min`` or ``40 s``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
