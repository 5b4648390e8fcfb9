"""A running ``livegenre listen --json``, and its events so far."""

from __future__ import annotations

import json
import subprocess
import threading

from tests.edge.pulse import wait_until


class Ear:
    """Reads the events of a process as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def of(self, kind: str) -> list[dict[str, object]]:
        """The events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def wait_for(self, kind: str, count: int, timeout_s: float) -> dict[str, object]:
        """Return the event of this kind that makes them ``count``."""
        wait_until(lambda: len(self.of(kind)) >= count or self.process.poll() is not None, timeout_s, f"{kind} {count}")
        return self.of(kind)[count - 1]

    def wait_for_more(self, kind: str, count: int, timeout_s: float) -> None:
        """Wait for so many more."""
        self.wait_for(kind, len(self.of(kind)) + count, timeout_s)

    def end(self) -> str:
        """Stop it in order; returns what it wrote to stderr."""
        self.process.terminate()
        self._reader.join(10)
        assert self.process.wait(10) == 0
        assert self.process.stderr is not None
        return self.process.stderr.read()
