"""From a folder of recordings to a features CSV: ``python -m build.preprocess DATASET --out features.csv``.

A dataset is a folder a genre with the recordings in it, ``DATASET/<genre>/<track>.wav``, in folders of artists and
albums or in none, of any kind that ``livegenre classify`` reads. The CSV has one row a track. Results are cached, so
that a run that was stopped, or one after new tracks were added, computes only the rest. ``--published`` turns the
tables of GTZAN's features into the same CSV instead.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from build.audio.condition import AS_RECORDED
from build.audio.dataset import find_tracks, folder_artist
from build.audio.tags import read_artist
from build.console import progress
from build.corpora.listening_conditions import MICROPHONES, OWN
from build.errors import DatasetError, run_command
from build.extract.extractor import Extractor
from build.extract.one_file import CACHE_FOLDER, Outcome, VectorCache, extract
from build.extract.parallel import in_processes, on_cluster
from build.files import written_whole
from build.tables.feature_sets import FEATURE_SETS
from build.tables.feature_table import (
    CONFOUNDED_GENRES,
    FeatureTable,
    conditions_beside,
    load_features,
    read_tracks,
    tracks_beside,
    write_csv,
)
from edge.words import safe
from features_np.spec import FeatureSpec

#: Value of --features for the input of the shipped model's head: features, and statistics of its listener's outputs.
LISTENER = "listener"


def table_of(
    outcomes: Sequence[Outcome], tracks: Mapping[str, Path], spec: Extractor, condition: int = 0
) -> FeatureTable:
    """Return the features of those tracks that can be used, in their order; ``DatasetError`` if none can."""
    rows = {outcome.path: outcome.vectors[condition] for outcome in outcomes if outcome.vectors is not None}
    if not rows:
        raise DatasetError(f"none of {len(outcomes)} files can be used, the first is {_line(outcomes[0])}")
    keys = [key for key, path in tracks.items() if path in rows]
    return FeatureTable(
        track_ids=tuple(key.split("/", maxsplit=1)[1] for key in keys),
        genres=tuple(key.split("/", maxsplit=1)[0] for key in keys),
        columns=spec.vector_names,
        values=np.stack([rows[tracks[key]] for key in keys]),
    )


def extract_all(
    tracks: Sequence[Path], work: Callable[[Path], Outcome], *, jobs: int = 1, scheduler: str | None = None
) -> list[Outcome]:
    """Do the work for every track in ``jobs`` processes or on a Dask cluster, with a progress bar on standard error.

    An interrupt reports the progress; nothing that was computed is lost.
    """
    running = on_cluster(work, tracks, scheduler) if scheduler else in_processes(work, tracks, jobs)
    outcomes: list[Outcome] = []
    try:
        with closing(running), progress() as bar:
            for outcome in bar.track(running, total=len(tracks), description="Extracting features"):
                outcomes.append(outcome)
    except KeyboardInterrupt:
        print(f"{len(outcomes)} of {len(tracks)} tracks are done and kept: the same command goes on", file=sys.stderr)
        raise
    return sorted(outcomes, key=lambda outcome: outcome.path)


def preprocess(arguments: argparse.Namespace) -> None:
    """Extract a dataset's features and write the CSV; ``DatasetError`` at the end if any file was broken."""
    named, tracks = arguments.features, find_tracks(arguments.dataset)
    outcomes, table = write_features(
        tracks, arguments.out, named, arguments.cache, jobs=arguments.jobs, scheduler=arguments.scheduler
    )
    _tell(table, arguments.out, f"{sum(outcome.cached for outcome in outcomes)} from the cache")
    write_artists(arguments.dataset, tracks, outcomes, arguments.out)
    broken = [outcome for outcome in outcomes if outcome.vectors is None]
    for outcome in broken:
        print(safe(_line(outcome)), file=sys.stderr)
    if broken:
        raise DatasetError(f"{len(broken)} of {len(outcomes)} files are broken and were left out")


