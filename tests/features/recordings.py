"""The recordings that the tests compare on: the first full tracks of each genre."""

from __future__ import annotations

import csv

import numpy as np
import soundfile

from tests.shared_data import SHARED_DATA, shared_data


def full_tracks(per_genre: int) -> list[str]:
    """Ids of the first full tracks of each genre; none if the data is absent, which a test must notice."""
    index = SHARED_DATA / "gtzan" / "tracks.csv"
    if not index.exists():
        return []
    with index.open() as file:
        full = [row for row in csv.DictReader(file) if row["audio"] == "full"]
    genres = sorted({row["genre"] for row in full})
    return [row["track_id"] for genre in genres for row in [r for r in full if r["genre"] == genre][:per_genre]]


def recording(track: str) -> np.ndarray:
    """Samples of a track, by its id or, for the first full one, by its genre."""
    shared_data("gtzan", "tracks.csv")
    if "." not in track:
        track = next(found for found in full_tracks(1) if found.startswith(track))
    y, rate = soundfile.read(
        SHARED_DATA / "gtzan" / "audio" / track.split(".", maxsplit=1)[0] / f"{track}.ogg", dtype="float32"
    )
    assert rate == 22_050
    return y
