"""Events as JSON lines: the stable interface for other programs.

One object a line, flushed at once. Each has ``schema`` (1), ``event``, ``time`` (RFC 3339, UTC) and ``audio_s``
(seconds on the source's timeline); the other fields are those of the class in ``edge.events`` whose ``kind`` is the
value of ``event``. ``tick`` events are not written.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TextIO

from edge.events import Event, Tick


class JsonLines:
    """Sink that writes to a text stream; a closed reader is a ``BrokenPipeError``.

    A line that was written in part, on a full disk, is completed before the next one; lines in between are lost as a
    whole.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # An unbuffered text stream, as with PYTHONUNBUFFERED, drops the rest of a partly written line.
        buffer = getattr(stream, "buffer", None)
        self._raw = getattr(buffer, "raw", buffer)
        self._rest = b""

    def __call__(self, event: Event) -> None:
        """Write one line."""
        if isinstance(event, Tick):
            return
        self._write_rest()
        self._rest = (json.dumps(event.to_json(), allow_nan=False) + "\n").encode()
        self._write_rest()

    def close(self) -> None:
        """Complete a partly written line; what cannot be written is left to the stream's last flush."""
        try:
            self._write_rest()
        except BrokenPipeError:
            raise
        except OSError:
            with suppress(OSError):
                self._stream.write(self._rest.decode())
            raise

    def _write_rest(self) -> None:
        while self._rest:
            try:
                n_written = self._write(self._rest)
            except BrokenPipeError:
                self._rest = b""  # the reader has closed
                raise
            self._rest = self._rest[n_written:]

    def _write(self, line: bytes) -> int:
        if self._raw is None:
            self._stream.write(line.decode())
            self._stream.flush()
            return len(line)
        n_written: int | None = self._raw.write(line)
        if n_written is None:
            raise BlockingIOError("the output takes nothing now")
        return n_written
