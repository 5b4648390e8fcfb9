"""Feature tables, track lists and track metadata: the tables that the lab reads from disk.

A track is named by its *key*, ``genre/track_id`` (``blues/blues.00029``): the folder it lies in and its file name
without the suffix. Keys join feature tables, split lists and ``tracks.csv``.

A features CSV has one row a track: ``track_id,genre,`` and then one column per name of a FeatureSpec's vector.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from build.errors import DatasetError
from edge.audio.file import AUDIO_SUFFIXES
from features_np.vector.parameters import PITCH_CLASSES

#: The data beside the project; a clone has none, and every command takes other paths.
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
GTZAN = SHARED_DATA / "gtzan"

#: Genres of the published tables that no model is trained on unless asked: their audio was taken at 16 kHz, so
#: they have nothing above 8 kHz and can be recognized by bandwidth alone.
CONFOUNDED_GENRES = frozenset({"rnb", "techno"})

#: One file a statistic in the published tables, with the columns of a FeatureSpec's vector that it holds.
PUBLISHED_TABLES: dict[str, tuple[str, ...]] = {
    "mean_mfccs": tuple(f"mfcc_mean_{index:02d}" for index in range(30)),
    "std_mfccs": tuple(f"mfcc_std_{index:02d}" for index in range(30)),
    "mean_chromas": tuple(f"chroma_mean_{pitch}" for pitch in PITCH_CLASSES),
    "std_chromas": tuple(f"chroma_std_{pitch}" for pitch in PITCH_CLASSES),
    "tempo": ("tempo_bpm",),
    "mean_zcr": ("zcr_mean",),
    "std_zcr": ("zcr_std",),
    "mean_sro": ("rolloff_mean",),
    "std_sro": ("rolloff_std",),
}


@dataclass(frozen=True)
class FeatureTable:
    """Feature vectors of tracks: ``values`` is float32 of shape (tracks, columns).

    All are finite, except for listener statistics of recordings shorter than a patch, which are NaN.
    """

    track_ids: tuple[str, ...]
    genres: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def keys(self) -> tuple[str, ...]:
        """``genre/track_id`` of every row."""
        return tuple(f"{genre}/{track}" for genre, track in zip(self.genres, self.track_ids, strict=True))

    @property
    def labels(self) -> tuple[str, ...]:
        """The genres that occur, sorted: the order of a model's outputs."""
        return tuple(sorted(set(self.genres)))

    def targets(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Return each row's index into ``labels``; ``DatasetError`` for a genre that is not among them."""
        return targets_of(self.keys, labels)

    def matrix(self, columns: Sequence[str]) -> NDArray[np.float32]:
        """Return the named columns in the given order, shape (tracks, len(columns))."""
        if missing := [name for name in columns if name not in self.columns]:
            raise DatasetError(f"no column {missing[0]!r} in the features; extract them again with this specification")
        return self.values[:, [self.columns.index(name) for name in columns]]

    def of_columns(self, columns: Sequence[str]) -> FeatureTable:
        """Return the same rows with the named columns alone, in the given order."""
        return FeatureTable(self.track_ids, self.genres, tuple(columns), self.matrix(columns))

    def rows(self, indices: Iterable[int]) -> FeatureTable:
        """Return a table of the rows at ``indices``, in that order."""
        chosen = list(indices)
        return FeatureTable(
            track_ids=tuple(self.track_ids[row] for row in chosen),
            genres=tuple(self.genres[row] for row in chosen),
            columns=self.columns,
            values=self.values[chosen],
        )

    def select(self, keys: Iterable[str]) -> FeatureTable:
        """Return the rows of the given tracks, in that order; ``DatasetError`` names the first that is missing."""
        position = {key: row for row, key in enumerate(self.keys)}
        chosen = list(keys)
        if missing := [key for key in chosen if key not in position]:
            raise DatasetError(f"no features for {missing[0]} ({len(missing)} of {len(chosen)} tracks are missing)")
        return self.rows(position[key] for key in chosen)

    def corrected(self, other: FeatureTable) -> FeatureTable:
        """Return the rows with the values of ``other``, which has the same columns, for the tracks that it holds."""
        position = {key: row for row, key in enumerate(self.keys)}
        values = self.values.copy()
        values[[position[key] for key in other.keys]] = other.matrix(self.columns)
        return FeatureTable(self.track_ids, self.genres, self.columns, values)

    def stacked(self, other: FeatureTable) -> FeatureTable:
        """Return the rows of both tables, of this one's columns."""
        return FeatureTable(
            self.track_ids + other.track_ids,
            self.genres + other.genres,
            self.columns,
            np.vstack([self.values, other.matrix(self.columns)]),
        )

    def without(self, genres: Iterable[str]) -> FeatureTable:
        """Return the rows of all other genres."""
        dropped = set(genres)
        return self.rows(row for row, genre in enumerate(self.genres) if genre not in dropped)


def targets_of(keys: Iterable[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the index into ``labels`` of each track's genre; ``DatasetError`` for a genre that is not among them."""
    index = {label: position for position, label in enumerate(labels)}
    genres = [key.partition("/")[0] for key in keys]
    if unknown := sorted(set(genres) - set(index)):
        raise DatasetError(f"genre {unknown[0]!r} is not one of the model's ({', '.join(labels)})")
    return np.array([index[genre] for genre in genres], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Track:
    """One row of ``tracks.csv``: the metadata of a track; None or "" where it is not known."""

    track_id: str
    genre: str
    split: str
    audio: str  # "full", "head", "clip" or "" where there is no audio
    seconds: float | None
    artist: str
    tempo_bpm: float | None  # annotated by a person
    collection: str = ""  # that it is of, where there are several

    @property
    def key(self) -> str:
        """``genre/track_id``."""
        return f"{self.genre}/{self.track_id}"


def load_features(path: Path) -> FeatureTable:
    """Read a features CSV, or a folder of published tables (without the confounded rnb and techno)."""
    return read_published(path).without(CONFOUNDED_GENRES) if path.is_dir() else read_csv(path)


def read_csv(path: Path) -> FeatureTable:
    """Read a features CSV; ``DatasetError`` names the file, line and column that is wrong."""
    with _open(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header[:2] != ["track_id", "genre"] or len(header) < 3:
            raise DatasetError(f"{path}: is not a features CSV: its first line must start with track_id,genre,")
        columns = tuple(header[2:])
        track_ids, genres, values = [], [], []
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if len(row) != len(header):
                raise DatasetError(f"{place}: has {len(row)} fields, the header {len(header)}")
            track_ids.append(row[0])
            genres.append(row[1])
            values.append(_floats(row[2:], columns, place))
    return _table(path, track_ids, genres, columns, values)


def write_csv(table: FeatureTable, path: Path) -> None:
    """Write a features CSV; floats are written so that they read back equal."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["track_id", "genre", *table.columns])
        for track_id, genre, row in zip(table.track_ids, table.genres, table.values, strict=True):
            writer.writerow([track_id, genre, *(str(value) for value in row)])


def read_published(folder: Path) -> FeatureTable:
    """Read the tables that the seed's authors published: a folder of one CSV a statistic, one row a track.

    Rows are ``<genre>.<number>.wav``; every table holds the same tracks. Includes the confounded genres.
    """
    tables = [dict(_published_rows(folder / f"{name}.csv", columns)) for name, columns in PUBLISHED_TABLES.items()]
    track_ids = list(tables[0])
    for name, table in zip(PUBLISHED_TABLES, tables, strict=True):
        if set(table) != set(track_ids):
            raise DatasetError(f"{folder / name}.csv: holds other tracks than {next(iter(PUBLISHED_TABLES))}.csv")
    columns = tuple(column for group in PUBLISHED_TABLES.values() for column in group)
    values = [[value for table in tables for value in table[track]] for track in track_ids]
    return _table(folder, track_ids, [track.partition(".")[0] for track in track_ids], columns, values)


def read_list(path: Path) -> tuple[str, ...]:
    """Read a split list: one track a line, ``blues/blues.00029.wav``; returns the tracks' keys in order.

    Empty lines and lines that start with ``#`` are skipped; a track named twice is a ``DatasetError``.
    """
    keys: dict[str, int] = {}
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if "/" not in text:
                raise DatasetError(f"{path}, line {number}: {text!r} is not GENRE/TRACK")
            key = track_key(PurePosixPath(text))
            if key in keys:
                raise DatasetError(f"{path}, line {number}: {key} stands on line {keys[key]} already")
            keys[key] = number
    if not keys:
        raise DatasetError(f"{path}: names no track")
    return tuple(keys)


def track_key(path: PurePath) -> str:
    """Return the key of a track by its path in a dataset, from the genre's folder on: without an audio suffix."""
    return (path.with_suffix("") if path.suffix.lower() in AUDIO_SUFFIXES else path).as_posix()


def tracks_beside(features: Path) -> Path:
    """Return the path of the artists of a features CSV: ``features.tracks.csv`` beside ``features.csv``."""
    return features.with_suffix(".tracks.csv")


def conditions_beside(features: Path) -> Path:
    """Return the folder of the rows in other conditions beside a features CSV: ``features.conditions``."""
    return features.with_suffix(".conditions")


def read_tracks(path: Path) -> dict[str, Track]:
    """Read ``tracks.csv`` (at least the columns track_id, genre, artist); returns tracks by key."""
    with _open(path) as file:
        reader = csv.DictReader(file)
        if missing := {"track_id", "genre", "artist"} - set(reader.fieldnames or ()):
            raise DatasetError(f"{path}: has no column {min(missing)!r}")
        tracks = [_track(row, f"{path}, line {reader.line_num}") for row in reader]
    return {track.key: track for track in tracks}


def _track(row: dict[str, str], place: str) -> Track:
    try:
        return Track(
            track_id=row["track_id"],
            genre=row["genre"],
            split=row.get("split", ""),
            audio=row.get("audio", ""),
            seconds=float(row["seconds"]) if row.get("seconds") else None,
            artist=row["artist"],
            tempo_bpm=float(row["tempo_bpm"]) if row.get("tempo_bpm") else None,
        )
    except ValueError as error:
        raise DatasetError(f"{place}: {error}") from error


def _open(path: Path) -> TextIO:
    try:
        return path.open(newline="", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error


def _published_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, list[float]]]:
    with _open(path) as file:
        reader = csv.reader(file)
        next(reader, None)
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if len(row) != len(columns) + 1:
                raise DatasetError(f"{place}: has {len(row) - 1} values, {len(columns)} are expected")
            yield row[0].removesuffix(".wav"), _floats(row[1:], columns, place)


def _floats(texts: Sequence[str], columns: Sequence[str], place: str) -> list[float]:
    values = []
    for text, column in zip(texts, columns, strict=True):
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise DatasetError(f"{place}: {column} is {text!r}, not a finite number")
        values.append(value)
    return values


def _table(
    path: Path, track_ids: list[str], genres: list[str], columns: tuple[str, ...], values: list[list[float]]
) -> FeatureTable:
    if not track_ids:
        raise DatasetError(f"{path}: holds no track")
    table = FeatureTable(tuple(track_ids), tuple(genres), columns, np.array(values, dtype=np.float32))
    if len(set(table.keys)) != len(table):
        repeated = next(key for row, key in enumerate(table.keys) if key in table.keys[:row])
        raise DatasetError(f"{path}: {repeated} has two rows")
    return table
