"""Learning once a night, in a process of its own, so that the listening process does not keep its memory."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from edge.checked import between, setting

log = logging.getLogger(__name__)

#: Code of the process; it ends with its parent, which holds the other end of its standard input.
_PROGRAM = "from edge.service.nightly import run_child; run_child()"


@dataclass(frozen=True, slots=True)
class LearningConfig:
    """Settings of learning: whether, and in which hour of the local clock."""

    enabled: bool = False
    hour: int = setting(4, between(0, 23))


class Nightly:
    """Starts learning in its hour, and logs the outcome."""

    def __init__(self, config: LearningConfig, history: Path, model: str) -> None:
        self._config, self._history, self._model = config, history, model
        self._tried: date | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def is_under_way(self) -> bool:
        """Return whether it learns now."""
        return self._child is not None

    def look(self, now: datetime) -> None:
        """Start learning if it is due at ``now``, on the local clock, and log what has ended; never waits."""
        if self._child is not None:
            if self._child.poll() is not None:
                self._end()
        elif self._config.enabled and now.hour == self._config.hour and now.date() != self._tried:
            self._tried = now.date()
            self._start()

    def _start(self) -> None:
        command = [sys.executable, "-P", "-c", _PROGRAM, str(self._history), self._model]
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        except OSError as error:
            log.warning("learning: cannot be started: %s", error)

    def _end(self) -> None:
        child, self._child = self._child, None
        assert child is not None and child.stdin is not None and child.stdout is not None and child.stderr is not None
        with child.stdin, child.stdout, child.stderr:
            said = child.stdout.read(4096).decode(errors="replace").strip()
            trouble = child.stderr.read().decode(errors="replace").strip().splitlines()  # libraries write there, too
        if child.returncode:
            words = said or (trouble[-1] if trouble else "it said nothing")
            log.warning("learning failed (status %d): %s", child.returncode, words)
        elif said:
            log.info("learning: %s", said)

    def close(self) -> None:
        """Stop learning that is in progress; it is repeated another night."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._end()


def run_child() -> None:
    """Learn, in the child process, and print the outcome; print nothing if nothing is new."""
    import os
    import threading

    from edge.errors import EdgeError
    from edge.learning import keeping
    from edge.model.bundle import load_bundle
    from edge.words import safe

    def end_with_parent() -> None:
        sys.stdin.buffer.read()  # until its other end closes
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.nice(10)
    history, model = Path(sys.argv[1]), sys.argv[2] or None
    status = 0
    try:
        bundle = load_bundle(model)
        if keeping.is_worth_learning(history, bundle):
            judged, trouble = keeping.learn(history, bundle, model)
            print("; ".join(safe(words) for words in (*trouble, judged)), flush=True)
    except EdgeError as error:
        print(safe(error), flush=True)
        status = error.exit_status
    os._exit(status)  # without waiting for the thread that still reads
