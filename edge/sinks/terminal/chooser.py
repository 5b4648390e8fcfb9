"""Choosing one of the model's labels with the keyboard: by its first letters, or with the arrow keys."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text

from edge import words
from edge.sinks.terminal.keyboard import BACKSPACE, DOWN, UP


@dataclass(frozen=True, slots=True)
class Chooser:
    """The labels to choose from, the letters typed, and the marked one of the labels that fit them."""

    labels: tuple[str, ...]
    typed: str = ""
    place: int = 0

    @property
    def fitting(self) -> tuple[str, ...]:
        """The labels that begin with what has been typed; never none."""
        return tuple(label for label in self.labels if words.label(label).casefold().startswith(self.typed))

    @property
    def marked(self) -> str:
        """The label that is taken with Enter."""
        return self.fitting[self.place]

    def after(self, key: str) -> Chooser:
        """Return the state after ``key``; a letter that fits no label changes nothing."""
        if key in (UP, DOWN):
            return replace(self, place=(self.place + (1 if key == DOWN else -1)) % len(self.fitting))
        if key == BACKSPACE:
            return replace(self, typed=self.typed[:-1], place=0)
        longer = replace(self, typed=self.typed + key.casefold(), place=0)
        return longer if key.isprintable() and longer.fitting else self


def question(chooser: Chooser, was: str = "") -> str:
    """Return the line above the choices; ``was`` is what was shown of it, if something else is by now."""
    asked = f"What was it, when {was} was shown?" if was else "What is it?"
    return f"{asked}  {chooser.typed}▏  ↑ ↓ or its first letters; Enter takes it, Esc leaves"


def choices(chooser: Chooser, rows: int) -> list[Text]:
    """Draw the labels that fit into ``rows`` lines, those around the marked one if there are more."""
    fitting = chooser.fitting
    first = min(max(0, chooser.place - rows // 2), max(0, len(fitting) - rows))
    lines = [
        Text(f"  ▸ {words.label(label)}", "bold bright_cyan")
        if label == chooser.marked
        else Text(f"    {words.label(label)}")
        for label in fitting[first : first + rows]
    ]
    return lines + [Text()] * (rows - len(lines))
