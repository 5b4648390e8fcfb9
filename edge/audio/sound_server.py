"""The sound server behind PortAudio: who it is when it hangs."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: Programs that answer on PulseAudio's socket, by the name of their process.
SERVERS = ("pulseaudio", "pipewire-pulse", "pipewire")
PROC = Path("/proc")


def who_hangs() -> str:
    """Say in words for a person who keeps PortAudio waiting, as well as can be known without asking who hangs."""
    for path in _sockets():
        with suppress(OSError):
            return f"the sound server {_listener(path)} does not answer: restart it"
    return "the sound system does not answer: restart the sound server, or plug the device in again"


def _sockets() -> Iterator[Path]:
    """Yield where PulseAudio's socket may be, the likeliest first."""
    if runtime := os.environ.get("PULSE_RUNTIME_PATH"):
        yield Path(runtime, "native")
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "pulse", "native")
    yield Path("/run/pulse/native")


def _listener(path: Path) -> str:
    """Name the process that listens on a Unix socket; ``OSError`` if none does. It need not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.1)
        connection.connect(str(path))
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, _, _ = struct.unpack("3i", credentials)
    with suppress(OSError):
        name = (PROC / str(pid) / "comm").read_text().strip()
        if name in SERVERS:  # a service manager may have made the socket in its place
            return f"{name} (process {pid})"
    return f"PulseAudio or PipeWire ({path})"