def write_features(
    tracks: Mapping[str, Path], out: Path, features: str, cache: Path, *, jobs: int = 1, scheduler: str | None = None
) -> tuple[list[Outcome], FeatureTable]:
    """Write the features of tracks, and for a head beside the listener those in every condition, too.

    Returns the outcome for each file, and the features as recorded.
    """
    beside = features == LISTENER
    spec = Extractor.of_bundle(with_styles=True) if beside else Extractor(FeatureSpec(groups=FEATURE_SETS[features]))
    conditions = (*OWN, MICROPHONES[0]) if beside else (AS_RECORDED,)
    work = partial(extract, by=spec, cache=VectorCache(cache.absolute()), conditions=conditions)
    outcomes = extract_all(list(tracks.values()), work, jobs=jobs, scheduler=scheduler)
    table = table_of(outcomes, tracks, spec)
    with written_whole(out) as path:
        write_csv(table, path)
    for stale in conditions_beside(out).glob("*.csv"):
        stale.unlink()
    for number, condition in enumerate(conditions):
        if condition != AS_RECORDED:
            with written_whole(conditions_beside(out) / f"{condition.name}.csv") as path:
                write_csv(table_of(outcomes, tracks, spec, number), path)
    return outcomes, table


def write_artists(dataset: Path, tracks: Mapping[str, Path], outcomes: Sequence[Outcome], features: Path) -> None:
    """Write the artists of usable recordings beside a features CSV, for ``build.train``; no file if none is known.

    They are those of ``tracks.csv`` in the dataset, as ``build.ingest`` writes it, or of the files' tags, or the names
    of the folders below the genre's.
    """
    noted = dataset / "tracks.csv"
    known = read_tracks(noted) if noted.exists() else {}
    usable = {outcome.path for outcome in outcomes if outcome.vectors is not None}
    rows = []
    for key, path in tracks.items():
        if path not in usable:
            continue
        if artist := (known[key].artist if key in known else "") or read_artist(path) or folder_artist(key):
            genre, track_id = key.split("/", maxsplit=1)
            rows.append((track_id, genre, artist))
    tracks_beside(features).unlink(missing_ok=True)
    if rows:
        with written_whole(tracks_beside(features)) as path, path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("track_id", "genre", "artist"), *rows])


def import_published(folder: Path, out: Path) -> None:
    """Write the published tables in ``folder`` as a features CSV."""
    left_out = f"without {' and '.join(sorted(CONFOUNDED_GENRES))}, whose bandwidth alone gives them away"
    table = load_features(folder)
    with written_whole(out) as path:
        write_csv(table, path)
    _tell(table, out, left_out)


def _tell(table: FeatureTable, out: Path, remark: str) -> None:
    n_genres, n_columns = len(table.labels), len(table.columns)
    print(f"{safe(out)}: {len(table)} tracks of {n_genres} genres, {n_columns} features ({remark})")


def _line(outcome: Outcome) -> str:
    return f"{outcome.path}: {outcome.problem}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m build.preprocess", description="Write a features CSV.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("dataset", nargs="?", type=Path, help="folder with a folder of recordings for each genre")
    source.add_argument("--published", metavar="DIR", type=Path, help="folder of the published tables to import")
    parser.add_argument("--out", type=Path, required=True, help="the CSV to write")
    parser.add_argument(
        "--features", choices=(*FEATURE_SETS, LISTENER), default="85", help="which statistics (default: 85)"
    )
    parser.add_argument("--jobs", metavar="N", type=_positive, default=os.cpu_count(), help="processes (default: all)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="use this Dask cluster, which sees the same paths")
    parser.add_argument("--cache", metavar="DIR", type=Path, default=CACHE_FOLDER, help="what is kept")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 1 if any file was broken, 130 after an interrupt."""
    arguments = _arguments(argv)
    if arguments.published:
        return run_command(lambda: import_published(arguments.published, arguments.out), "build.preprocess")
    return run_command(lambda: preprocess(arguments), "build.preprocess")


if __name__ == "__main__":
    sys.exit(main())
