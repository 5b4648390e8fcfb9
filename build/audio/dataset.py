"""A dataset on disk: a folder for each genre with its recordings in it, ``DATASET/<genre>/<track>.wav``."""

from __future__ import annotations

from pathlib import Path

from build.errors import DatasetError
from build.tables.feature_table import track_key
from edge.audio.file import AUDIO_SUFFIXES


def find_tracks(dataset: Path) -> dict[str, Path]:
    """Return the recordings in a dataset's genre folders by key, sorted; ``DatasetError`` if there are none.

    Hidden files are passed over (macOS leaves a ``._name.wav`` beside each ``name.wav`` it copies).
    """
    if not dataset.is_dir():
        raise DatasetError(f"{dataset}: is not a folder")
    paths = [
        path
        for path in sorted(dataset.absolute().glob("*/*"))
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not paths:
        suffixes = ", ".join(sorted(suffix[1:] for suffix in AUDIO_SUFFIXES))
        raise DatasetError(f"{dataset}: holds no tracks; put them into a folder for each genre ({suffixes})")
    tracks: dict[str, Path] = {}
    for path in paths:
        if other := tracks.get(key := track_key(path)):
            raise DatasetError(f"{key}: is both {other.name} and {path.name}; rename or remove one")
        tracks[key] = path
    return tracks
