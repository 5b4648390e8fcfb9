"""A PulseAudio server for a test, with a null sink as a room: its monitor is the microphone.

The user's files are not touched: the runtime folder, the home folder and ALSA's configuration are in ``folder``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

REMEDY = "apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
ASOUNDRC = """\
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.pulse { type pulse }
ctl.pulse { type pulse }
"""


def wait_until(holds: Callable[[], object], timeout_s: float, what: str) -> None:
    """Poll until ``holds()``; fail the test with ``what`` after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.05)


class Pulse:
    """A server that can be started, killed and started again, and whose sinks come and go."""

    def __init__(self, folder: Path) -> None:
        if not (shutil.which("pulseaudio") and shutil.which("paplay")):
            pytest.fail(f"PulseAudio is not installed: {REMEDY}")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "asoundrc").write_text(ASOUNDRC)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE_", "DBUS_"))}
        self.env = {
            **kept,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            # libpulse would otherwise start a server of its own when ours is gone.
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
            "ALSA_CONFIG_PATH": str(folder / "asoundrc"),
        }
        (folder / "client.conf").write_text("autospawn = no\n")
        self._server: subprocess.Popen[bytes] | None = None
        self._listeners: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start the server, without any sink."""
        with (self.folder / "pulse.log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    "pulseaudio",
                    "-n",
                    "--daemonize=no",
                    "--exit-idle-time=-1",
                    "--use-pid-file=no",
                    "--load=module-native-protocol-unix",
                ],
                env=self.env,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self._pactl("info").returncode == 0, 15.0, "PulseAudio answers")

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._server:
            self._server.kill()
            self._server.wait()
            self._server = None
            shutil.rmtree(self.folder / "pulse", ignore_errors=True)

    def freeze(self) -> None:
        """Stop the server without ending it."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def add_room(self, name: str = "room", rate: int = 44_100, description: str = "Null Output") -> str:
        """Add a null sink whose monitor becomes the default microphone; returns its module's number."""
        properties = f'''sink_properties="device.description='{description}'"'''
        done = self._pactl("load-module", "module-null-sink", f"sink_name={name}", f"rate={rate}", properties)
        assert done.returncode == 0, done.stderr
        assert self._pactl("set-default-source", f"{name}.monitor").returncode == 0
        return done.stdout.strip()

    def remove(self, module: str) -> None:
        """Take a sink and its monitor away, as unplugging does."""
        assert self._pactl("unload-module", module).returncode == 0

    def used_by_us(self) -> list[str]:
        """The server's connections by livegenre, and its recordings in progress."""
        clients = self._pactl("list", "short", "clients").stdout.splitlines()
        ours = [line for line in clients if "python" in line or "livegenre" in line]
        return ours + self._pactl("list", "short", "source-outputs").stdout.splitlines()

    def play(self, path: Path, room: str | None = None) -> subprocess.Popen[bytes]:
        """Play a file into a room, or the default one; the caller ends it."""
        into = [f"--device={room}"] if room else []
        return subprocess.Popen(["paplay", *into, str(path)], env=self.env)

    def livegenre(self, *args: str, stderr: int | None = subprocess.PIPE) -> subprocess.Popen[str]:
        """Run the real command beside this server."""
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("livegenre")), *args],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        self._listeners.append(process)
        return process

    def end(self) -> None:
        """Kill the server and every command beside it that a failed test left running."""
        self.kill()
        for process in self._listeners:
            process.kill()
            process.wait()

    def _pactl(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pactl", *args], env=self.env, capture_output=True, text=True, check=False)
