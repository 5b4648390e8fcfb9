"""The artists that recordings' tags name, by which a split keeps each artist on one side."""

from __future__ import annotations

from pathlib import Path

import soundfile

from build.audio.excerpt import read_tags
from build.errors import IngestError


def read_artist(path: Path) -> str:
    """Return the artist that a file's tags name; empty where none does.

    What libsndfile cannot read is ffmpeg's to read, where it is installed.
    """
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
            return str(file.artist).strip()
    except soundfile.LibsndfileError:
        pass
    except OSError:
        return ""
    try:
        return read_tags(path).artist
    except (IngestError, FileNotFoundError):
        return ""
