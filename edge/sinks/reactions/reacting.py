"""The sink that reacts, in a thread of its own, so that a slow reaction never delays listening.

The command is given the reaction as a JSON object on its standard input, and its ``state``, ``genre`` and ``label`` as
the variables LIVEGENRE_STATE, LIVEGENRE_GENRE and LIVEGENRE_LABEL; the webhook is posted the same object.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from edge import words
from edge.clock import Throttle
from edge.events import SCHEMA, Change, Event, Prediction, Started

if TYPE_CHECKING:
    from edge.sinks.reactions import ReactionsConfig

log = logging.getLogger(__name__)

#: Seconds that a command and a webhook may take, and that closing waits for them.
COMMAND_S, WEBHOOK_S, CLOSE_S = 60.0, 10.0, 1.5
#: Reactions that may wait while one is slow; further ones are dropped, and that is logged.
MOST_WAITING = 4


class Reactions:
    """Sink that reacts once what is shown has been shown for ``after_s``: once for each time, and no sooner than
    ``pause_s`` after the reaction before."""

    def __init__(self, settings: ReactionsConfig, room: str = "") -> None:
        """``room`` is told with each reaction, if it has a name."""
        self.problem: str | None = None
        self._room = room
        self._settings = settings
        self._shown: tuple[str, str | None] | None = None
        self._since_s = 0.0  # of audio
        self._has_reacted = False
        self._due_s = 0.0  # on the monotonic clock: when the next reaction may come
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MOST_WAITING)
        self._reports = Throttle()
        self._running: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._work, name="reactions", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Track the shown state; never waits."""
        if isinstance(event, Started):
            self._shown = None
        if not isinstance(event, Prediction | Change):
            return
        if (event.state, event.genre) != self._shown:
            self._shown, self._since_s, self._has_reacted = (event.state, event.genre), event.audio_s, False
        label, now = event.genre or str(event.state), time.monotonic()
        wanted = self._settings.labels
        if self._has_reacted or (wanted and label.casefold() not in wanted):
            return
        if event.audio_s - self._since_s < self._settings.after_s or now < self._due_s:
            return
        if self._settings.is_quiet(datetime.now().time()):
            return
        self._has_reacted, self._due_s = True, now + self._settings.pause_s
        at = event.to_json()
        told = {"schema": SCHEMA, "event": "reaction", "time": at["time"], "state": at["state"], "genre": at["genre"]}
        told |= {"room": self._room} if self._room else {}
        told |= {"label": label, "confidence": at["confidence"], "for_s": round(event.audio_s - self._since_s, 1)}
        try:
            self._waiting.put_nowait(told)
        except queue.Full:
            self._failed("the reactions before have not ended; one is left out")

    def _work(self) -> None:
        while (told := self._waiting.get()) is not None:
            problem = None
            if self._settings.command:
                problem = self._run(told)
            if self._settings.webhook:
                problem = self._post(told) or problem
            self.problem = problem
            if problem is not None:
                self._failed(problem)

    def _run(self, told: dict[str, Any]) -> str | None:
        keys = ("state", "genre", "label", "room")
        environment = {f"LIVEGENRE_{key.upper()}": str(told.get(key) or "") for key in keys}
        try:
            running = subprocess.Popen(
                ["/bin/sh", "-c", self._settings.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=os.environ | environment,
                start_new_session=True,
            )
        except OSError as error:
            return f"the command cannot be run: {error}"
        self._running = running
        try:
            _, said = running.communicate(json.dumps(told).encode(), timeout=COMMAND_S)
        except subprocess.TimeoutExpired:
            _kill(running)
            return f"the command did not end within {COMMAND_S:.0f} s"
        finally:
            self._running = None
        last = (said.decode(errors="replace").strip().splitlines() or [""])[-1]
        return None if running.returncode == 0 else f"the command ended with status {running.returncode}: {last[:200]}"

    def _post(self, told: dict[str, Any]) -> str | None:
        from urllib.error import URLError
        from urllib.request import Request, urlopen

        body, headers = json.dumps(told).encode(), {"Content-Type": "application/json", "User-Agent": "livegenre"}
        try:
            with urlopen(Request(self._settings.webhook, body, headers), timeout=WEBHOOK_S) as answer:
                answer.read(1024)
        except (URLError, OSError, ValueError) as error:
            return f"the webhook cannot be reached: {error}"
        return None

    def _failed(self, problem: str) -> None:
        if self._reports.is_due(problem):
            log.warning("reaction: %s; listening goes on", words.safe(problem))

    def close(self) -> None:
        """Stop the running reaction and drop queued ones."""
        with suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put(None)
        self._thread.join(CLOSE_S)
        if (running := self._running) is not None:
            _kill(running)


def _kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
