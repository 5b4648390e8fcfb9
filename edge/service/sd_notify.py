"""Notifications to systemd: ready, alive, reloading, stopping, and a status in words (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

from edge.words import safe

log = logging.getLogger(__name__)


class Notifier:
    """Sends to the service manager's socket, if there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address  # @: an abstract socket
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        # The manager kills a service that is silent for this long; three signals in that time are safe.
        self._alive_every_s = int(environment.get("WATCHDOG_USEC", 0)) / 1e6 / 3
        self._alive_at = -float("inf")
        self._status = ""

    def ready(self) -> None:
        """The service works, or works again after ``reloading``."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog, no more often than needed; called from the loop that must not hang."""
        now = time.monotonic()
        if self._alive_every_s and now - self._alive_at >= self._alive_every_s:
            self._alive_at = now
            self._send("WATCHDOG=1")

    def status(self, words: str) -> None:
        """Send a status in words; ``systemctl status`` shows it."""
        if words != self._status:
            self._status = words
            self._send(f"STATUS={safe(words)}")  # a newline would begin another assignment

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError as error:
            log.warning("the service manager does not take %s: %s", message.partition("=")[0], error)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
