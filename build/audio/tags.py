"""Artists from the tags of recordings, so that a split can keep each artist on one side."""

from __future__ import annotations

from pathlib import Path

import soundfile

from build.audio.excerpt import read_tags
from build.errors import IngestError


def read_artist(path: Path) -> str:
    """Return the artist from a file's tags, or an empty string.

    Files that libsndfile cannot read are read by ffmpeg, if it is installed.
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
