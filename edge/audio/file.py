"""Audio files, through libsndfile: checked when opened, read in blocks, with errors that name the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import soundfile

from edge.errors import AudioFileError
from edge.events import Block
from features_np import pcm
from features_np.errors import SignalError


class AudioFile:
    """A file open for reading (wav, flac, ogg, mp3 and what else libsndfile knows), at its own rate and channels."""

    def __init__(self, path: Path) -> None:
        """Open ``path``; ``AudioFileError`` if it is no audio file that can be read."""
        self.path = path
        try:
            with path.open("rb"):  # libsndfile's own words for a missing file are "System error."
                pass
            self._file = soundfile.SoundFile(os.fsencode(path))  # as text it would have to be UTF-8
        except OSError as error:
            raise AudioFileError(f"{path}: {error.strerror or error}") from error
        except soundfile.LibsndfileError as error:
            raise AudioFileError(f"{path}: is not audio that can be read; wav, flac, ogg and mp3 can") from error
        self.sample_rate = int(self._file.samplerate)

    def blocks(self, block_s: float) -> Iterator[Block]:
        """Yield the audio in blocks of ``block_s`` seconds, the last one shorter."""
        n_frames = max(1, round(block_s * self.sample_rate))
        while True:
            try:
                frames = self._file.read(n_frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioFileError(f"{self.path}: is damaged ({error.error_string.strip()})") from error
            if not len(frames):
                return
            try:
                pcm.require_block(frames.ravel())
            except SignalError as error:
                raise AudioFileError(f"{self.path}: {error}") from error
            yield Block(frames, self.sample_rate)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
