"""Every kind of live source, fed by a process that stalls, disappears and comes back on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from features_np.pcm import float32_to_int16
from tests.edge.pulse import Pulse

RATE = 22_050
RAW = ("--rate", str(RATE), "--channels", "1")
#: Writes audio at real-time pace while the file ``still`` is not there, zeros while ``mute`` is, without any pace while
#: ``fast`` is, and fails when ``dead`` is.
PLAYER = f"""
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
music = (folder / "music.raw").read_bytes()
at, due = 0, time.monotonic()
while not (folder / "dead").exists():
    if not (folder / "still").exists():
        piece = music[at : at + {RATE // 5}]
        sys.stdout.buffer.write(bytes(len(piece)) if (folder / "mute").exists() else piece)
        sys.stdout.buffer.flush()
        at = (at + {RATE // 5}) % len(music)
        if (folder / "fast").exists():
            continue
    due = max(due + 0.1, time.monotonic() - 1.0)  # at the pace of the clock, whatever else the machine has to do
    time.sleep(max(0.0, due - time.monotonic()))
sys.exit(3)
"""


@cache
def music() -> NDArray[np.float32]:
    """The music that all of them play, repeatedly."""
    return synthesize(20.0, sample_rate=RATE)


class Feed(Protocol):
    """Interface of a test to a source's feed."""

    def listen(self) -> subprocess.Popen[str]:
        """Start ``livegenre listen --json`` on it."""

    def fall_still(self) -> None:
        """Deliver nothing, without closing."""

    def go_on(self) -> None:
        """Deliver audio again."""

    def go_away(self) -> None:
        """Disappear."""

    def come_back(self) -> None:
        """Come back."""

    def close(self) -> None:
        """End whatever was started."""


class _Player:
    """A process that plays from a folder."""

    def __init__(self, folder: Path) -> None:
        (folder / "player.py").write_text(PLAYER)
        (folder / "music.raw").write_bytes(float32_to_int16(music()).tobytes())
        self._folder = folder
        self._command = [sys.executable, str(folder / "player.py"), str(folder)]
        self._processes: list[subprocess.Popen[bytes] | subprocess.Popen[str]] = []

    def _livegenre(self, uri: str, stdin: int | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("livegenre")), "listen", "--json", "--source", uri, *RAW],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def fall_still(self) -> None:
        (self._folder / "still").touch()

    def go_on(self) -> None:
        (self._folder / "still").unlink()

    def go_away(self) -> None:
        (self._folder / "dead").touch()

    def come_back(self) -> None:
        (self._folder / "dead").unlink()

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


class CommandFeed(_Player):
    """``cmd:`` the player."""

    def listen(self) -> subprocess.Popen[str]:
        return self._livegenre("cmd:" + " ".join(self._command))


class StandardInputFeed(_Player):
    """The player's output on standard input."""

    def listen(self) -> subprocess.Popen[str]:
        player = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        self._processes.append(player)
        assert player.stdout is not None
        return self._livegenre("-", stdin=player.stdout.fileno())


class NamedPipeFeed(_Player):
    """A FIFO that the player writes to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._fifo = folder / "room.fifo"
        os.mkfifo(self._fifo)

    def listen(self) -> subprocess.Popen[str]:
        self._play()
        return self._livegenre(f"file:{self._fifo}")

    def come_back(self) -> None:
        super().come_back()
        self._play()

    def _play(self) -> None:
        shell = ["sh", "-c", 'exec "$@" >"$0"', str(self._fifo), *self._command]
        self._processes.append(subprocess.Popen(shell))


class MicrophoneFeed:
    """A PulseAudio server of the test's own, in whose rooms music plays."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._room = pulse.add_room()

    def listen(self) -> subprocess.Popen[str]:
        return self._pulse.livegenre("listen", "--json")

    def fall_still(self) -> None:
        self._pulse.freeze()

    def go_on(self) -> None:
        self._pulse.thaw()

    def go_away(self) -> None:
        self._pulse.remove(self._room)

    def come_back(self) -> None:
        self._room = self._pulse.add_room()

    def close(self) -> None:
        self._pulse.thaw()
