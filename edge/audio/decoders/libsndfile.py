"""Decoder that uses libsndfile and reads to the actual end, whatever length the header announces."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.audio.decoders import MISSING_SHARE
from edge.audio.decoders.containers import UNKNOWN_LENGTH, caf_lengths, stream_end, unannounced_samples
from edge.audio.decoders.views import Endless, Part

#: libsndfile's value for an unknown length; no header can announce so many frames (FLAC's field has 36 bits).
UNKNOWN_FRAMES = 1 << 36
#: Largest file size that a 32-bit length can describe, and the formats (libsndfile's names) with no other length.
LONGEST_ANNOUNCED, ANNOUNCING_32_BITS = 1 << 32, ("AIFF", "WAV", "WAVEX")
#: Frames in a packet of an mp3, at most.
MP3_PACKET = 1152
#: Bytes before an mp3's end that are read packet by packet: more than a block and the read-ahead occupy.
NEAR_END = 1 << 18
#: Fewer bytes after an mp3 are tags, not another appended mp3.
SHORTEST_MP3 = 4096

_LENGTHS = re.compile(r"^ *(?:data|SSND|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_ID3V1, _ID3V1_BYTES = b"TAG", 128


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """A file that is only read forwards.

    ``SoundFile`` seeks to the current position after each read, which fails at the end of a FLAC file of unknown
    length.
    """

    def seekable(self) -> bool:
        return False


class Libsndfile:
    """Decoder of one stream in a file, from byte ``start`` on; raises ``LibsndfileError`` if there is none."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._path, self._start = path, start
        self._n_bytes, self._stop = path.stat().st_size, stream_end(path, start)
        self._view: Part | None = None
        lengths = caf_lengths(path)
        if start or lengths or self._stop < self._n_bytes:
            self._view = Part(path, start, self._stop, lengths)
        self._file = self._opened()
        if self._file.format == "MP3":  # libsndfile would guess its length from the file size
            self._reopen(Endless(path, start))
        elif not self._file.frames or (self._n_bytes > LONGEST_ANNOUNCED and self._file.format in ANNOUNCING_32_BITS):
            self._read_unannounced()
        self.sample_rate = int(self._file.samplerate)

    def _opened(self, **layout: object) -> _Forward:
        try:
            # As text a path would have to be UTF-8.
            return _Forward(self._view or os.fsencode(self._path), **layout)
        except soundfile.LibsndfileError:
            if self._view is not None:
                self._view.close()
            raise

    def _reopen(self, view: Part, **layout: object) -> None:
        self.close()
        self._view = view
        self._file = self._opened(**layout)

    def _read_unannounced(self) -> None:
        file, start = self._file, unannounced_samples(self._path)
        if start is None or not soundfile.check_format("RAW", file.subtype):
            return
        is_little = file.endian == "LITTLE" or file.format in ("WAV", "WAVEX", "RF64")
        layout = {"samplerate": file.samplerate, "channels": file.channels, "subtype": file.subtype}
        self._reopen(Part(self._path, start), format="RAW", endian="LITTLE" if is_little else "BIG", **layout)

    def read(self, n_frames: int) -> NDArray[np.float32]:
        """Return up to ``n_frames``, (n, n_channels), none at the end; raises ``LibsndfileError``, ``OSError``."""
        is_near_end = isinstance(self._view, Endless) and self._view.n_left < NEAR_END
        try:
            return self._packets(n_frames) if is_near_end else self._frames(n_frames)
        finally:
            if self._view is not None and self._view.error is not None:
                raise self._view.error  # which libsndfile reports as an end, or as damage

    def _frames(self, n_frames: int) -> NDArray[np.float32]:
        frames: NDArray[np.float32] = self._file.read(n_frames, dtype="float32", always_2d=True)
        return frames

    def _packets(self, n_frames: int) -> NDArray[np.float32]:
        """Read packet by packet, so that only an incomplete last packet is lost."""
        packets = [np.empty((0, self._file.channels), dtype=np.float32)]
        while n_frames:
            try:
                packets.append(self._frames(min(n_frames, MP3_PACKET)))
            except soundfile.LibsndfileError:
                if self._view is not None and not self._view.n_left:
                    break
                raise
            if not len(packets[-1]):
                break
            n_frames -= len(packets[-1])
        return np.concatenate(packets)

    def close(self) -> None:
        """Release what is held."""
        self._file.close()
        if self._view is not None:
            self._view.close()

    def following(self) -> Libsndfile | None:
        """Return the stream that follows this one, once it has been read: concatenated songs."""
        start = self._stop
        if self._file.format == "MP3" and self._view is not None:
            start = self._behind_tag(self._start + self._view.tell())
        if start <= self._start or start > self._n_bytes - SHORTEST_MP3 * (self._file.format == "MP3"):
            return None
        with suppress(soundfile.LibsndfileError):
            return Libsndfile(self._path, start) if start < self._n_bytes else None
        return None

    def _behind_tag(self, at: int) -> int:
        with self._path.open("rb") as file:
            file.seek(at)
            return at + _ID3V1_BYTES if file.read(len(_ID3V1)) == _ID3V1 else at

    def missing(self, n_read: int) -> str | None:
        """Return in words what is missing once all ``n_read`` frames that are there have been read; None if nothing.

        It is known for formats whose header has the length, and for Ogg by its end marker.
        """
        report = self._file.extra_info  # libsndfile's own log: it shortens a length that the file does not hold
        if self._file.format == "OGG":
            return "is cut short: its end is missing" if "Last page lacks an end-of-stream bit" in report else None
        n_announced = self._file.frames
        if n_announced >= UNKNOWN_FRAMES:
            return None
        if (lengths := _LENGTHS.search(report)) and int(lengths[1]) < UNKNOWN_LENGTH:
            n_announced = round(n_announced * int(lengths[1]) / max(1, int(lengths[2])))
        if n_read >= (1 - MISSING_SHARE) * n_announced:
            return None
        there_s, announced_s = n_read / self.sample_rate, n_announced / self.sample_rate
        return f"is cut short: {there_s:.1f} of {announced_s:.1f} s are there"
