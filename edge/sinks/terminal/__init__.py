"""The live display: a screen of its own while it lasts, and a summary in one line afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live

from edge import words
from edge.events import Change, Event, Stopped, Tick
from edge.sinks.terminal.correcting import Correcting
from edge.sinks.terminal.drawing import render
from edge.sinks.terminal.keyboard import Keyboard
from edge.sinks.terminal.strip import in_words
from edge.sinks.view import View, label_of, view_after
from edge.switch import Switch

#: Wall seconds between two drawings of the level meter, at least.
REFRESH_S = 0.2
QUIT, PAUSE = "q", "p"


class Terminal:
    """Sink that keeps the display up to date, and calls ``quit_asked`` when ``q`` is pressed; ``p`` turns ``switch``.

    ``notice`` is shown below the source, for example the page's address. ``c`` corrects what is shown, in the
    ``history`` that is kept.
    """

    def __init__(
        self,
        quit_asked: Callable[[], None],
        switch: Switch,
        *,
        notice: str = "",
        history: Path | None = None,
        console: Console | None = None,
    ) -> None:
        self._quit_asked, self._switch = quit_asked, switch
        self._console = console or Console()
        self._view = View()
        self._notice = notice
        self._correcting = Correcting(history)
        self._heard_s: dict[str, float] = {}  # of the whole session, by label
        self._drawn_at = 0.0
        self._suspend_asked = False
        self._suspend_before = signal.signal(signal.SIGTSTP, self._ask_to_suspend)
        self._take_screen()

    def __call__(self, event: Event) -> None:
        """Draw what has changed; the level meter alone only a few times a second."""
        before, self._view = self._view, view_after(self._view, event)
        passed_s = max(0.0, self._view.audio_s - before.audio_s)
        self._heard_s[label_of(before)] = self._heard_s.get(label_of(before), 0.0) + passed_s
        if isinstance(event, Change):
            self._correcting.follow_change()
        is_pressed = self._take_keys()
        if self._suspend_asked:
            self._suspend()
        now = time.monotonic()
        if isinstance(event, Tick) and not is_pressed and now - self._drawn_at < REFRESH_S:
            return
        self._drawn_at = now
        if not isinstance(event, Stopped):
            self._draw()

    def _take_keys(self) -> bool:
        """Handle pressed keys; returns whether there were any."""
        pressed, correcting = self._keyboard.pressed(), self._correcting
        for key in pressed:
            if key == QUIT and correcting.chooser is None:
                self._quit_asked()
            if key == PAUSE and correcting.chooser is None:
                self._switch.turn(on=not self._switch.is_on)
            correcting.press(key, self._view)
        return bool(pressed)

    def _draw(self) -> None:
        correcting = self._correcting
        view = self._view
        notice, keys = correcting.said or view.history or self._notice, self._keys()
        chooser, was = correcting.chooser, correcting.was(view)
        drawing = render(view, *self._console.size, notice=notice, chooser=chooser, was=was, keys=keys)
        self._live.update(drawing, refresh=True)

    def _keys(self) -> str:
        """Return the help line for the keys."""
        pause = f"{PAUSE} {'pauses' if self._switch.is_on else 'resumes'}"
        correcting = self._correcting.help(self._view)
        return f"{pause}  {correcting}" if correcting else pause

    def close(self) -> None:
        """Restore the screen, and print a summary in one line."""
        self._give_screen()
        self._correcting.close()
        signal.signal(signal.SIGTSTP, self._suspend_before)
        parts = [text for _, text in in_words(self._heard_s.items())]
        told = f"Heard in {words.clock(self._view.audio_s)}: {', '.join(parts)}." if parts else "Nothing was heard."
        self._console.print(told, soft_wrap=True, markup=False, highlight=False)

    def _take_screen(self) -> None:
        self._keyboard = Keyboard()  # first: later keys must not be echoed
        self._live = Live(console=self._console, auto_refresh=False, screen=True)
        self._live.start()

    def _give_screen(self) -> None:
        self._live.stop()
        self._keyboard.close()

    def _ask_to_suspend(self, _number: int, _frame: object) -> None:
        self._suspend_asked = True  # not more: the signal may have interrupted a drawing

    def _suspend(self) -> None:
        """Suspend on Ctrl-Z, with the terminal restored for the shell, until resumed."""
        self._suspend_asked = False
        self._give_screen()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # returns when the shell resumes this process
        signal.signal(signal.SIGTSTP, self._ask_to_suspend)
        self._take_screen()
