"""Compare networks: ``python -m build.search --out search``.

First the seed's comparison: its seven feature sets, each with its network, for 100, 500 and 800 epochs and batches of
32, 200 and 300. Then Optuna searches regularized networks. Every result is stored in ``search.sqlite3`` at once, so
that the same command continues where it was stopped; figures are from the valid list, whose name and 95 % interval they
carry. Beside it lie ``results.csv`` and the plots.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from build.console import progress
from build.corpora.data_options import add_data_options, task_of
from build.corpora.task import Task
from build.errors import DatasetError, run_command
from build.files import code_digest
from build.models.compared.search_space import suggest
from build.models.compared.seed_networks import SEED_BATCH_SIZES, SEED_EPOCHS, fit_seed_network
from build.models.recipe import Fitted
from build.report import search_results
from build.score import metrics
from build.tables.feature_sets import FEATURE_SETS, SEED_FEATURE_SETS
from features_np.spec import FeatureSpec

DATABASE = "search.sqlite3"
#: The code of networks and figures: with other code the studies begin anew.
CODE = tuple(Path(__file__).parent / name for name in ("models", "score/metrics.py"))
#: The parameters that the seed's comparison varies, as Optuna stores them.
COMPARED = {
    "features": optuna.distributions.CategoricalDistribution(tuple(SEED_FEATURE_SETS)),
    "epochs": optuna.distributions.IntDistribution(1, 100_000),
    "batch_size": optuna.distributions.IntDistribution(1, 100_000),
}


def available_sets(task: Task) -> list[str]:
    """Return the feature sets whose columns the task's table has; ``DatasetError`` if there are none."""
    columns = set(task.train.columns)
    sets = [name for name in FEATURE_SETS if columns >= set(_spec(name).vector_names)]
    if not sets:
        raise DatasetError(
            f"the features hold no whole set ({', '.join(FEATURE_SETS)}); see build.preprocess --features"
        )
    return sets


def available_seed_sets(task: Task) -> list[str]:
    """Return those of the available sets that the seed compared."""
    return [name for name in available_sets(task) if name in SEED_FEATURE_SETS]


def open_studies(database: Path, task: Task, seed: int) -> tuple[optuna.Study, optuna.Study]:
    """Open the studies of the comparison and of the search; each task, seed and version of the code has its own."""
    database.parent.mkdir(parents=True, exist_ok=True)
    fingerprint = _fingerprint(task, seed)
    comparison, search = (
        optuna.create_study(
            storage=f"sqlite:///{database}",
            study_name=f"{name} {fingerprint}",
            load_if_exists=True,
            direction="maximize",
        )
        for name in ("comparison", "search")
    )
    for trial in search.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        search.tell(trial.number, state=TrialState.FAIL)  # interrupted when the last run was stopped
    return comparison, search


def comparison_left(task: Task, study: optuna.Study) -> list[tuple[str, int, tuple[int, ...]]]:
    """Return the trainings of the seed's grid that the study lacks: feature set, batch size, numbers of epochs."""
    done = {tuple(trial.params[name] for name in COMPARED) for trial in completed(study)}
    grid = (
        (feature_set, batch_size, tuple(n for n in SEED_EPOCHS if (feature_set, n, batch_size) not in done))
        for feature_set in available_seed_sets(task)
        for batch_size in SEED_BATCH_SIZES
    )
    return [training for training in grid if training[2]]


def compare(
    task: Task, study: optuna.Study, feature_set: str, *, batch_size: int, epochs: Sequence[int], seed: int
) -> None:
    """Train one of the seed's networks and add its figures after each of ``epochs`` to the study."""
    columns = _spec(feature_set).vector_names
    rows, targets = task.train.matrix(columns), task.train.targets(task.labels)
    fits = fit_seed_network(
        feature_set, rows, targets, n_labels=len(task.labels), epochs=epochs, batch_size=batch_size, seed=seed
    )
    for epoch, fitted in fits:
        figures = figures_on_valid(task, fitted, columns)
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(COMPARED, (feature_set, epoch, batch_size), strict=True)),
                distributions=COMPARED,
                value=figures["accuracy"],
                user_attrs=figures,
            )
        )


def search_once(task: Task, study: optuna.Study, seed: int) -> None:
    """Add a trial of a regularized network to the study, sampled by the results so far."""
    feature_sets = available_sets(task)

    def objective(trial: optuna.Trial) -> float:
        recipe = suggest(trial, feature_sets)
        columns = FeatureSpec(groups=recipe.groups).vector_names
        rows, targets = task.train.matrix(columns), task.train.targets(task.labels)
        fitted = recipe.fit(rows, targets, n_labels=len(task.labels), seed=seed)
        figures = figures_on_valid(task, fitted, columns)
        for name, value in figures.items():
            trial.set_user_attr(name, value)
        return float(figures["accuracy"])

    # The number of trials is part of the seed: a continued search must not repeat its suggestions.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials(deepcopy=False)))
    study.optimize(objective, n_trials=1)


def completed(study: optuna.Study) -> list[FrozenTrial]:
    """Return a study's trials that have a result."""
    return list(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))


def figures_on_valid(task: Task, fitted: Fitted, columns: Sequence[str]) -> dict[str, Any]:
    """Return a network's figures on the valid rows: accuracy with its interval, macro precision and recall."""
    targets = task.valid.targets(task.labels)
    predicted = fitted.logits(task.valid.matrix(columns)).argmax(axis=1)
    scores = metrics.label_scores(metrics.confusion(targets, predicted, len(task.labels)), task.labels)
    accuracy = metrics.share(predicted == targets, task.split)
    return {
        "accuracy": accuracy.value,
        "low": accuracy.low,
        "high": accuracy.high,
        "n": accuracy.n,
        "split": accuracy.split,
        "precision": float(np.mean([score.precision for score in scores if score.n])),
        "recall": float(np.mean([score.recall for score in scores if score.n])),
        "parameters": fitted.model.count_params(),
    }


def _spec(feature_set: str) -> FeatureSpec:
    return FeatureSpec(groups=FEATURE_SETS[feature_set])


def _fingerprint(task: Task, seed: int) -> str:
    content = hashlib.sha256(f"{task.split}\n{seed}\n{task.train.columns}\n{code_digest(*CODE)}\n".encode())
    for table in (task.train, task.valid):
        content.update("\n".join(table.keys).encode())
        content.update(table.values.tobytes())
    return content.hexdigest()[:16]


def run(task: Task, folder: Path, n_trials: int, seed: int) -> None:
    """Run the remaining comparison and search, then write the results into ``folder``."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    comparison, search = open_studies(folder / DATABASE, task, seed)
    with progress() as bar:
        left = comparison_left(task, comparison)
        for feature_set, batch_size, epochs in bar.track(left, description="Seed's networks"):
            compare(task, comparison, feature_set, batch_size=batch_size, epochs=epochs, seed=seed)
        for _ in bar.track(range(len(completed(search)), n_trials), description="Regularized networks"):
            search_once(task, search, seed)
    left_out = sorted(set(SEED_FEATURE_SETS) - set(available_seed_sets(task)))
    search_results.write(completed(comparison), completed(search), left_out, folder, Console())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m build.search", description=__doc__.splitlines()[0])
    add_data_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results, to go on in next time")
    parser.add_argument("--trials", type=int, default=100, help="regularized networks to try in all (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other networks (default: 0)")
    arguments = parser.parse_args(argv)
    return run_command(lambda: run(task_of(arguments), arguments.out, arguments.trials, arguments.seed), "build.search")


if __name__ == "__main__":
    sys.exit(main())
