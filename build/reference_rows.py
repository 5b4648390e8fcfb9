"""Make the reference rows of a bundle: ``python -m build.reference_rows`` makes those of the shipped one.

They are inputs of the head, some for each label, and lie beside the networks as ``reference_rows.npz``. With them a
personal layer is evaluated on the device, and a genre is added to the ten without their recordings. ``build.train``
writes those of every bundle that it makes; this command makes them from the data beside the project, of train tracks
alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from build.audio.condition import AS_RECORDED
from build.corpora import no_music
from build.corpora.listening_conditions import OWN, TRAINING
from build.corpora.listening_task import learning
from build.corpora.no_music import NoMusic
from build.corpora.task import Task
from build.errors import run_command
from build.extract.extractor import Extractor, Rows
from build.extract.rows import rows_of
from build.files import written_whole
from build.tables.feature_table import SHARED_DATA
from build.tables.pieces import Piece, read_pieces
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle, folder_of, load_bundle
from edge.model.inputs import inputs_digest
from edge.model.reference import REFERENCE_FILE, ReferenceRows, write_reference_rows

#: Rows of each label: with eleven labels and two thousand numbers a row the file stays below a megabyte.
N_OF_LABEL = 22
#: Conditions for every second track, of which the first that a task has is taken: half of the rows are of a microphone.
THROUGH_MICROPHONE = tuple(
    condition for condition in (*TRAINING, *OWN) if condition.part is not None and np.isinf(condition.seconds)
)


def chosen(labels: Sequence[str], groups: Sequence[str]) -> list[int]:
    """Return the places of at most ``N_OF_LABEL`` tracks of each label, from as many groups (artists) as possible."""
    places: list[int] = []
    for label in sorted(set(labels)):
        rank: dict[str, int] = {}
        ranked = []
        for place, (its_label, group) in enumerate(zip(labels, groups, strict=True)):
            if its_label == label:
                rank[group] = rank.get(group, -1) + 1
                ranked.append((rank[group], place))
        places += [place for _, place in sorted(ranked)[:N_OF_LABEL]]
    return places


def of_task(task: Task, bundle: Bundle) -> ReferenceRows:
    """Return rows of the tracks that trained a bundle."""
    columns, table = bundle.vector_names, task.train
    whole = np.flatnonzero(task.are_whole(table))
    artists = task.artists(table)
    places = [int(whole[n]) for n in chosen([table.genres[n] for n in whole], [artists[n] for n in whole])]
    condition = next((condition for condition in THROUGH_MICROPHONE if task.has(condition)), AS_RECORDED)
    rows = table.matrix(columns)[places]
    rows[::2] = task.train_table(condition).matrix(columns)[places][::2]
    other = task.of_columns(columns).no_music if NO_MUSIC in bundle.labels else None
    return _joined(rows, [table.genres[place] for place in places], other)


def of_data(data: Path, model: Path | None) -> ReferenceRows:
    """Return the same for a bundle, computed from the tracks beside the project."""
    bundle, by = load_bundle(model), Extractor.of_bundle(model)
    pieces = [piece for piece in learning(read_pieces(data, bundle.labels), bundle.labels) if piece.whole]
    pieces = [pieces[place] for place in chosen([p.genre for p in pieces], [p.group for p in pieces])]
    rows = np.zeros((len(pieces), bundle.n_inputs), dtype=np.float32)
    for parity, condition in enumerate((THROUGH_MICROPHONE[0], AS_RECORDED)):
        rows[parity::2] = rows_of(_paths(pieces[parity::2]), [condition], by)[:, 0]
    no_music_rows = None
    if NO_MUSIC in bundle.labels:
        planned = no_music.windows_everywhere(data, 0)
        windows = [window for window in planned if window.fold != no_music.EVALUATION_FOLD]
        places = chosen([NO_MUSIC] * len(windows), [window.full_kind for window in windows])
        no_music_rows = no_music.hear_windows([windows[place] for place in places], by)
    return _joined(rows, [piece.genre for piece in pieces], no_music_rows)


def _paths(pieces: Sequence[Piece]) -> dict[str, Path]:
    return {piece.name: piece.path for piece in pieces}


def _joined(rows: Rows, labels: list[str], other: NoMusic | None) -> ReferenceRows:
    if other is not None:
        training = other.training()
        places = chosen([NO_MUSIC] * len(training.kinds), training.kinds)
        rows = np.vstack([rows, training.rows[places]])
        labels = labels + [NO_MUSIC] * len(places)
    finite = np.isfinite(rows).all(axis=1)  # a listener has no output for less than a patch
    return ReferenceRows(rows[finite], tuple(np.array(labels)[finite].tolist()))


def write(found: ReferenceRows, bundle: Bundle, folder: Path) -> Path:
    """Write the rows of a bundle into its folder; returns the file."""
    path = folder / REFERENCE_FILE
    with written_whole(path) as temporary:
        write_reference_rows(temporary, found, inputs_digest(bundle.sidecar))
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m build.reference_rows", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of the bundle (default: the shipped one)")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="data beside the project")
    arguments = parser.parse_args(argv)

    def body() -> None:
        found = of_data(arguments.data, arguments.model)
        path = write(found, load_bundle(arguments.model), Path(str(folder_of(arguments.model))))
        print(f"{len(found.labels)} rows of {len(set(found.labels))} labels, {path.stat().st_size:,} bytes: {path}")

    return run_command(body, "build.reference_rows")


if __name__ == "__main__":
    sys.exit(main())
