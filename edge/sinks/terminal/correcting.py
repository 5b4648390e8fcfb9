"""Putting right what is shown, with keys: the same as ``livegenre correct`` and its ``--undo``."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

from edge import words
from edge.errors import EdgeError
from edge.sinks.terminal.chooser import Chooser
from edge.sinks.terminal.keyboard import ENTER, ESCAPE

CORRECT, UNDO = "c", "u"
NO_HISTORY = "Nothing can be put right: no history is kept. Listen with --history."


class Correcting:
    """What a person is about to put right, and what came of it.

    ``chooser`` is there while one chooses, ``said`` what there is to tell. The history may be busy: it is changed in a
    thread, so that listening never waits for it.
    """

    def __init__(self, history: Path | None) -> None:
        """``history`` is the file that is kept, if any."""
        self.chooser: Chooser | None = None
        self.said = ""
        self._history = history
        self._opened = datetime.now(UTC)
        self._has_changed = False  # what is shown, since the choice was opened
        self._thread: threading.Thread | None = None

    def press(self, key: str, labels: tuple[str, ...]) -> None:
        """Take a key, while ``labels`` can be said."""
        if self.chooser is not None and key not in (ENTER, ESCAPE):
            self.chooser = self.chooser.after(key)
        elif self.chooser is not None:
            chosen, self.chooser = self.chooser.marked, None
            if key == ENTER:
                self._change(chosen)
        elif key in (CORRECT, UNDO) and self._history is None:
            self.said = NO_HISTORY
        elif key == CORRECT and labels:
            self.chooser, self.said = Chooser(labels), ""
            self._opened, self._has_changed = datetime.now(UTC), False
        elif key == UNDO:
            self._change(None)
        else:
            self.said = ""

    def follow_change(self) -> None:
        """Note that something else is shown from now on: what was said was of what was heard before."""
        self.said, self._has_changed = "", True

    @property
    def help(self) -> str:
        """The keys that do something now, besides those of the display."""
        if self._history is None:
            return ""
        return f"{CORRECT} corrects  {UNDO} undoes" if self.said else f"{CORRECT} corrects"

    def close(self) -> None:
        """Wait for a change that is under way, as long as a person waits."""
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def _change(self, label: str | None) -> None:
        if self._thread is not None and self._thread.is_alive():
            self.said = "The history is still busy with the change before; try again."
            return
        self._thread = threading.Thread(target=self._write, args=(label,), name="correction", daemon=True)
        self._thread.start()

    def _write(self, label: str | None) -> None:
        from edge.history.corrections import correct, undo

        assert self._history is not None
        try:
            if label is None:
                corrected = undo(self._history).segment.corrected
            else:
                # Of what was shown when the choice was opened, whatever is heard meanwhile.
                at = self._opened if self._has_changed else None
                corrected = correct(self._history, label, at).segment.corrected
        except EdgeError as error:
            self.said = words.safe(error)
        else:
            self.said = "Taken back." if corrected is None else f"You say that it is {words.label(corrected)}."
