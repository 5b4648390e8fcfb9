"""Hear the rows that own models learn from with a bundle's listener: ``python -m build.listener.make_training_rows``.

Whenever the shipped listener has changed they must be made again: ``make model`` does it. They are some tracks of each
shipped genre, as recorded and through a microphone of training, and windows of no music. No track that judges the
shipped model is among them; the windows of recordings that are kept apart are, but never train.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from build.audio.read import MIDDLE
from build.corpora import no_music
from build.corpora.listening_conditions import OWN
from build.corpora.listening_task import learning
from build.corpora.no_music import NoMusic
from build.corpora.own.training_rows import SPEC, TRAINING_ROWS_FILE, TrainingRows, definition_of, write_training_rows
from build.errors import run_command
from build.extract.extractor import Extractor
from build.extract.rows import tables_of
from build.models.recipe import listeners_of_bundle
from build.tables.feature_table import SHARED_DATA
from build.tables.pieces import Piece, read_pieces
from edge.live.decision import NO_MUSIC
from edge.model.bundle import load_bundle
from edge.words import safe

#: Tracks of each genre, and the windows of which one is taken: more would make the file larger than 1.5 MB.
N_TRACKS = 25
ONE_WINDOW_IN, ONE_IN_ROOM_IN = 4, 5
#: Conditions of the tracks: as recorded, and through the microphone that own tracks are heard through, too.
CONDITIONS = tuple(condition for condition in OWN if np.isinf(condition.seconds) and condition.place == MIDDLE)


def hear_training_rows(data: Path, model: Path | None, seed: int) -> TrainingRows:
    """Hear what lies under ``data`` with the listeners of the bundle in a folder; None: the shipped one."""
    bundle = load_bundle(model)
    of_model = Extractor.of_bundle(model)
    by = Extractor(SPEC, of_model.listeners)
    labels = [label for label in bundle.labels if label != NO_MUSIC]
    pieces = choose(learning(read_pieces(data, labels), labels), seed)
    tables = tables_of({f"{piece.genre}/{piece.name}": piece.path for piece in pieces}, CONDITIONS, by)
    planned = [*no_music.windows(data, seed)[::ONE_WINDOW_IN], *no_music.windows_in_rooms(data, seed)[::ONE_IN_ROOM_IN]]
    windows = no_music.hear_windows(planned, by)
    return TrainingRows(
        definition=definition_of([listener.definition() for listener in listeners_of_bundle(model)]),
        conditions={condition.name: table for condition, table in zip(CONDITIONS, tables, strict=True)},
        artists=numbered([piece.group for piece in pieces]),
        no_music=NoMusic(windows.rows, windows.kinds, windows.folds, by.vector_names),
    )


def choose(pieces: Sequence[Piece], seed: int) -> list[Piece]:
    """Return ``N_TRACKS`` pieces of each genre: whole ones first, of each collection in turn, of all its artists."""
    shuffled = [pieces[index] for index in np.random.default_rng(seed).permutation(len(pieces))]
    in_group, in_collection = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    ranked = []
    for piece in shuffled:
        in_group[piece.genre, piece.group] += 1
        ranked.append((not piece.whole, in_group[piece.genre, piece.group], piece))
    turns = []
    for clip, _, piece in sorted(ranked, key=lambda item: item[:2]):
        in_collection[piece.genre, piece.collection] += 1
        turns.append((clip, in_collection[piece.genre, piece.collection], piece))
    ordered = [piece for *_, piece in sorted(turns, key=lambda item: item[:2])]
    genres = sorted({piece.genre for piece in pieces})
    return [piece for genre in genres for piece in [one for one in ordered if one.genre == genre][:N_TRACKS]]


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as numbers: which are the same is all that a split must know."""
    numbers: dict[str, str] = {}
    return tuple(numbers.setdefault(name, str(len(numbers))) for name in names)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m build.listener.make_training_rows", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--model", type=Path, help="folder of a bundle (default: the shipped model)")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="data of the shipped model")
    parser.add_argument("--out", type=Path, default=TRAINING_ROWS_FILE, help="the file to write")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other tracks (default: 0)")
    arguments = parser.parse_args(argv)

    def body() -> None:
        shipped = hear_training_rows(arguments.data, arguments.model, arguments.seed)
        write_training_rows(shipped, arguments.out)
        n_of_genre = Counter(shipped.music.genres)
        size = arguments.out.stat().st_size
        counts = f"{min(n_of_genre.values())} tracks or more of {len(n_of_genre)} genres"
        print(safe(f"{arguments.out}: {counts}, {len(shipped.no_music.rows)} windows of no music, {size:,} bytes"))

    return run_command(body, "build.listener.make_training_rows")


if __name__ == "__main__":
    sys.exit(main())
