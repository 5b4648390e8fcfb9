"""The feed of each live source, which can disappear, fall silent, hang, hurry and recover."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

import edge.audio
from edge.audio.command import Command
from edge.audio.microphone import Microphone
from edge.audio.network import NetworkStream
from edge.audio.pipes import NamedPipe, StandardInput
from edge.audio.recovery.live_source import LiveSource
from tests.edge.audio.broadcast import Radio
from tests.edge.audio.feeds import RATE, CommandFeed, NamedPipeFeed, _Player, music
from tests.edge.faults.nursery import Life
from tests.edge.pulse import Pulse

#: A sound device that gives zeros as fast as they are read. ALSA's null device alone gives what lay in its memory
#: before, which is never taken for a microphone that is gone unless it happens to be zeros.
ENDLESS_ZEROS = """
pcm.!default { type file slave.pcm { type null } file "/dev/null" infile "/dev/zero" format "raw" }
ctl.!default { type null }
"""
RAW_KEYS = f"sample_rate = {RATE}\nchannels = 1"


class Feed(Protocol):
    """Interface of a test to a daemon's source."""

    #: Whether the source ends for good with its other end, and whether that can be made to wait.
    ends_with_it: bool
    waits: bool

    def begin(self, life: Life) -> None:
        """Start, and configure the daemon to listen."""

    def go_away(self) -> None:
        """Disappear."""

    def fall_silent(self) -> None:
        """Deliver only zeros."""

    def hang(self) -> None:
        """Deliver nothing, without closing."""

    def hurry(self) -> None:
        """Deliver faster than real time."""

    def recover(self) -> None:
        """Return to the initial state after any of these."""

    def close(self) -> None:
        """End whatever was started."""


class _Folder(_Player):
    """A player that is controlled by files in a folder."""

    ends_with_it = False
    waits = True
    uri = ""

    def begin(self, life: Life) -> None:
        life.source = f"uri = '{self.uri}'\n{RAW_KEYS}"
        life.begin()

    def fall_silent(self) -> None:
        (self._folder / "mute").touch()

    def hang(self) -> None:
        self.fall_still()

    def hurry(self) -> None:
        (self._folder / "fast").touch()

    def recover(self) -> None:
        for name in ("still", "mute", "fast"):
            (self._folder / name).unlink(missing_ok=True)
        if (self._folder / "dead").exists():
            self.come_back()


class CommandsOutput(_Folder, CommandFeed):
    """A command, which is started again."""

    def begin(self, life: Life) -> None:
        self.uri = "cmd:" + " ".join(self._command)
        super().begin(life)


class Fifo(_Folder, NamedPipeFeed):
    """A named pipe, into which somebody else writes later."""

    def begin(self, life: Life) -> None:
        self.uri = f"file:{self._fifo}"
        self._play()
        super().begin(life)


class Stdin(Fifo):
    """Standard input, which ends with whoever writes to it."""

    ends_with_it = True

    def begin(self, life: Life) -> None:
        life.stdin = self._fifo
        self._play()
        self.uri = "-"
        _Folder.begin(self, life)


class Broadcast:
    """A radio in the network."""

    ends_with_it = False
    waits = True

    def __init__(self, _folder: Path) -> None:
        self._radio = Radio()
        self._is_there = True

    def begin(self, life: Life) -> None:
        life.source = f"uri = '{self._radio.uri}'"
        life.begin()

    def go_away(self) -> None:
        self._radio.end()
        self._is_there = False

    def fall_silent(self) -> None:
        self._radio.station.mute = True

    def hang(self) -> None:
        self._radio.station.still = True

    def hurry(self) -> None:
        self._radio.station.fast = True

    def recover(self) -> None:
        station = self._radio.station
        station.still = station.mute = station.fast = False
        if not self._is_there:
            self._radio.begin()
            self._is_there = True

    def close(self) -> None:
        self._radio.close()


class Room:
    """A PulseAudio server with a microphone in a room where music plays."""

    ends_with_it = False
    waits = False

    def __init__(self, folder: Path) -> None:
        self._music = folder / "music.wav"
        soundfile.write(self._music, np.tile(music(), 6), RATE)
        self._pulse = Pulse(folder / "sound")
        self._asoundrc = folder / "sound" / "asoundrc"
        self._sound = self._asoundrc.read_text()
        self._players: list[subprocess.Popen[bytes]] = []
        self._pulse.start()
        self._module = ""
        self._furnish()

    def _furnish(self) -> None:
        self._module = self._pulse.add_room()
        self._players.append(self._pulse.play(self._music))

    def begin(self, life: Life) -> None:
        life.env = self._pulse.env | {name: value for name, value in life.env.items() if os.environ.get(name) != value}
        life.env |= {"HOME": self._pulse.env["HOME"], "XDG_RUNTIME_DIR": self._pulse.env["XDG_RUNTIME_DIR"]}
        life.source = "uri = 'mic'"
        life.begin()

    def go_away(self) -> None:
        self._pulse.remove(self._module)
        self._module = ""

    def fall_silent(self) -> None:
        self._stop_music()

    def hang(self) -> None:
        self._pulse.freeze()

    def hurry(self) -> None:
        self._asoundrc.write_text(ENDLESS_ZEROS)
        self._pulse.kill()

    def recover(self) -> None:
        self._stop_music()
        if self._asoundrc.read_text() != self._sound:
            self._asoundrc.write_text(self._sound)
            self._pulse.start()
            self._module = ""
        self._pulse.thaw()
        if self._module:
            self._players.append(self._pulse.play(self._music))
        else:
            self._furnish()

    def _stop_music(self) -> None:
        for player in self._players:
            player.kill()
            player.wait()
        self._players.clear()

    def close(self) -> None:
        self._stop_music()
        self._pulse.end()


#: By the classes of the sources.
FEEDS: dict[type[LiveSource], type[Feed]] = {
    Command: CommandsOutput,
    Microphone: Room,
    NamedPipe: Fifo,
    NetworkStream: Broadcast,
    StandardInput: Stdin,
}


def live_sources() -> list[type[LiveSource]]:
    """Every source there is that may go away and come back."""
    for module in pkgutil.walk_packages(edge.audio.__path__, "edge.audio."):
        importlib.import_module(module.name)
    return sorted(LiveSource.__subclasses__(), key=lambda kind: kind.__name__)
