"""What the command topic takes: a JSON object that says which segment of the history is meant, and what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.errors import CorrectionError
from edge.history.corrections import correct, target_of, undo

EXAMPLES = (
    '{"genre": "jazz", "segment": "123"} or {"undo": true, "segment": "123"}, with the "segment" of the state topic'
)


@dataclass(frozen=True, slots=True)
class Command:
    """Say that a segment was of a genre, or without one take its last correction back."""

    genre: str | None
    target: int | datetime


#: Carries a command out; raises ``EdgeError`` if that cannot be done.
Corrector = Callable[[Command], None]


def corrector(history: Path) -> Corrector:
    """Return what carries commands out in a history."""

    def carry_out(command: Command) -> None:
        if command.genre is None:
            undo(history, command.target)
        else:
            correct(history, command.genre, command.target)

    return carry_out


def parsed(text: str) -> Command:
    """Return the command that a message is; ``CorrectionError`` for anything else, a label alone included.

    Such a one might be of what was heard before: a message takes its time, and so does whoever chooses a label.
    """
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or isinstance(asked.get("genre"), str) == (asked.get("undo") is True):
        raise CorrectionError(f"write {EXAMPLES}")
    return Command(asked.get("genre"), target_of(asked))
