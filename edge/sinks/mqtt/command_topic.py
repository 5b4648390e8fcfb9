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
    """Return a function that applies requests to a history."""

    def carry_out(asked: Asked) -> None:
        asked.carry_out(history)

    return carry_out


def parsed(text: str) -> Asked:
    """Return the request in a message; ``CorrectionError`` for anything else, including a label alone.

    A label alone might refer to an earlier segment, since choosing and sending take time.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise CorrectionError(f"write {EXAMPLES}")
    return asked_for(values)
