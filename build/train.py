"""Train, quantize, calibrate and publish a model: one command, the same bundle for the same seed.

``python -m build.train`` reads the published GTZAN tables beside the project; ``--features`` takes a features CSV
that ``build.preprocess`` wrote. It trains on the train list alone; of the recipes it chooses on the valid list.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build import convert, metrics, network, publish, scoring, splits
from build.datasets import GTZAN, FeatureTable, Track, load_features, read_tracks
from build.errors import DatasetError, run_command
from edge.bundle import Bundle
from features_np.spec import FeatureSpec


@dataclass(frozen=True)
class Task:
    """What a model is trained from: rows of two disjoint lists, and the artists where they are known."""

    split: str
    train: FeatureTable
    valid: FeatureTable
    tracks: Mapping[str, Track]
    spec: FeatureSpec

    @property
    def labels(self) -> tuple[str, ...]:
        """The genres in output order."""
        return self.train.labels

    def rows(self, table: FeatureTable) -> NDArray[np.float32]:
        """Return a table's vectors."""
        return table.matrix(self.spec.vector_names)


@dataclass(frozen=True)
class Candidate:
    """A recipe fitted to the train rows, as float network and as int8 model, and what it is worth on valid."""

    recipe: network.Recipe
    fitted: network.Fitted
    model: bytes
    agreement: convert.Agreement


def make_task(features: Path, train_list: Path | None, valid_list: Path | None, tracks: Path | None) -> Task:
    """Read what a model is trained from; without lists a fold is held out, by artist where ``tracks`` names them."""
    table = load_features(features)
    known = read_tracks(tracks) if tracks else {}
    if (train_list is None) != (valid_list is None):
        raise DatasetError("--train-list and --valid-list go together: tracks to train on, tracks to choose on")
    if train_list is not None and valid_list is not None:
        split = splits.from_lists(train_list, valid_list)
    else:
        split = splits.held_out_fold(table, known)
    return Task(split.name, table.select(split.train), table.select(split.valid), known, FeatureSpec())


def train(task: Task, recipes: Sequence[network.Recipe], seed: int, folder: Path) -> Bundle:
    """Fit every recipe, publish the one whose int8 model is right most often on valid; returns its bundle."""
    candidates = [fit_candidate(task, recipe, seed) for recipe in recipes]
    best = max(candidates, key=lambda candidate: candidate.agreement.int8_accuracy)
    temperature = calibrate(task, best.recipe, seed)
    draft = publish.Draft(
        name=best.recipe.name,
        labels=task.labels,
        spec=task.spec,
        mean=best.fitted.mean,
        scale=best.fitted.scale,
        temperature=temperature,
        model=best.model,
        training=_training(task, candidates, best, seed),
    )
    figures = {
        "valid": scoring.score(draft.open(), task.valid, task.split).to_dict(),
        "int8": best.agreement.to_dict(),
        "candidates": {item.recipe.name: round(item.agreement.int8_accuracy, 4) for item in candidates},
    }
    return publish.publish(draft, figures, folder)


def fit_candidate(task: Task, recipe: network.Recipe, seed: int) -> Candidate:
    """Fit one recipe on train and convert it; valid is looked at only to measure it."""
    rows, targets = task.rows(task.train), task.train.targets(task.labels)
    fitted = network.fit(recipe, rows, targets, n_labels=len(task.labels), spec=task.spec, seed=seed)
    model = convert.to_int8(fitted.model, fitted.normalize(rows))
    valid = task.rows(task.valid)
    agreement = convert.compare(model, fitted.normalize(valid), fitted.logits(valid), task.valid.targets(task.labels))
    return Candidate(recipe, fitted, model, agreement)


def calibrate(task: Task, recipe: network.Recipe, seed: int) -> float:
    """Return the temperature that fits logits of train rows by networks that have not seen their fold."""
    rows, targets = task.rows(task.train), task.train.targets(task.labels)
    logits = np.zeros((len(rows), len(task.labels)))
    for known, held_out in splits.folds(task.train, task.tracks, seed):
        fitted = network.fit(recipe, rows[known], targets[known], n_labels=len(task.labels), spec=task.spec, seed=seed)
        logits[held_out] = fitted.logits(rows[held_out])
    return metrics.best_temperature(targets, logits)


def _training(task: Task, candidates: Sequence[Candidate], best: Candidate, seed: int) -> dict[str, Any]:
    names = " and ".join(candidate.recipe.name for candidate in candidates)
    folds = "artists" if task.tracks else "tracks"
    return {
        "how_chosen": (
            f"The architecture was chosen between {names} by accuracy on these very tracks, so the figure of the "
            "chosen one is a little too good; no other track was looked at."
        ),
        "facts": {
            "data": f"{task.split}; trained on the train list alone, {len(task.train)} tracks",
            "network": f"{best.recipe.name}, {best.fitted.model.count_params():,} parameters",
            "epochs": best.recipe.epochs,
            "augmentation": str(best.recipe.augmentation),
            "temperature": f"fitted on out-of-fold predictions inside train ({splits.N_FOLDS} folds of {folds})",
            "seed": seed,
        },
    }


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Let a command be told what to train from."""
    parser.add_argument("--features", type=Path, help="features CSV or folder of tables (default: GTZAN's)")
    parser.add_argument("--train-list", type=Path, help="tracks to train on, a line each: blues/blues.00029.wav")
    parser.add_argument("--valid-list", type=Path, help="tracks to choose the model on")
    parser.add_argument("--tracks", type=Path, help="tracks.csv with artists, to keep each on one side of a split")


def task_of(arguments: argparse.Namespace) -> Task:
    """Read what the data options name: without ``--features`` GTZAN's published tables, lists and artists."""
    if arguments.features is None:
        lists = GTZAN / "splits"
        return make_task(GTZAN / "features", lists / "train.txt", lists / "valid.txt", GTZAN / "tracks.csv")
    return make_task(arguments.features, arguments.train_list, arguments.valid_list, arguments.tracks)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.train", description=__doc__.splitlines()[0])
    add_data_options(parser)
    parser.add_argument("--out", type=Path, default=publish.MODELS, help="folder of the bundle (default: the shipped)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another model (default: 0)")
    arguments = parser.parse_args()

    def body() -> None:
        bundle = train(task_of(arguments), network.RECIPES, arguments.seed, arguments.out)
        candidates = bundle.sidecar["metrics"]["candidates"]
        for name, accuracy in candidates.items():
            print(f"{name}: {accuracy:.1%} on valid" + (" (chosen)" if name == bundle.name else ""))
        print(f"written to {arguments.out}; {publish.CARD_FILE} there is its model card")

    return run_command(body, "build.train")


if __name__ == "__main__":
    raise SystemExit(main())
