"""The sound server behind PortAudio: its sources, and its process when it hangs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Programs that answer on PulseAudio's socket, by the name of their process.
SERVERS = ("pulseaudio", "pipewire-pulse", "pipewire")
PROC = Path("/proc")
#: Seconds that its list of sources may take.
LIST_S = 2.0
#: A field of an entry in the list, without its properties and ports; and the format "s16le 2ch 44100Hz".
_FIELD = re.compile(r"^\t(Name|Description|Sample Specification): (.*)$", re.MULTILINE)
_SAMPLES = re.compile(r"\S+ (\d+)ch (\d+)Hz$")


@dataclass(frozen=True, slots=True)
class ServerSource:
    """A source of PulseAudio, or of PipeWire where it takes PulseAudio's place."""

    name: str  # the server's own: the same after a reboot
    description: str  # words for people
    channels: int
    sample_rate: int  # Hz


def sources() -> list[ServerSource]:
    """List the server's sources, by its own tool ``pactl``; none where there is no server or no such tool."""
    if shutil.which("pactl") is None:
        return []
    try:
        env = os.environ | {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}  # else its words may be translated
        # Not its JSON: there version 16 writes "(null)" for every name that is not ASCII.
        done = subprocess.run(["pactl", "list", "sources"], env=env, capture_output=True, timeout=LIST_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return sources_in(done.stdout.decode(errors="replace"))


def sources_in(text: str) -> list[ServerSource]:
    """Return the sources in the output of ``pactl list sources``; unexpected entries are skipped."""
    found = []
    for entry in text.split("\n\n"):
        values: dict[str, str] = dict(_FIELD.findall(entry))
        sample_format = _SAMPLES.match(values.get("Sample Specification", ""))
        if sample_format and "Name" in values:
            channels, rate = map(int, sample_format.groups())
            found.append(ServerSource(values["Name"], values.get("Description", values["Name"]), channels, rate))
    return found


def who_hangs() -> str:
    """Return a message that names the process that PortAudio waits for, found without asking it."""
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
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, suppress(TimeoutError, BlockingIOError):
        connection.settimeout(0.1)  # refused if too many connections are pending
        connection.connect(str(path))
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, _, _ = struct.unpack("3i", credentials)
        name = (PROC / str(pid) / "comm").read_text().strip()
        if name in SERVERS:  # a service manager may have made the socket in its place
            return f"{name} (process {pid})"
    return f"PulseAudio or PipeWire ({path})"
