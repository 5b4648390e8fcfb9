"""A daemon with several rooms: real processes play in each."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from edge.audio.demo import synthesize
from edge.errors import HistoryError
from edge.history.reader import read_segments
from edge.history.segments import Segment
from edge.rooms import slug_of
from features_np.pcm import float32_to_int16

ROOT = Path(__file__).resolve().parents[4]
PIECE_S = 20
#: Plays a piece for ever, at real-time pace: the daemon paces what it reads.
RADIO = """
import pathlib, sys
piece = pathlib.Path(__file__).with_name("piece.raw").read_bytes()
while True:
    sys.stdout.buffer.write(piece)
"""


class House:
    """The configuration file of a daemon with rooms in which radios play."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "livegenre.toml"
        self._radio = folder / "radio.py"
        self._radio.write_text(RADIO)
        self._piece = float32_to_int16(synthesize(PIECE_S, sample_rate=22_050))
        (folder / "piece.raw").write_bytes(self._piece.tobytes())

    def furnish(self, *rooms: str, more: str = "") -> None:
        """Write the configuration."""
        tables = [
            f'[[source]]\nname = "{name}"\nsample_rate = 22050\nchannels = 1\n'
            f'uri = "cmd:{sys.executable} -I {self._radio} {slug_of(name)}"\n'
            for name in rooms
        ]
        self.config.write_text("".join(tables) + "[history]\ncheckpoint_s = 0.1\n" + more)

    def recording(self) -> Path:
        """Return a file in which the piece is played for minutes."""
        file = self.folder / "piece.wav"
        soundfile.write(file, np.tile(self._piece, 15), 22_050)
        return file

    def history(self, room: str) -> Path:
        """Return the file of a room's history."""
        return self.folder / "state" / f"history-{slug_of(room)}.db"

    def segments(self, room: str) -> list[Segment]:
        """Return what a room's history holds."""
        try:
            return read_segments(self.history(room)) if self.history(room).exists() else []
        except HistoryError:  # it is just being made
            return []

    def seconds(self, room: str) -> float:
        """Return how much a room's history holds."""
        return sum(segment.duration_s for segment in self.segments(room))

    def radios(self, room: str) -> list[int]:
        """Return the process ids of a room's radio."""
        found = []
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().decode().split("\0")[:-1]
                if words[-2:] == [str(self._radio), slug_of(room)] and "python" in words[0]:
                    found.append(int(process.name))
        return found

    def break_radio(self, room: str) -> None:
        """Kill a room's radio."""
        for process_id in self.radios(room):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)

    def patch(self, code: str) -> dict[str, str]:
        """Return the environment in which a daemon begins with some code."""
        (self.folder / "sitecustomize.py").write_text(code)
        return {"PYTHONPATH": f"{self.folder}:{ROOT}"}
