"""Decoder that runs ffmpeg in a process of its own."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.audio.decoders import MISSING_SHARE
from edge.audio.decoders.containers import stream_end
from edge.errors import AudioFileError

#: Head of an AU file: magic, offset of the data, their length, encoding, sample rate (Hz), channels.
_AU_HEAD = struct.Struct(">4s5I")
#: Messages of ffmpeg itself (tags are indented) for a file that is cut short, and for one whose length it guesses.
_ENDS_EARLY = re.compile(r"^\[.*(?:partial file|ended prematurely)|^file:.*Input/output error", re.MULTILINE)
_NO_INDEX = re.compile(r"^\[.*moov atom not found", re.MULTILINE)
#: Type of the first box of an MPEG-4 file, after its length (ISO/IEC 14496-12; QuickTime's have no ``ftyp``).
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})
_GUESSED = re.compile(r"^\[.*Estimating duration from bitrate", re.MULTILINE)
_DURATION = re.compile(r"^ *Duration: (\d+):(\d+):(\d+\.\d+)", re.MULTILINE)
#: A video stream may last longer than the sound; an attached cover does not count.
_MOVING_PICTURE = re.compile(r"^ *Stream #0:.*: Video: (?!.*\(attached pic\))", re.MULTILINE)


class Ffmpeg:
    """Decoder that reads an AU stream from a process, whose header gives rate and channels."""

    def __init__(
        self, process: subprocess.Popen[bytes], head: bytes, messages: int, following: Callable[[], Ffmpeg | None]
    ) -> None:
        self.following = following
        _, offset, _, _, self.sample_rate, self._channels = _AU_HEAD.unpack(head)
        self._process, self._messages = process, messages
        self._read(offset - _AU_HEAD.size)

    def _read(self, n_bytes: int) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.read(n_bytes)

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Return up to ``n_frames`` frames, (n, n_channels); none at the end."""
        data = self._read(4 * n_frames * self._channels)
        data = data[: len(data) - len(data) % (4 * self._channels)]
        return np.frombuffer(data, dtype=">f4").astype(np.float32).reshape(-1, self._channels)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        if self._messages >= 0:
            os.close(self._messages)
            self._messages = -1

    def missing(self, n_read: int) -> str | None:
        """Return in words what is missing once all ``n_read`` frames that are there have been read; None if nothing."""
        if self._process.wait() != 0:
            return "is damaged: ffmpeg read no further"
        said, there_s = _text(self._messages), n_read / self.sample_rate
        found = _DURATION.search(said)
        if found and not _GUESSED.search(said) and not _MOVING_PICTURE.search(said):
            announced_s = 3600 * int(found[1]) + 60 * int(found[2]) + float(found[3])
            if there_s < (1 - MISSING_SHARE) * announced_s:
                return f"is cut short: {there_s:.1f} of {announced_s:.1f} s are there"
        return "is cut short: its end is missing" if _ENDS_EARLY.search(said) else None


def open_ffmpeg(program: str, path: Path, name: str, start: int = 0) -> Ffmpeg | None:
    """Start ffmpeg on the first audio stream of ``path`` from byte ``start`` on; None if it finds none.

    Raises ``AudioFileError`` for a file, ``name`` to people, that was audio before it was cut short.
    """
    n_bytes, stop = path.stat().st_size, stream_end(path, start)
    if start >= n_bytes:
        return None
    part = f"subfile,,start,{start},end,{stop},,:" if start or stop < n_bytes else ""
    # A playlist in a file may name any URL: only files are opened, nothing from the network.
    source = ("-protocol_whitelist", "file,pipe,subfile", "-i", f"{part}file:{path}")
    command = [program, "-hide_banner", "-nostats", "-nostdin", *source, "-map", "0:a:0"]
    command += ["-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    messages = os.memfd_create("ffmpeg")  # a pipe would have to be drained concurrently
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, start_new_session=True
        )
        assert process.stdout is not None
        head = process.stdout.read(_AU_HEAD.size)
        if len(head) == _AU_HEAD.size:
            kept, messages = messages, -1
            return Ffmpeg(process, head, kept, partial(open_ffmpeg, program, path, name, stop))
        process.communicate()
        if _NO_INDEX.search(_text(messages)) and _begins_with_a_box(path, start):
            raise AudioFileError(f"{name}: is cut short: its index, which comes last, is missing")
        return None
    finally:
        if messages >= 0:
            os.close(messages)


def _begins_with_a_box(path: Path, start: int) -> bool:
    """Return whether an MPEG-4 file begins at ``start``: otherwise ffmpeg may decide by the file's name alone."""
    with path.open("rb") as file:
        file.seek(start + 4)
        return file.read(4) in _FIRST_BOXES


def _text(messages: int) -> str:
    size = os.fstat(messages).st_size
    return os.pread(messages, size, 0).decode(errors="replace")
