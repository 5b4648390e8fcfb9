"""All music with audio beside the project, from several collections, as pieces."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from build.tables.feature_table import read_list, read_tracks

GTZAN_TRAIN, GTZAN_VALID, EMOTIFY, SONGS, PHONE = "gtzan train", "gtzan valid", "emotify", "songs", "phone"
#: Emotify does not name its artists, but those of neighbouring numbers may be one.
NEIGHBOURS = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A recording: ``group`` is the artist or song whose pieces a split keeps together; ``whole`` lasts about 30 s."""

    name: str
    genre: str
    collection: str
    group: str
    path: Path
    whole: bool


def read_pieces(data: Path, labels: Sequence[str]) -> list[Piece]:
    """Return the pieces of the given genres under ``data``; the recording of each is there."""
    pieces = [*_gtzan(data / "gtzan"), *_extra(data / "extra", EMOTIFY), *_extra(data / "extra", SONGS)]
    return [piece for piece in pieces if piece.genre in labels]


def read_phone(data: Path) -> list[Piece]:
    """Return the phone's recordings of valid tracks; the group is the track's artist."""
    tracks = read_tracks(data / "gtzan" / "tracks.csv")
    with (data / "phone" / "tracks.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "valid"]
    pieces = []
    for row in rows:
        key = f"{row['genre']}/{row['track_id']}"
        path = data / "phone" / row["file"]
        pieces.append(Piece(f"{PHONE}/{path.stem}", row["genre"], PHONE, tracks[key].artist or key, path, True))
    return pieces


def _gtzan(folder: Path) -> Iterator[Piece]:
    tracks = read_tracks(folder / "tracks.csv")
    for collection, name in ((GTZAN_TRAIN, "train.txt"), (GTZAN_VALID, "valid.txt")):
        for key in read_list(folder / "splits" / name):
            track = tracks[key]
            if track.audio:
                path = folder / "audio" / f"{key}.ogg"
                yield Piece(key, track.genre, collection, track.artist or key, path, track.audio == "full")


def _extra(folder: Path, collection: str) -> Iterator[Piece]:
    with (folder / collection / "tracks.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            genre, number = row["track_id"].split(".")
            group = row.get("artist") or row.get("song") or f"{genre} {(int(number) - 1) // NEIGHBOURS}"
            path = folder / collection / genre / f"{row['track_id']}.ogg"
            yield Piece(f"{collection}/{row['track_id']}", genre, collection, f"{collection}: {group}", path, True)
