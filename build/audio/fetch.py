"""Sources of recordings to ingest: files, folders, m3u playlists, and what yt-dlp can fetch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build.audio.excerpt import Tags, read_tags
from build.errors import IngestError
from edge.audio.file import AUDIO_SUFFIXES
from edge.files.playlist import PLAYLIST_SUFFIXES, Entry, read_playlist

#: A search in yt-dlp's notation, ``ytsearch1:some words``, or a URL.
_SEARCH = re.compile(r"[a-z]+search(\d+|all)?:", re.IGNORECASE)
_REMOTE = re.compile(rf"[a-z][a-z0-9+.-]*://|{_SEARCH.pattern}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that has been fetched."""

    path: Path
    tags: Tags


@dataclass(frozen=True, slots=True)
class Item:
    """One recording of a source: ``origin`` names it, ``fetch(folder)`` downloads it, into the folder if need be."""

    origin: str
    fetch: Callable[[Path], Fetched]


def items_of(source: str) -> list[Item]:
    """Return the recordings of a source; ``IngestError`` if it cannot be reached or holds none."""
    if _REMOTE.match(source):
        return _remote(source)
    path = Path(source)
    if path.is_dir():
        return [_local(file) for file in _audio_files(path)]
    if path.suffix.lower() in PLAYLIST_SUFFIXES:
        return [_named(entry) for entry in _playlist_entries(path)]
    if not path.exists():
        raise IngestError("there is no such file or folder; a URL starts with https://")
    return [_local(path)]


def _local(path: Path) -> Item:
    def fetch(_folder: Path) -> Fetched:
        if not path.is_file():
            raise IngestError("there is no such file")
        tags = read_tags(path)
        return Fetched(path, Tags(tags.artist, tags.title or path.stem))

    return Item(str(path), fetch)


def _audio_files(folder: Path) -> list[Path]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not files:
        raise IngestError("the folder holds no audio files")
    return files


def _playlist_entries(path: Path) -> list[Entry]:
    try:
        entries = read_playlist(path)
    except OSError as error:
        raise IngestError(error.strerror or str(error)) from error
    if not entries:
        raise IngestError("the playlist is empty")
    return entries


def _named(entry: Entry) -> Item:
    """Return the recordings of a playlist's line; it is resolved later, so that a dead link fails alone."""
    name = entry.name
    if entry.path is not None and not _SEARCH.match(name):
        return _local(entry.path)
    return Item(name, lambda downloads: _download(name, lambda downloader: downloader.extract_info(name), downloads))


def _remote(url: str) -> list[Item]:
    info = _with_yt_dlp(url, lambda downloader: downloader.extract_info(url, download=False))
    if info.get("_type") not in ("playlist", "multi_video"):
        return [_looked_up(url, info)]
    entries = [entry for entry in info.get("entries") or () if entry]
    if not entries:
        raise IngestError("the playlist is empty, or the search found nothing")
    return [_looked_up(entry.get("webpage_url") or entry.get("url") or url, entry) for entry in entries]


def _looked_up(url: str, info: dict[str, Any]) -> Item:
    return Item(url, lambda downloads: _download(url, lambda downloader: downloader.process_ie_result(info), downloads))


def _download(url: str, ask: Callable[[Any], Any], folder: Path) -> Fetched:
    info = _with_yt_dlp(url, ask, folder)
    if not info.get("requested_downloads"):
        raise IngestError("is not one recording; name a playlist or a page as a source of its own")
    path = Path(info["requested_downloads"][0]["filepath"])
    tags = read_tags(path)
    artist = ", ".join(info.get("artists") or ()) or tags.artist
    return Fetched(path, Tags(artist, tags.title or info.get("title") or path.stem))


def _with_yt_dlp(url: str, ask: Callable[[Any], Any], folder: Path | None = None) -> dict[str, Any]:
    try:
        import yt_dlp
    except ImportError as error:
        raise IngestError("URLs and searches need yt-dlp: pip install -e '.[ingest]'") from error
    options = {
        "format": "bestaudio/best",
        "outtmpl": str((folder or Path()) / "%(id).100B.%(ext)s"),
        "extract_flat": "in_playlist",  # list the entries now, fetch them one by one
        "noplaylist": True,  # a video's URL that also names a playlist means the video
        "noprogress": True,
        "quiet": True,
        "color": "never",
        "logger": _Silent(),
        "socket_timeout": 20,
        "retries": 3,
    }
    try:
        with yt_dlp.YoutubeDL(options) as downloader:
            info: dict[str, Any] = ask(downloader)
    except yt_dlp.utils.YoutubeDLError as error:
        raise IngestError(_one_line(str(error))) from error
    if not info:
        raise IngestError(f"yt-dlp finds nothing at {url}")
    return info


class _Silent:
    """A logger for yt-dlp that drops everything: errors arrive as exceptions."""

    def debug(self, message: str) -> None:
        """Drop the message."""

    info = warning = error = debug


def _one_line(message: str) -> str:
    """Return yt-dlp's message without prefixes, the advice to report a bug, and repetitions in brackets."""
    line = (message.strip().splitlines() or ["yt-dlp gave no reason"])[0]
    line = re.sub(r"^(ERROR: )?(\[[^\]]+\] )?", "", line)
    line = re.sub(r"HTTPS?Connection(Pool)?\([^)]*\): ", "", line)
    return re.split(r" \(caused by |; please report", line)[0].rstrip(".")
