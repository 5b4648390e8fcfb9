"""What m3u playlists name: files, and addresses on the network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLAYLIST_SUFFIXES = frozenset({".m3u", ".m3u8"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: as it is written, and the file that it names, which may not be there; None for an address elsewhere."""

    name: str
    path: Path | None


def read_playlist(playlist: Path) -> list[Entry]:
    """Return what a playlist names, in order; raises ``OSError`` where it cannot be read."""
    lines = [line.strip() for line in playlist.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()]
    return [_entry(line, playlist.parent) for line in lines if line and not line.startswith(b"#")]


def _entry(line: bytes, folder: Path) -> Entry:
    name = os.fsdecode(line)
    if "://" not in name:
        return Entry(name, _file(line, folder))
    url = urlsplit(name)
    return Entry(name, Path(unquote(url.path, errors="surrogateescape")) if url.scheme == "file" else None)


def _file(line: bytes, folder: Path) -> Path:
    """Return the file that a line names: its bytes are a name here, or were written on Windows long ago."""
    path = folder / os.fsdecode(line)
    for encoding in ("utf-8", "cp1252"):
        if path.exists():
            break
        written = line.decode(encoding, errors="replace")
        path = next((path for path in (folder / written, folder / written.replace("\\", "/")) if path.exists()), path)
    return path
