"""Events as JSON lines: the stable interface for other programs.

One object a line, flushed at once. Each has ``schema`` (1), ``event``, ``time`` (RFC 3339, UTC) and ``audio_s``
(seconds on the source's timeline); the other fields are those of the class in ``edge.events`` whose ``kind`` is the
value of ``event``. ``tick`` events are not written.
"""

from __future__ import annotations

import json
from typing import TextIO

from edge.events import Event, Tick


class JsonLines:
    """Sink that writes to a text stream; a reader that goes away is a ``BrokenPipeError``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Write one line."""
        if not isinstance(event, Tick):
            self._stream.write(json.dumps(event.to_json(), allow_nan=False) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing is held back: each line was flushed."""
