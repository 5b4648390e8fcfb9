"""Audio files, read in blocks through libsndfile, or else ffmpeg, with errors that name them."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.audio.decoders.ffmpeg import open_ffmpeg
from edge.audio.decoders.libsndfile import Libsndfile
from edge.errors import AudioFileError
from edge.events import Block
from features_np import Resampler, pcm
from features_np.errors import SignalError

#: Suffixes for libsndfile, for ffmpeg, and both: recordings in a folder are found by them.
OWN_SUFFIXES = frozenset(
    [".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav"]
)
FFMPEG_SUFFIXES = frozenset(
    [".aac", ".ac3", ".alac", ".ape", ".m4a", ".m4b", ".mka", ".mp4", ".mpc", ".tta", ".webm", ".wma", ".wv"]
)
AUDIO_SUFFIXES = OWN_SUFFIXES | FFMPEG_SUFFIXES
#: Head of an MP4 file, whatever its suffix: length and type of the first box.
_MP4_NAME, _MP4_NAME_AT = b"ftyp", 4


class _Decoder(Protocol):
    sample_rate: int  # Hz

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Return up to ``n_frames``, (n, n_channels), none at the end; raises ``LibsndfileError``, ``OSError``."""

    def close(self) -> None:
        """Release what is held."""

    def following(self) -> _Decoder | None:
        """Return the stream that follows this one in its file, once it has been read; None if there is none."""

    def missing(self, n_read: int) -> str | None:
        """Return in words what is missing once all ``n_read`` frames that are there have been read; None if nothing."""


class AudioFile:
    """A file open for reading (wav, flac, ogg, mp3, with ffmpeg m4a and more), at its own rate and channels.

    It is read to its actual end: the length in its header is not trusted, and concatenated songs are all read.
    ``cut_short`` then describes what is missing at the end; None if nothing.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Open ``path``, ``name`` to people; ``AudioFileError`` if it is no audio file that can be read."""
        self.name = str(path) if name is None else name
        self.cut_short: str | None = None
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise AudioFileError(f"{self.name}: {'Is a directory' if path.is_dir() else 'is no file'}")
            with path.open("rb"):  # for a file without permission libsndfile says only "System error."
                pass
            self._decoder = self._open(path)
            self._require_rate()
            self.sample_rate = self._decoder.sample_rate
        except AudioFileError:
            raise
        except OSError as error:
            raise AudioFileError(f"{self.name}: {error.strerror or error}") from error

    def _open(self, path: Path) -> _Decoder:
        try:
            return Libsndfile(path)
        except soundfile.LibsndfileError:
            program = shutil.which("ffmpeg")
        if program is None and (path.suffix.lower() in FFMPEG_SUFFIXES or _is_mp4(path)):
            raise AudioFileError(f"{self.name}: needs ffmpeg to be read: sudo apt install ffmpeg")
        decoder = None if program is None else open_ffmpeg(program, path, self.name)
        if decoder is None:
            raise AudioFileError(f"{self.name}: is not audio that can be read; wav, flac, ogg and mp3 can")
        return decoder

    def _require_rate(self) -> None:
        try:
            Resampler(self._decoder.sample_rate, self._decoder.sample_rate)  # raises for unsupported rates
        except SignalError as error:
            self.close()
            raise AudioFileError(f"{self.name}: {error}") from error

    def blocks(self, block_s: float) -> Iterator[Block]:
        """Yield the audio in blocks of ``block_s`` seconds, the last one of each stream shorter.

        A stream that follows another may have another rate.
        """
        seconds = 0.0
        while True:
            n_read = 0
            while len(frames := self._read(block_s, seconds)):
                n_read += len(frames)
                block = Block(frames, self._decoder.sample_rate)
                seconds += block.seconds
                yield block
            self.cut_short = self._decoder.missing(n_read)
            try:
                following = self._decoder.following()
            except AudioFileError:
                raise
            except OSError as error:
                raise AudioFileError(f"{self.name}: {error.strerror or error} after {seconds:.1f} s") from error
            if following is None:
                break
            self.close()
            self._decoder = following
            self._require_rate()
        if not seconds:
            raise AudioFileError(f"{self.name}: holds no audio")

    def _read(self, block_s: float, seconds: float) -> NDArray[np.float32]:
        try:
            frames = self._decoder.read(max(1, round(block_s * self._decoder.sample_rate)))
            pcm.require_block(frames.ravel())
        except soundfile.LibsndfileError as error:
            raise AudioFileError(f"{self.name}: is damaged after {seconds:.1f} s") from error
        except SignalError as error:
            raise AudioFileError(f"{self.name}: {error}") from error
        except OSError as error:
            raise AudioFileError(f"{self.name}: {error.strerror or error} after {seconds:.1f} s") from error
        return frames

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()


def _is_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_MP4_NAME_AT + len(_MP4_NAME)).endswith(_MP4_NAME)
