"""The sink: leaves pictures for the process that has the screen, and notices when that ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge import words
from edge.errors import FaceError
from edge.events import Event, State, Tick
from edge.sinks import last_hour
from edge.sinks.colours import STATE_COLOURS, colours
from edge.sinks.view import View, view_after
from edge.sinks.window import tk_screen

#: Seconds that opening may take, and ending.
OPEN_S, CLOSE_S = 10.0, 2.0
QUIET = "#9aa7b4"
STRIP_CELLS = 180  # of 20 s


class Window:
    """Sink that keeps the window up to date; raises ``FaceError`` once its process has ended."""

    def __init__(self, on_exit: Callable[[], None] | None = None) -> None:
        """``on_exit`` is called when a person closes it; without one that is a failure like any other.

        Raises ``FaceError`` where there is no screen.
        """
        self._on_exit = on_exit
        self._view = View()
        self._closing = False
        self._end: str | None = None  # why it is gone
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

    def __call__(self, event: Event) -> None:
        """Leave the picture after an event for the window; never waits."""
        self._view = view_after(self._view, event)
        if self._end is not None:
            if self._process.returncode == tk_screen.LEFT and self._on_exit is not None:
                return
            raise FaceError(self._end)
        if not isinstance(event, Tick):
            with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):  # it is busy, or just ending
                self._socket.send(json.dumps(picture(self._view)).encode())

    def close(self) -> None:
        """Close the window."""
        self._closing = True
        self._socket.close()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:  # of a screen that hangs
            self._process.kill()
            self._process.wait()


def picture(view: View) -> dict[str, Any]:
    """Return what is drawn, as ``tk_screen`` takes it."""
    tint = colours(view.labels).get(view.genre or "")
    return {
        "headline": words.label(view.headline),
        "colour": QUIET if tint is None else tint.on_dark,
        "beneath": words.joined(view.beneath),
        "figures": _figures(view),
        "top": view.problem or view.source,
        "is_problem": view.problem is not None,
        "hour": _hour(view),
    }


def _figures(view: View) -> str:
    parts = []
    if view.confidence is not None:
        parts.append(f"{view.confidence:.0%} sure")
    if view.tempo_bpm is not None:
        parts.append(words.tempo(view.tempo_bpm))
    return "    ".join(parts)


def _hour(view: View) -> list[tuple[str, float] | None]:
    """Return colour and height of each cell of the last hour, None for nothing heard."""
    tints, states = colours(view.labels), STATE_COLOURS
    cells = last_hour.cells(view.stretches, STRIP_CELLS, view.audio_s - last_hour.HOUR_S, view.audio_s)
    found: list[tuple[str, float] | None] = []
    for label in cells:
        if label is None or label in (State.WARMING_UP, State.NO_SOURCE):
            found.append(None)
        elif label in tints:
            found.append((tints[label].on_dark, 1.0))
        else:
            found.append((states[label].tint.on_dark, states[label].height) if label in states else (QUIET, 0.2))
    return found
