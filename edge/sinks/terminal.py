"""The live display: the genre in large, bars for all, tempo, level, time, and how the source is doing."""

from __future__ import annotations

import time

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from edge import words
from edge.events import Event, State, Tick
from edge.sinks.bigtext import ROWS, big
from edge.sinks.view import View, view_after

#: Wall seconds between two drawings of the level meter, at least.
REFRESH_S = 0.2
#: The level at which the meter's left end stands, in dBFS.
METER_FLOOR_DBFS = -60.0
#: Levels from which the meter warns, in dBFS: loud, and about to clip.
LOUD_DBFS, CLIPPING_DBFS = -12.0, -3.0
#: Terminal rows used besides the genre's letters and the bars.
OTHER_ROWS = 8
LABEL_WIDTH = 12
WIDEST = 100
_EIGHTHS = " ▏▎▍▌▋▊▉"


def render(view: View, width: int, height: int) -> Group:
    """Draw ``view`` into at most ``width`` columns and ``height`` rows."""
    width = min(width, WIDEST)
    letters = big(words.shown(view.state, view.genre), width - 4)
    letters += [""] * (ROWS - len(letters))  # so that nothing below jumps
    room_for_bars = max(1, height - OTHER_ROWS - len(letters))
    colour = "bold bright_cyan" if view.state is State.MUSIC else "bold grey62"
    return Group(
        _both_ends(Text("livegenre", "bold"), Text(words.clock(view.audio_s)), width),
        _source(view, width),
        Text(),
        *(Text("  " + row, colour, no_wrap=True, overflow="crop") for row in letters),
        Text("  " + _beside(view), "grey70", no_wrap=True),
        Text(),
        *_bars(view, width, room_for_bars),
        Text(),
        _level(view, width),
    )


def _source(view: View, width: int) -> Text:
    if view.problem:
        return _fit(Text(f"● {view.source}: {view.problem}; trying again", "red"), width)
    late = f"{view.backlog_s:.0f} s behind, {view.dropped_s:.0f} s dropped" if view.backlog_s > 2 else ""
    left = Text("● ", "green") + Text(view.source, "default")
    return _both_ends(left, Text(late, "yellow"), width)


def _beside(view: View) -> str:
    parts = []
    if view.confidence is not None:
        parts.append(f"{view.confidence:.0%} sure")
    if view.tempo_bpm is not None:
        parts.append(words.tempo(view.tempo_bpm))
    if view.state is State.MUSIC and view.provisional:
        parts.append("first impression")
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
        colour = "bright_cyan" if label == view.genre else "blue"
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


def _fit(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


class Terminal:
    """Sink that keeps the display up to date."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._view = View()
        self._drawn_at = 0.0
        self._live = Live(console=self._console, auto_refresh=False, transient=False, vertical_overflow="crop")
        self._live.start()

    def __call__(self, event: Event) -> None:
        """Draw what has changed; the level meter alone only a few times a second."""
        self._view = view_after(self._view, event)
        now = time.monotonic()
        if isinstance(event, Tick) and now - self._drawn_at < REFRESH_S:
            return
        self._drawn_at = now
        self._live.update(render(self._view, *self._console.size), refresh=True)

    def close(self) -> None:
        """Leave the last view standing and give the cursor back."""
        self._live.stop()
