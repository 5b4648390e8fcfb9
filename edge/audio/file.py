"""Audio files, through libsndfile, and through ffmpeg where that cannot: read in blocks, with errors that name them."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.errors import AudioFileError
from edge.events import Block
from features_np import Resampler, pcm
from features_np.errors import SignalError

#: What libsndfile reads, and what ffmpeg is needed for: by these suffixes recordings are found in a folder.
OWN_SUFFIXES = frozenset(
    [".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav"]
)
FFMPEG_SUFFIXES = frozenset(
    [".aac", ".ac3", ".alac", ".ape", ".m4a", ".m4b", ".mka", ".mp4", ".mpc", ".tta", ".webm", ".wma", ".wv"]
)
#: A file is cut short when more than this share of what it announces is missing: an mp3's length is an estimate.
MISSING_SHARE = 0.02
#: A writer that cannot go back to write a length (a pipe, a recorder that was killed) leaves one about this large.
UNKNOWN_LENGTH = 0x7FFF_0000

_LENGTHS = re.compile(r"^ *(?:data|SSND|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
#: Head of an AU file: magic, offset of the data, their length, encoding, sample rate (Hz), channels.
_AU_HEAD = struct.Struct(">4s5I")
#: Head of a wav's chunk: name, length; and what stands before the first.
_CHUNK, _RIFF_BYTES = struct.Struct("<4sI"), 12


class _Decoder(Protocol):
    sample_rate: int  # Hz

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Return up to ``n_frames`` frames, (n, n_channels); none at the end. Raises ``LibsndfileError``."""

    def close(self) -> None:
        """Release what is held."""

    def missing(self, n_read: int) -> str | None:
        """Say in words what is missing once all ``n_read`` frames that are there have been read; None if nothing."""


class AudioFile:
    """A file open for reading (wav, flac, ogg, mp3, with ffmpeg m4a and more), at its own rate and channels.

    ``cut_short`` says in words, once it has been read to its end, what is missing there; None if nothing.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Open ``path``, ``name`` to people; ``AudioFileError`` if it is no audio file that can be read."""
        self.name = str(path) if name is None else name
        self.cut_short: str | None = None
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise AudioFileError(f"{self.name}: {'Is a directory' if path.is_dir() else 'is no file'}")
            with path.open("rb"):  # libsndfile's own words for a file that is closed to us are "System error."
                pass
            self._decoder = self._open(path)
            self.sample_rate = self._decoder.sample_rate
        except AudioFileError:
            raise
        except OSError as error:
            raise AudioFileError(f"{self.name}: {error.strerror or error}") from error

    def _open(self, path: Path) -> _Decoder:
        decoder: _Decoder | None = None
        try:
            decoder = _Libsndfile(path)
        except soundfile.LibsndfileError:
            if program := shutil.which("ffmpeg"):
                decoder = _ffmpeg(program, path)
            elif path.suffix.lower() in FFMPEG_SUFFIXES:
                raise AudioFileError(f"{self.name}: needs ffmpeg to be read: sudo apt install ffmpeg") from None
        if decoder is None:
            raise AudioFileError(f"{self.name}: is not audio that can be read; wav, flac, ogg and mp3 can")
        try:
            Resampler(decoder.sample_rate, decoder.sample_rate)  # knows which rates can be heard
        except SignalError as error:
            decoder.close()
            raise AudioFileError(f"{self.name}: {error}") from error
        return decoder

    def blocks(self, block_s: float) -> Iterator[Block]:
        """Yield the audio in blocks of ``block_s`` seconds, the last one shorter."""
        n_frames = max(1, round(block_s * self.sample_rate))
        n_read = 0
        while True:
            try:
                frames = self._decoder.read(n_frames)
                pcm.require_block(frames.ravel())
            except soundfile.LibsndfileError as error:
                raise AudioFileError(f"{self.name}: is damaged after {n_read / self.sample_rate:.1f} s") from error
            except SignalError as error:
                raise AudioFileError(f"{self.name}: {error}") from error
            if not len(frames) and not n_read:
                raise AudioFileError(f"{self.name}: holds no audio")
            if not len(frames):
                self.cut_short = self._decoder.missing(n_read)
                return
            n_read += len(frames)
            yield Block(frames, self.sample_rate)

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()


