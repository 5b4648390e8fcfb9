"""Corrections by keys: the same as ``livegenre correct`` with its ``--right`` and ``--undo``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge import words
from edge.errors import EdgeError
from edge.events import State
from edge.sinks.terminal.chooser import Chooser
from edge.sinks.terminal.keyboard import ENTER, ESCAPE
from edge.sinks.view import View

CORRECT, RIGHT, UNDO = "c", "r", "u"
NO_HISTORY = "Nothing can be put right: no history is kept. Listen with --history."
NOT_YET = "Nothing can be put right yet: what is shown is not in the history."
NO_ANSWER = "What is shown is none of the model's genres; c says which it is."
NOTHING_SAID = "There is nothing to take back."


@dataclass(frozen=True, slots=True)
class Meant:
    """The target of a correction: a segment of the history, and what was shown of it."""

    segment: int
    shown: str


class Correcting:
    """A correction in progress, and its outcome.

    ``chooser`` is set while a label is chosen, ``said`` is a message. The history may be busy: it is changed in a
    thread, so that listening never waits for it.
    """

    def __init__(self, history: Path | None) -> None:
        """``history`` is the file that is kept, if any."""
        self.chooser: Chooser | None = None
        self.said = ""
        self._history = history
        self._meant: Meant | None = None  # of the choice that was opened last
        self._told: Meant | None = None  # what ``said`` is of
        self._thread: threading.Thread | None = None

    def press(self, key: str, view: View) -> None:
        """Take a key, while ``view`` is shown."""
        if self.chooser is not None and key not in (ENTER, ESCAPE):
            self.chooser = self.chooser.after(key)
        elif self.chooser is not None:
            chosen, self.chooser = self.chooser.marked, None
            if key == ENTER and self._meant is not None:
                self._correct(chosen, self._meant)
        elif key in (CORRECT, RIGHT, UNDO) and self._history is None:
            self.said = NO_HISTORY
        elif key == RIGHT:
            self._confirm(view)
        elif key == CORRECT and view.labels:
            self._open(view)
        elif key == UNDO:
            self._undo(view)
        else:
            self.said, self._told = "", None

    def _open(self, view: View) -> None:
        self._meant, self._told = _shown(view), None
        self.said = NOT_YET if self._meant is None else ""
        self.chooser = None if self._meant is None else Chooser(view.labels)

    def was(self, view: View) -> str:
        """Return what was shown when the choice was opened, if something else is by now."""
        is_past = self._meant is not None and self._meant != _shown(view)
        return self._meant.shown if is_past and self._meant is not None else ""

    def follow_change(self) -> None:
        """Handle a change of what is shown: messages referred to the previous one."""
        self.said, self._told = "", None

    def help(self, view: View) -> str:
        """Return the available keys besides those of the display."""
        if self._history is None:
            return ""
        is_open = view.segment is not None and view.corrected is None
        offered = [f"{RIGHT} is right"] if is_open and _can_be_right(view) else []
        return "  ".join([*offered, f"{CORRECT} corrects", *([f"{UNDO} undoes"] if self._undoable(view) else [])])

    def close(self) -> None:
        """Wait for a pending change, for a limited time."""
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def _undoable(self, view: View) -> Meant | None:
        """Return the segment whose correction is shown."""
        return self._told or (_shown(view) if view.corrected is not None else None)

    def _correct(self, label: str, meant: Meant) -> None:
        from edge.history.corrections import correct

        self._change(meant, lambda history: correct(history, label, meant.segment).segment.corrected)

    def _confirm(self, view: View) -> None:
        from edge.history.corrections import confirm

        meant = _shown(view)
        if meant is None:
            self.said = NOT_YET
        elif not _can_be_right(view):
            self.said = NO_ANSWER
        else:
            self._change(meant, lambda history: confirm(history, meant.segment).segment.corrected)

    def _undo(self, view: View) -> None:
        from edge.history.corrections import undo

        meant = self._undoable(view)
        if meant is None:
            self.said = NOTHING_SAID
        else:
            self._change(meant, lambda history: undo(history, meant.segment).segment.corrected)

    def _change(self, meant: Meant, change: Callable[[Path], str | None]) -> None:
        if self._thread is not None and self._thread.is_alive():
            self.said = "The history is still busy with the change before; try again."
            return
        self._thread = threading.Thread(target=self._write, args=(meant, change), name="correction", daemon=True)
        self._thread.start()

    def _write(self, meant: Meant, change: Callable[[Path], str | None]) -> None:
        assert self._history is not None
        try:
            corrected = change(self._history)
        except EdgeError as error:
            self.said = words.safe(error)
        else:
            self._told = None if corrected is None else meant
            said = "" if corrected is None else words.label(corrected)
            self.said = f"You say that {meant.shown} is {said}." if said else f"Taken back: {meant.shown}."


def _can_be_right(view: View) -> bool:
    """Return whether one of the model's labels is shown, and no style in place of it."""
    return view.state in (State.MUSIC, State.NO_MUSIC) and view.lead_style is None


def _shown(view: View) -> Meant | None:
    return None if view.segment is None else Meant(int(view.segment), view.headline)
