"""The sink: sends pictures to the process that draws on the screen, and detects its end."""

from __future__ import annotations

import json
import logging
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge import words
from edge.errors import EdgeError, FaceError, HistoryError
from edge.events import Event, State, Tick
from edge.history.corrections import correct
from edge.history.reader import read_segments
from edge.sinks import last_hour
from edge.sinks.colours import STATE_COLOURS, Colour, colours
from edge.sinks.last_hour import Stretch
from edge.sinks.view import View, view_after
from edge.sinks.window import tk_screen

log = logging.getLogger(__name__)

#: Seconds that opening may take, and ending.
OPEN_S, CLOSE_S = 10.0, 2.0
QUIET = "#9aa7b4"
STRIP_CELLS = 180  # of 20 s


class Window:
    """Sink that keeps the window up to date; raises ``FaceError`` once its process has ended."""

    def __init__(self, on_exit: Callable[[], None] | None = None, history: Path | None = None) -> None:
        """``on_exit`` is called when a person closes it; without one that is a failure like any other. ``history`` is
        the file that the hour before is read from, and what somebody says goes into.

        Raises ``FaceError`` where there is no screen.
        """
        self._on_exit = on_exit
        self._view = View()
        self._history = history
        self._before = Before() if history is None else before(history)
        self._closing = False
        self._end: str | None = None  # the reason for its end
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-I", str(Path(tk_screen.__file__)), str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # Xlib's last words; what they mean is said here
                start_new_session=True,  # Ctrl-C is for the listening process, which then ends this one
            )
        problem = self._problem()
        if problem is not None:
            self.close()
            raise FaceError(f"no window: {problem}")
        self._socket.setblocking(False)
        threading.Thread(target=self._watch, name="window", daemon=True).start()
        threading.Thread(target=self._listen_to_touches, name="window touches", daemon=True).start()

    def _problem(self) -> str | None:
        self._socket.settimeout(OPEN_S)
        try:
            told = self._socket.recv(tk_screen.MESSAGE_BYTES).decode()
        except TimeoutError:
            return f"the screen did not answer within {OPEN_S:.0f} s"
        except ConnectionResetError:
            told = ""
        if told == tk_screen.OPEN:
            return None
        if told == tk_screen.NO_TKINTER:
            return "this Python has no tkinter, which it needs; apt install python3-tk"
        remedy = "run this in a graphical session, or set DISPLAY"
        return f"{words.safe(told) or 'its process ended at once'}; {remedy}"

    def _watch(self) -> None:
        status = self._process.wait()
        if self._closing:
            return
        if status == tk_screen.LEFT:
            self._end = "somebody closed it"
            if self._on_exit is not None:
                self._on_exit()
        else:
            self._end = "the screen is gone"

    def _listen_to_touches(self) -> None:
        """Apply corrections that were chosen on the screen, until its process ends."""
        while self._history is not None:
            try:
                select.select([self._socket], [], [])
                told = self._socket.recv(tk_screen.MESSAGE_BYTES)
            except BlockingIOError:
                continue
            except (OSError, ValueError):  # it is closed
                return
            if not told:
                return
            asked = json.loads(told)
            try:
                correct(self._history, asked["genre"], int(asked["segment"]))  # which the history tells all faces of
            except EdgeError as error:
                log.warning("a correction on the screen is refused: %s", words.safe(error))

    def __call__(self, event: Event) -> None:
        """Leave the picture after an event for the window; never waits."""
        self._view = view_after(self._view, event)
        self._before = self._before.placed(event.audio_s, event.time)
        if self._end is not None:
            if self._process.returncode == tk_screen.LEFT and self._on_exit is not None:
                return
            raise FaceError(self._end)
        if not isinstance(event, Tick):
            with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):  # it is busy, or just ending
                self._socket.send(json.dumps(picture(self._view, self._before, self._history is not None)).encode())

    def close(self) -> None:
        """Close the window."""
        self._closing = True
        with suppress(OSError):  # the other end may have gone
            self._socket.shutdown(socket.SHUT_RDWR)  # which wakes whoever waits for a touch
        self._socket.close()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:  # of a screen that hangs
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class Before:
    """The hour before the window opened: stretches from ``opened`` on, in seconds."""

    opened: datetime | None = None
    stretches_before: tuple[Stretch, ...] = ()
    opened_audio_s: float | None = None  # where that is on the source's timeline

    def placed(self, audio_s: float, moment: datetime) -> Before:
        """Return it with a place on the timeline of what has now come to ``audio_s``."""
        if self.opened is None or self.opened_audio_s is not None:
            return self
        return replace(self, opened_audio_s=audio_s - (moment - self.opened).total_seconds())

    def stretches(self) -> Iterator[Stretch]:
        """Yield them on the source's timeline."""
        if self.opened_audio_s is not None:
            for one in self.stretches_before:
                yield Stretch(one.label, one.from_s + self.opened_audio_s, one.to_s + self.opened_audio_s)


