"""Finds the audio in files whose headers give its length wrongly or not at all: wav, AIFF, AU, CAF and Ogg."""

from __future__ import annotations

import struct
from pathlib import Path

#: A writer that cannot seek back to write the length (a pipe, a killed recorder) leaves about this value.
UNKNOWN_LENGTH = 0x7F00_0000

#: Head of a chunk: name, length. Bytes before the first chunk in wav and AIFF, in CAF, and before samples in SSND.
_WAV_CHUNK, _AIFF_CHUNK, _CAF_CHUNK = struct.Struct("<4sI"), struct.Struct(">4sI"), struct.Struct(">4sq")
_CAF = b"caff"
_FORM_BYTES, _CAF_BYTES, _SSND_BYTES = 12, 8, 8
#: Head of an Ogg page: pattern, version, flags, position, serial, number, checksum, number of segments.
_PAGE = struct.Struct("<4sBBqIIIB")
_PATTERN, _BEGINS, _MOST_SEGMENTS = b"OggS", 2, 255
#: Lengths of 32 bits wrap around at this value.
_WRAPS = 1 << 32
#: Bytes searched at once.
_PIECE = 1 << 16


def unannounced_samples(path: Path) -> int | None:
    """Return the offset of the samples in a wav, AIFF or AU file that announces none, or 4 GB too few; None for others.

    A recorder that was killed before it wrote the length leaves such a file.
    """
    with path.open("rb") as file:
        head = file.read(_FORM_BYTES)
    if head[:4] in (b"RIFF", b"RF64"):
        return _behind(path, _WAV_CHUNK, b"data", 0)
    if head[:4] == b"FORM":
        return _behind(path, _AIFF_CHUNK, b"SSND", _SSND_BYTES)
    if head[:4] == b".snd":
        start = int.from_bytes(head[4:8], "big")
        return start if start < path.stat().st_size else None
    return None


def _behind(path: Path, chunk: struct.Struct, wanted: bytes, n_before: int) -> int | None:
    at, data, n_bytes = _FORM_BYTES, None, path.stat().st_size
    with path.open("rb") as file:
        while at < n_bytes:
            file.seek(at)
            kind, length = chunk.unpack(file.read(chunk.size).ljust(chunk.size, b"\0"))
            if not (kind.isascii() and kind.decode().isprintable()):  # not a chunk name, so these are samples
                return data
            at += chunk.size
            if kind == wanted:
                data = at + n_before
                length = max(length, n_before)
                if length + _WRAPS <= n_bytes - at:
                    return data
            at += 0 if length >= UNKNOWN_LENGTH else length + length % 2
    return None if at <= n_bytes + 1 else data  # the padding byte of an odd length may be missing


def caf_lengths(path: Path) -> dict[int, bytes]:
    """Return the length of a CAF file's data, by the offset of that field, if the file leaves it open; else nothing.

    The format allows that, and libsndfile does not read it.
    """
    at, n_bytes = _CAF_BYTES, path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(_CAF)) != _CAF:
            return {}
        while at + _CAF_CHUNK.size <= n_bytes:
            file.seek(at)
            kind, length = _CAF_CHUNK.unpack(file.read(_CAF_CHUNK.size))
            if kind == b"data" and length == -1:
                return {at: _CAF_CHUNK.pack(kind, n_bytes - at - _CAF_CHUNK.size)}
            if length < 0:
                break
            at += _CAF_CHUNK.size + length
    return {}


def stream_end(path: Path, start: int) -> int:
    """Return where the stream that begins at byte ``start`` ends: at the next one of a chained Ogg file, or with it."""
    at, has_data, n_bytes = start, False, path.stat().st_size
    if not _has_page(path, start):
        return n_bytes
    with path.open("rb", buffering=0) as file:
        while at + _PAGE.size <= n_bytes:
            file.seek(at)
            page = file.read(_PAGE.size + _MOST_SEGMENTS)
            if not page.startswith(_PATTERN):  # damaged: continue at the next recognizable page
                at = _next_page(path, at + 1)
                continue
            _, _, flags, _, _, _, _, n_segments = _PAGE.unpack_from(page)
            if flags & _BEGINS and has_data:
                return at
            has_data = has_data or not flags & _BEGINS
            at += _PAGE.size + n_segments + sum(page[_PAGE.size : _PAGE.size + n_segments])
    return n_bytes


def _has_page(path: Path, at: int) -> bool:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(len(_PATTERN)) == _PATTERN


def _next_page(path: Path, at: int) -> int:
    with path.open("rb") as file:
        file.seek(at)
        rest = b""
        while piece := file.read(_PIECE):
            found = (rest + piece).find(_PATTERN)
            if found >= 0:
                return at - len(rest) + found
            at += len(piece)
            rest = (rest + piece)[1 - len(_PATTERN) :]
    return at
