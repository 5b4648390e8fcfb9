"""The artists of recordings, by which a split keeps each artist on one side."""

from __future__ import annotations

from pathlib import Path

import soundfile


def read_artist(path: Path) -> str:
    """Return the artist that a file's tags name; empty where none does, or libsndfile cannot read it."""
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
            return str(file.artist).strip()
    except (OSError, soundfile.LibsndfileError):
        return ""