def before(history: Path) -> Before:
    """Return what a history has of the hour before now; nothing where it cannot be read."""
    now = datetime.now(UTC)
    try:
        segments = read_segments(history, now - timedelta(seconds=last_hour.HOUR_S), now)
    except HistoryError:
        return Before()
    parts = [
        Stretch(one.genre or one.state, (one.start - now).total_seconds(), min(0.0, (one.end - now).total_seconds()))
        for one in segments
    ]
    return Before(now, tuple(parts))


def picture(view: View, earlier: Before = Before(), is_correctable: bool = False) -> dict[str, Any]:
    """Return what is drawn, as ``tk_screen`` takes it."""
    tints = colours(view.labels)
    tint = tints.get(view.genre or "")
    stretches = [*earlier.stretches(), *view.stretches]
    quiet = Colour(QUIET, QUIET)
    return {
        "headline": words.label(view.headline),
        "colour": QUIET if tint is None else tint.on_dark,
        "beneath": words.joined(view.beneath),
        "figures": _figures(view),
        "top": view.problem or view.source,
        "is_problem": view.problem is not None,
        "hour": _hour(view, stretches),
        "legend": [(words.label(label), tints[label].on_dark) for label in _longest(view, stretches) if label in tints],
        "segment": view.segment if is_correctable else None,
        "choices": [(label, words.label(label), tints.get(label, quiet).on_dark) for label in view.labels],
    }


def _longest(view: View, stretches: Sequence[Stretch]) -> list[str]:
    """Return what was heard in the last hour, the longest first."""
    seconds: dict[str, float] = {}
    for one in stretches:
        lasted = one.to_s - max(one.from_s, view.audio_s - last_hour.HOUR_S)
        if lasted > 0:
            seconds[one.label] = seconds.get(one.label, 0.0) + lasted
    return sorted(seconds, key=lambda label: -seconds[label])


def _figures(view: View) -> str:
    parts = []
    if view.confidence is not None:
        parts.append(f"{view.confidence:.0%} sure")
    if view.tempo_bpm is not None:
        parts.append(words.tempo(view.tempo_bpm))
    return "    ".join(parts)


def _hour(view: View, stretches: Sequence[Stretch]) -> list[tuple[str, float] | None]:
    """Return colour and height of each cell of the last hour, None for nothing heard."""
    tints, states = colours(view.labels), STATE_COLOURS
    cells = last_hour.cells(stretches, STRIP_CELLS, view.audio_s - last_hour.HOUR_S, view.audio_s)
    found: list[tuple[str, float] | None] = []
    for label in cells:
        if label is None or label in (State.WARMING_UP, State.NO_SOURCE, State.PAUSED):
            found.append(None)
        elif label in tints:
            found.append((tints[label].on_dark, 1.0))
        else:
            found.append((states[label].tint.on_dark, states[label].height) if label in states else (QUIET, 0.2))
    return found
