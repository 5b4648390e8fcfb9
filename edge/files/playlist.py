"""Reads m3u playlists: the files that they name, and addresses on the network."""

from __future__ import annotations

import codecs
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLAYLIST_SUFFIXES = frozenset({".m3u", ".m3u8"})
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as written, and the file that it names, which may not exist; None for an address on the network."""

    name: str
    path: Path | None


def read_playlist(playlist: Path) -> list[Entry]:
    """Return what a playlist names, in order; raises ``OSError`` where it cannot be read."""
    lines = [line.strip() for line in _in_bytes(playlist.read_bytes()).splitlines()]
    return [_entry(line, playlist.parent) for line in lines if line and not line.startswith(b"#")]


def _in_bytes(content: bytes) -> bytes:
    """Return a playlist's content with single-byte newlines: UTF-16, as Windows writes it, becomes UTF-8.

    NUL bytes, which no file name has, are replaced so that the entry is a missing file instead of an error.
    """
    encoding = next((name for mark, name in _UTF_16.items() if content.startswith(mark)), None)
    if encoding is None and content[1:2] == b"\0":  # without a byte order mark; almost certainly ASCII at first
        encoding = "utf-16-le"
    if encoding is not None:
        content = content.decode(encoding, errors="replace").encode(errors="replace")
    return content.removeprefix(codecs.BOM_UTF8).replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode())


def _entry(line: bytes, folder: Path) -> Entry:
    name = os.fsdecode(line)
    if "://" not in name:
        return Entry(name, _file(line, folder))
    try:
        url = urlsplit(name)
    except ValueError:  # brackets that are no IPv6 address
        return Entry(name, None)
    return Entry(name, Path(unquote(url.path, errors="surrogateescape")) if url.scheme == "file" else None)


def _file(line: bytes, folder: Path) -> Path:
    """Return the file that a line names, trying several readings of it."""
    as_is = folder / os.fsdecode(line)
    return next((path for path in (as_is, *_readings(line, folder)) if _exists(path)), as_is)


def _readings(line: bytes, folder: Path) -> Iterator[Path]:
    """Yield possible readings of a line: other encodings, Windows' separators, composed and decomposed accents.

    macOS decomposes accents (NFD), other systems do not (NFC).
    """
    for encoding in ("utf-8", "cp1252"):
        written = line.decode(encoding, errors="replace")
        for name in (written, written.replace("\\", "/")):
            yield folder / name
            yield from (folder / unicodedata.normalize(form, name) for form in ("NFC", "NFD"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name of thousands of characters
        return False
