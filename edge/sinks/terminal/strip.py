"""The last hour as a strip, and its totals in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.text import Text

from edge import words
from edge.events import State
from edge.sinks.colours import colours
from edge.sinks.last_hour import HOUR_S, cells
from edge.sinks.view import View

#: Lengths of the strip in seconds: the shortest that holds the session is used.
SPANS_S = (600.0, 1800.0, HOUR_S)
#: The colour of states without a genre, as light as the genres'.
NO_GENRE = "#777777"
#: States without audible sound.
UNTOLD = (State.WARMING_UP, State.PAUSED)


def strip(view: View, width: int) -> Text:
    """Draw the last hour, the newest at the right, in a line of ``width`` columns."""
    span_s = next((span for span in SPANS_S if view.audio_s <= span), HOUR_S)
    title = f"  {words.duration(span_s):>6} "
    n_cells = max(1, width - len(title) - 2)
    line = Text(title, "grey62", no_wrap=True)
    for label, run in groupby(cells(view.stretches, n_cells, view.audio_s - span_s, view.audio_s)):
        n_here = len(list(run))
        if label is None or label in UNTOLD:
            line.append("·" * n_here, "grey30")
        else:
            name = words.label(words.shown(label, None))
            line.append(words.table_cell(name if words.n_columns(name) <= n_here else "", n_here), _style(view, label))
    return line


def totals(view: View, width: int) -> Text:
    """Return the total time of each within the strip's reach, the longest first, in a line of ``width`` columns."""
    seconds: dict[str, float] = {}
    for stretch in view.stretches:
        seconds[stretch.label] = seconds.get(stretch.label, 0.0) + stretch.to_s - stretch.from_s
    line = Text("       ", no_wrap=True)
    for label, text in in_words(seconds.items()):
        part = Text("  ■ ", _colour(view, label)) + Text(text, "grey62")
        if line.cell_len + part.cell_len > width:
            break
        line += part
    return line


def in_words(seconds: Iterable[tuple[str, float]]) -> list[tuple[str, str]]:
    """Return (label, ``jazz 12 min``) for each label heard for a second or more, the longest first."""
    told = [(label, value) for label, value in seconds if label not in UNTOLD and value >= 1]
    ordered = sorted(told, key=lambda item: -item[1])
    return [(label, f"{words.label(words.shown(label, None))} {words.duration(value)}") for label, value in ordered]


def _style(view: View, label: str) -> str:
    return f"black on {_colour(view, label)}"


def _colour(view: View, label: str) -> str:
    found = colours(view.labels).get(label)
    return NO_GENRE if found is None else found.on_dark
