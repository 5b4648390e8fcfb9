"""The switch that pauses listening; any face may turn it."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Condition

from edge.written import write_whole

log = logging.getLogger(__name__)

PAUSED_FILE = "paused"


class Switch:
    """The switch; any thread may read and turn it."""

    def __init__(self, file: Path | None = None) -> None:
        """``file`` exists while listening is paused, so that a restart does not open the microphone."""
        self.file = file
        self._changed = Condition()
        self._is_on = file is None or not file.exists()

    @property
    def is_on(self) -> bool:
        """Return whether to listen."""
        return self._is_on

    def turn(self, on: bool) -> None:
        """Listen from now on, or pause; a file that cannot be written is logged, and listening obeys all the same."""
        with self._changed:
            self._is_on = on
            self._changed.notify_all()
            try:
                self._keep()
            except OSError as error:
                told = "pausing lasts until the next start" if not on else "the next start is paused: remove it"
                log.warning("%s: %s; %s", self.file, error.strerror, told)

    def _keep(self) -> None:
        if self.file is None:
            return
        if self._is_on:
            self.file.unlink(missing_ok=True)
        else:
            self.file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            write_whole(self.file, b"Listening is paused while this file is here.\n")

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is on, or for so long; returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_on, timeout_s)
