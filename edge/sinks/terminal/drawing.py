"""Drawing of the display: the genre in large, bars for all, level, how the source is doing, and the last hour."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from edge import words
from edge.events import State
from edge.sinks.colours import colours
from edge.sinks.terminal.bigtext import ROWS, big
from edge.sinks.terminal.chooser import Chooser, choices, question
from edge.sinks.terminal.strip import strip, totals
from edge.sinks.view import View

#: The level at which the meter's left end stands, in dBFS.
METER_FLOOR_DBFS = -60.0
#: Levels from which the meter warns, in dBFS: loud, and about to clip.
LOUD_DBFS, CLIPPING_DBFS = -12.0, -3.0
#: Terminal rows used besides the genre's letters and the bars, without the strip and with it; and how low a terminal
#: may be to have it.
OTHER_ROWS, OTHER_ROWS_WITH_STRIP, LOWEST_WITH_STRIP = 8, 10, 18
LABEL_WIDTH = 12
#: Columns from which on all keys are named.
WIDTH_FOR_KEYS = 70
WIDEST = 100
_EIGHTHS = " ▏▎▍▌▋▊▉"


def render(
    view: View,
    width: int,
    height: int,
    *,
    notice: str = "",
    chooser: Chooser | None = None,
    was: str = "",
    keys: str = "",
) -> Group:
    """Draw ``view`` into at most ``width`` columns and ``height`` rows; with a ``chooser`` in place of the bars.

    ``was`` is what was shown when it was opened, if something else is by now.

    ``notice`` stands below the source, ``keys`` says what keys do besides ``q``, where there is room.
    """
    width = min(width, WIDEST)
    letters = big(view.headline, width - 4)
    letters += [""] * (ROWS - len(letters))  # so that nothing below jumps
    has_strip = height >= LOWEST_WITH_STRIP
    room_for_bars = max(1, height - (OTHER_ROWS_WITH_STRIP if has_strip else OTHER_ROWS) - len(letters))
    bars = _bars(view, width, room_for_bars)
    colour = f"bold {_genre_colour(view)}" if view.state is State.MUSIC else "bold grey62"
    return Group(
        _both_ends(Text("livegenre", "bold"), _keys(keys, view, width), width),
        _source(view, width),
        _fit(Text(f"  {words.safe(notice)}" if notice else "", "grey50"), width),
        *(Text("  " + row, colour, no_wrap=True, overflow="crop") for row in letters),
        Text("  " + _figures(view), "grey70", no_wrap=True),
        _fit(Text("  " + (question(chooser, was) if chooser else words.joined(view.beneath)), "grey70"), width),
        *(choices(chooser, len(bars)) if chooser else bars),
        Text(),
        _level(view, width),
        *((strip(view, width), totals(view, width)) if has_strip else ()),
    )


def _keys(keys: str, view: View, width: int) -> Text:
    known = f"{keys}  q quits   " if keys and width >= WIDTH_FOR_KEYS else "q quits   "
    return Text(known, "grey50") + Text(words.clock(view.audio_s))


def _source(view: View, width: int) -> Text:
    if view.problem:
        return _fit(Text(f"● {view.source}: {view.problem}; trying again", "red"), width)
    if view.state is State.PAUSED:
        return _fit(Text(f"○ {view.source}: {words.STATE_WORDS[view.state]}", "grey70"), width)
    late = f"{view.backlog_s:.0f} s behind, {view.dropped_s:.0f} s dropped" if view.backlog_s > 2 else ""
    left = Text("● ", "green") + Text(view.source, "default")
    return _both_ends(left, Text(late, "yellow"), width)


def _figures(view: View) -> str:
    parts = []
    if view.confidence is not None:
        parts.append(f"{view.confidence:.0%} sure")
    if view.tempo_bpm is not None:
        parts.append(words.tempo(view.tempo_bpm))
    return "   ".join(parts)


def _bars(view: View, width: int, rows: int) -> list[Text]:
    shown = view.probabilities
    if len(shown) > rows:  # in a low terminal the likeliest, in a high one all, each always in its place
        likeliest = sorted(shown, key=lambda label: -shown[label])[:rows]
        shown = {label: shown[label] for label in shown if label in likeliest}
    label_width = min(LABEL_WIDTH, max(map(len, shown), default=0), max(3, width // 3))
    length = max(1, width - label_width - 9)
    lines = []
    for label, probability in shown.items():
        colour = _genre_colour(view) if label == view.genre else "blue"
        line = Text(
            f"  {words.label(label)[:label_width]:>{label_width}} ", "default" if label == view.genre else "grey62"
        )
        lines.append(line + Text(f"{_bar(probability, length)} ", colour) + Text(f"{probability:>4.0%}", "grey62"))
    return lines


def _bar(share: float, length: int) -> str:
    eighths = round(min(max(share, 0.0), 1.0) * length * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(length)


def _level(view: View, width: int) -> Text:
    number = f"{words.level(view.level_dbfs):>9}"
    length = max(4, width - len("  level ") - len(number) - 2)
    dbfs = METER_FLOOR_DBFS if view.level_dbfs is None else view.level_dbfs
    lit = round(min(max(1 - dbfs / METER_FLOOR_DBFS, 0.0), 1.0) * length)
    meter = Text("  level ", "grey62")
    for index in range(length):
        here = METER_FLOOR_DBFS * (1 - index / length)
        colour = "red" if here >= CLIPPING_DBFS else "yellow" if here >= LOUD_DBFS else "green"
        meter.append("▮" if index < lit else "▯", colour if index < lit else "grey30")
    return meter.append(" " + number, "grey62")


def _both_ends(left: Text, right: Text, width: int) -> Text:
    left = _fit(left, max(1, width - len(right) - 1))
    return left + Text(" " * max(1, width - len(left) - len(right))) + right


def _genre_colour(view: View) -> str:
    """Return the colour of the genre that is shown."""
    found = colours(view.labels).get(view.genre or "")
    return "bright_cyan" if found is None else found.on_dark


def _fit(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
