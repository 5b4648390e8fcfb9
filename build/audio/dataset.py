"""A dataset on disk: a folder for each genre with its recordings in it, in folders of artists and albums or in none."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path, PurePath

from build.errors import DatasetError
from build.tables.feature_table import track_key
from edge.audio.file import AUDIO_SUFFIXES
from edge.files.found_files import found_files


def find_tracks(dataset: Path) -> dict[str, Path]:
    """Return the recordings in a dataset's genre folders by key, sorted; ``DatasetError`` if there are none.

    They are those that ``livegenre classify`` finds in these folders: hidden files are passed over (macOS leaves a
    ``._name.wav`` beside each ``name.wav`` it copies).
    """
    if not dataset.is_dir():
        raise DatasetError(f"{dataset}: is not a folder")
    dataset = dataset.absolute()
    genres = sorted(path for path in dataset.iterdir() if path.is_dir() and not path.name.startswith("."))
    with ExitStack() as kept:
        found = [one.path for genre in genres for one in found_files([str(genre)], kept) if one.error is None]
    if not found:
        suffixes = ", ".join(sorted(suffix[1:] for suffix in AUDIO_SUFFIXES))
        raise DatasetError(f"{dataset}: holds no tracks; put them into a folder for each genre ({suffixes})")
    tracks: dict[str, Path] = {}
    for path in found:
        if other := tracks.get(key := track_key(path.relative_to(dataset))):
            raise DatasetError(f"{key}: is both {other.name} and {path.name}; rename or remove one")
        tracks[key] = path
    return tracks


def folder_artist(key: str) -> str:
    """Return the folder right below a genre's that a track lies in, by its key; empty where there is none."""
    _, *folders, _ = PurePath(key).parts
    return folders[0] if folders else ""