class _Libsndfile:
    """Decoder of what libsndfile knows."""

    def __init__(self, path: Path) -> None:
        self._file = soundfile.SoundFile(os.fsencode(path))  # as text it would have to be UTF-8
        self._tail: _Tail | None = None
        if not self._file.frames:
            self._read_unannounced(path)
        self.sample_rate = int(self._file.samplerate)

    def _read_unannounced(self, path: Path) -> None:
        start = _unannounced(path)
        layout = {"samplerate": self._file.samplerate, "channels": self._file.channels, "subtype": self._file.subtype}
        if start is None or not soundfile.check_format("RAW", layout["subtype"]):
            return
        self.close()
        self._tail = _Tail(path, start)
        self._file = soundfile.SoundFile(self._tail, format="RAW", endian="LITTLE", **layout)

    def read(self, n_frames: int) -> NDArray[np.float32]:
        frames: NDArray[np.float32] = self._file.read(n_frames, dtype="float32", always_2d=True)
        return frames

    def close(self) -> None:
        self._file.close()
        if self._tail is not None:
            self._tail.close()

    def missing(self, n_read: int) -> str | None:
        report = self._file.extra_info  # libsndfile's own log: it shortens a length that the file does not hold
        if "Last page lacks an end-of-stream bit" in report:
            return "is cut short: its end is missing"
        n_announced = self._file.frames
        if (lengths := _LENGTHS.search(report)) and int(lengths[1]) < UNKNOWN_LENGTH:
            n_announced = round(n_announced * int(lengths[1]) / max(1, int(lengths[2])))
        if n_read >= (1 - MISSING_SHARE) * n_announced:
            return None
        there_s, announced_s = n_read / self.sample_rate, n_announced / self.sample_rate
        return f"is cut short: {there_s:.1f} of {announced_s:.1f} s are there"


class _Tail(io.FileIO):
    """A file from byte ``start`` on."""

    def __init__(self, path: Path, start: int) -> None:
        super().__init__(path)
        self._start = start
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return super().seek(offset + self._start * (whence == os.SEEK_SET), whence) - self._start

    def tell(self) -> int:
        return super().tell() - self._start


def _unannounced(path: Path) -> int | None:
    """Return where samples begin in a wav whose data announce no length; None if nothing but chunks follows.

    A recorder that writes the length at its end, and was killed before, leaves such a file.
    """
    at, data, n_bytes = _RIFF_BYTES, None, path.stat().st_size
    with path.open("rb") as file:
        is_wav = file.read(4) in (b"RIFF", b"RF64")
        while is_wav and at < n_bytes:
            file.seek(at)
            kind, length = _CHUNK.unpack(file.read(_CHUNK.size).ljust(_CHUNK.size, b"\0"))
            if not (kind.isascii() and kind.decode().isprintable()):  # no name of a chunk: samples
                return data
            at += _CHUNK.size
            if kind == b"data":
                data = at
            at += 0 if length >= UNKNOWN_LENGTH else length + length % 2
    return None if at <= n_bytes + 1 else data  # one byte may be missing that makes the length even


class _Ffmpeg:
    """Decoder that reads an AU stream from a process, so that rate and channels come along."""

    def __init__(self, process: subprocess.Popen[bytes], head: bytes) -> None:
        _, offset, _, _, self.sample_rate, self._channels = _AU_HEAD.unpack(head)
        self._process = process
        self._read(offset - _AU_HEAD.size)

    def _read(self, n_bytes: int) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.read(n_bytes)

    def read(self, n_frames: int) -> NDArray[np.float32]:
        data = self._read(4 * n_frames * self._channels)
        data = data[: len(data) - len(data) % (4 * self._channels)]
        return np.frombuffer(data, dtype=">f4").astype(np.float32).reshape(-1, self._channels)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def missing(self, n_read: int) -> str | None:
        return None if self._process.wait() == 0 else "is damaged: ffmpeg read no further"


def _ffmpeg(program: str, path: Path) -> _Ffmpeg | None:
    """Start ffmpeg on the first audio stream of ``path``; None if it finds none."""
    # A playlist in a file may name anything: nothing but files is opened, and nothing from the network.
    source = ("-protocol_whitelist", "file,pipe", "-i", f"file:{path}")
    command = [program, "-v", "quiet", "-nostdin", *source, "-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdout is not None
    head = process.stdout.read(_AU_HEAD.size)
    if len(head) == _AU_HEAD.size:
        return _Ffmpeg(process, head)
    process.communicate()
    return None
