"""Finds the recordings that a command line names: files, folders, playlists, and standard input."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge.files.playlist import PLAYLIST_SUFFIXES, read_playlist

STANDARD_INPUT = Path("-")
#: Bytes copied at once.
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A recording to read at ``path``, and its display name; or the problem that kept it from being found."""

    name: str
    path: Path
    error: str | None = None


def found_files(names: list[str], kept: ExitStack) -> list[Found]:
    """Return the recordings that ``names`` stand for, in order, those of a folder by name, its folders included.

    Pipes are read into memory until ``kept`` is closed.
    """
    return [found for name in names for found in _of_name(name, kept)]


def _of_name(name: str, kept: ExitStack) -> Iterator[Found]:
    if not name:  # as a path it would be the current folder
        yield Found("''", Path(), "is an empty name")
        return
    yield from _of_path(Path(name), kept)


def _of_path(path: Path, kept: ExitStack) -> Iterator[Found]:
    try:
        mode = stat.S_IFIFO if path == STANDARD_INPUT else path.stat().st_mode
        if stat.S_ISDIR(mode):
            yield from _in_folder(path)
        elif path.suffix.lower() in PLAYLIST_SUFFIXES:
            yield from _in_playlist(path)
        elif path == STANDARD_INPUT:
            yield Found("-", _in_memory(sys.stdin.buffer, kept))
        elif stat.S_ISFIFO(mode):
            with path.open("rb") as pipe:
                yield Found(str(path), _in_memory(pipe, kept))
        else:
            yield Found(str(path), path)
    except OSError as error:
        yield Found(str(path), path, error.strerror or str(error))


def _in_folder(folder: Path) -> Iterator[Found]:
    from edge.audio.file import AUDIO_SUFFIXES

    problems: list[OSError] = []
    n_found = 0
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, onerror=problems.append, followlinks=True):
        identity = Path(parent).stat()
        if (identity.st_dev, identity.st_ino) in seen:  # links may lead back
            folders.clear()
            continue
        seen.add((identity.st_dev, identity.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in AUDIO_SUFFIXES and not name.startswith("."):
                n_found += 1
                yield Found(str(path), path)
    for problem in problems:
        yield Found(str(problem.filename), folder, problem.strerror or str(problem))
    if not n_found and not problems:
        yield Found(str(folder), folder, "holds no audio files")


def _in_playlist(playlist: Path) -> Iterator[Found]:
    entries = read_playlist(playlist)
    if not entries:
        yield Found(str(playlist), playlist, "is an empty playlist")
    for entry in entries:
        if entry.path is None:
            yield Found(entry.name, playlist, "is on the network, from which livegenre fetches nothing")
        else:
            yield Found(str(entry.path), entry.path)


def _in_memory(pipe: BinaryIO, kept: ExitStack) -> Path:
    """Copy a pipe into a seekable file in memory."""
    memory = kept.enter_context(os.fdopen(os.memfd_create("livegenre"), "w+b"))
    while piece := pipe.read(PIECE):
        memory.write(piece)
    memory.flush()
    return Path(f"/proc/{os.getpid()}/fd/{memory.fileno()}")  # other processes of ours reach it by this name
