"""A stand-in for systemd: a notification socket for a service."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path


class Manager:
    """A notification socket in a folder of its own, and the environment that a service gets."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._read: list[tuple[str, ...]] = []  # and not returned yet
        self.env = os.environ | {
            **{"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "900000", "OPENBLAS_NUM_THREADS": "1"},
            **{"STATE_DIRECTORY": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)},
        }

    def messages(self, seconds: float) -> list[tuple[str, ...]]:
        """Return the messages of so many seconds, as (name, value)."""
        end = time.monotonic() + seconds
        found, self._read = self._read, []
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                found += [tuple(line.split("=", 1)) for line in self._socket.recv(4096).decode().splitlines()]
            except TimeoutError:
                break
        return found

    def wait_for(self, name: str, value: str | None = None, seconds: float = 30) -> list[tuple[str, ...]]:
        """The messages up to and with the first of that name (and value); fails the test if none comes."""
        end = time.monotonic() + seconds
        found: list[tuple[str, ...]] = []
        while True:
            found += self.messages(0.1)
            for place, got in enumerate(found, 1):
                if got[0] == name and value in (None, got[1]):
                    self._read = found[place:]
                    return found[:place]
            assert time.monotonic() < end, f"no {name} among {found}"
