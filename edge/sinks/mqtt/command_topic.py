"""Messages on the command topic: a JSON object that says which segment of the history is meant, and what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edge.errors import CorrectionError
from edge.history.corrections import EXAMPLES, Asked, asked_for

#: Carries out what is asked for; raises ``EdgeError`` if that cannot be done.
Corrector = Callable[[Asked], None]


def corrector(history: Path) -> Corrector:
    """Return what carries out in a history what is asked for."""

    def carry_out(asked: Asked) -> None:
        asked.carry_out(history)

    return carry_out


def parsed(text: str) -> Asked:
    """Return what a message asks for; ``CorrectionError`` for anything else, a label alone included.

    Such a one might be of what was heard before: a message takes its time, and so does whoever chooses a label.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise CorrectionError(f"write {EXAMPLES}")
    return asked_for(values)
