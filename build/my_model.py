"""From a folder of records to a model of them: ``python -m build.my_model ~/Records --out my-model``.

Whatever ``livegenre classify`` reads in ``~/Records/<genre>/``, in folders of artists and albums or in none, is used as
recorded and through simulated microphones. Duplicate, silent and broken recordings are named and left out. Each of the
others is evaluated by a model that was fitted without it and its artist, who is known from tags or folders; then a
model is fitted to all of them. A folder ``no_music`` holds further examples of "no music", beside the speech, noise and
other music that every model learns.

``--with-shipped`` makes a model of these genres beside those of the shipped one.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from build import publish, reference_rows
from build.audio.dataset import find_tracks
from build.corpora.own.own_task import folds_of, own_task
from build.corpora.own.training_rows import COLLECTION, TrainingRows, read_training_rows
from build.corpora.task import Task, write_list
from build.errors import run_command
from build.extract.one_file import CACHE_FOLDER
from build.models import fitting
from build.models.listening_head import SPEC, own_head
from build.preprocess import LISTENER, write_artists, write_features
from build.report.evaluation import CONFUSION_FILE, RELIABILITY_FILE, save_confusion, save_reliability
from build.report.genre_plots import plot_genre_averages
from build.report.network_plot import NETWORK_FILE, plot_network
from build.report.training_record import training_record
from build.score.in_folds import FoldScores, figures_in_folds, score_in_folds
from build.tables.duplicates import duplicates
from build.train import drafted, require_usable, save_keras
from edge.audio import native_stderr
from edge.model.bundle import Bundle
from edge.words import safe

AVERAGES_FILE, TRAIN_LIST = "genres.png", "train.txt"
#: The held-out answer for each track, where wrong labels show.
ANSWERS_FILE = "held-out.csv"


@dataclass(frozen=True)
class Made:
    """A model with the records that it was made of."""

    bundle: Bundle
    task: Task
    found: FoldScores
    network: keras.Model
    own: NDArray[np.bool_]  # true for each of the person's own tracks
    n_left_out: int


def make(records: Path, out: Path, *, with_shipped: bool, seed: int, jobs: int) -> Made:
    """Make a model of records in a folder; ``DatasetError`` if they are not enough."""
    publish.require_no_other_page(out)
    head = own_head(few_tracks=not with_shipped)
    shipped = read_training_rows([listener.definition() for listener in head.listeners])
    task, n_left_out = _task(records, shipped, with_shipped=with_shipped, jobs=jobs)
    task = task.of_columns(head.columns)
    require_usable(task.labels)
    found = score_in_folds(task, head, folds_of(task, seed), seed)
    sample = head.sample(task)
    fitted = head.fit_sample(sample, n_labels=len(task.labels), seed=seed)
    if task.no_music:
        fitted = fitting.with_no_music(task, head, fitted, sample, task.no_music.training())
    converted = fitting.convert(task, head, fitted, fitting.rows_for_ranges(task, head), seed)
    draft = drafted(task, head, converted, found.temperature, training_record(task, head, [head.name], converted, seed))
    own = np.array([name != COLLECTION for name in task.collections_of(task.train)])
    figures = figures_in_folds(task, draft.open(), found, own)
    bundle = publish.publish(draft, figures | {"int8": converted.agreement.to_dict()}, out)
    reference_rows.write(reference_rows.of_task(task, bundle), bundle, out)
    save_keras(converted.fitted, out)
    keys = [key for key, wanted in zip(task.train.keys, own, strict=True) if wanted]
    write_list([*keys, *task.no_music_tracks["train"].keys], out / TRAIN_LIST)
    return Made(bundle, task, found, converted.fitted.model, own, n_left_out)


def _task(records: Path, shipped: TrainingRows, *, with_shipped: bool, jobs: int) -> tuple[Task, int]:
    """Extract the records' features; returns their task and the number left out, each named on standard error."""
    tracks = find_tracks(records)
    with tempfile.TemporaryDirectory() as folder:
        features = Path(folder, "features.csv")
        outcomes, table = write_features(tracks, features, LISTENER, CACHE_FOLDER, jobs=jobs)
        write_artists(records, tracks, outcomes, features)
        again = duplicates(table)
        problems = [f"{outcome.path}: {outcome.problem}" for outcome in outcomes if outcome.vectors is None]
        problems += [f"{tracks[key]}: is the same recording as {tracks[other]}" for key, other in again.items()]
        for problem in problems:
            print(safe(problem), file=sys.stderr)
        return own_task(features, shipped, set(again), with_shipped=with_shipped), len(problems)


def write_reports(made: Made, out: Path) -> None:
    """Write the held-out answer for each track, and the pictures."""
    task, scores, own = made.task, made.found.scores, made.own
    with (out / ANSWERS_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["track_id", "genre", "fold", "answer", "probability", "answer_through_microphone"])
        microphone = made.found.microphone.drawn[0].probabilities
        for row in np.flatnonzero(own):
            probabilities, through = scores.probabilities[row], microphone[row]
            writer.writerow(
                [
                    task.train.track_ids[row],
                    task.train.genres[row],
                    made.found.folds[row],
                    scores.labels[probabilities.argmax()],
                    f"{probabilities.max():.3f}",
                    scores.labels[through.argmax()],
                ]
            )
    plot_network(made.network, made.bundle.name).savefig(out / NETWORK_FILE, dpi=110)
    save_confusion(scores, out / CONFUSION_FILE)
    save_reliability(scores, out / RELIABILITY_FILE)
    plot_genre_averages(task.train.of_columns(SPEC.vector_names)).savefig(out / AVERAGES_FILE, dpi=110)


def lines(made: Made, out: Path) -> list[str]:
    """Return three lines for a person: what the model is made of, its accuracy, and how to use it."""
    own = made.found.of(made.own)
    table, n_artists = made.task.train.rows(np.flatnonzero(made.own)), len(set(own.scores.artists or ()))
    known = f"by {n_artists} artists" if n_artists else "artists not known, which flatters what follows"
    left_out = f"; {made.n_left_out} left out" if made.n_left_out else ""
    accuracy, microphone = own.scores.accuracy, own.microphone.accuracy
    caught = made.bundle.sidecar["metrics"]["no_music"]["caught apart"]["value"]
    return [
        f"{len(table)} records of {len(table.labels)} genres, {known}{left_out}",
        f"right: {accuracy.value:.0%} of records held out ({accuracy.low:.0%} to {accuracy.high:.0%}), "
        f'{microphone.value:.0%} through a microphone; {caught:.0%} of speech and noise is called "no music"',
        f"livegenre listen --model {out}; {out / publish.CARD_FILE} says more, {out / ANSWERS_FILE} of each record",
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m build.my_model", description=__doc__.splitlines()[0])
    parser.add_argument("records", type=Path, help="folder with a folder of recordings for each genre")
    parser.add_argument("--out", type=Path, default=Path("my-model"), help="folder of the model (default: my-model)")
    parser.add_argument("--with-shipped", action="store_true", help="beside the genres of the shipped model")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other folds (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: all)")
    arguments = parser.parse_args(argv)

    def body() -> None:
        made = make(
            arguments.records,
            arguments.out,
            with_shipped=arguments.with_shipped,
            seed=arguments.seed,
            jobs=arguments.jobs,
        )
        write_reports(made, arguments.out)
        for line in lines(made, arguments.out):
            print(safe(line))

    return run_command(body, "build.my_model")


if __name__ == "__main__":
    native_stderr.silence()  # what a TFLite runtime says of itself
    sys.exit(main())
