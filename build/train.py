"""Train, quantize, calibrate and publish a model: one command, the same bundle for the same seed.

``python -m build.train`` reads the published GTZAN tables beside the project; ``--features`` takes a features CSV
that ``build.preprocess`` wrote. It trains on the train list alone; of the recipes it chooses on the valid list.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build import publish
from build.corpora import no_music
from build.corpora.data_options import add_data_options, task_of
from build.corpora.gtzan_task import gtzan_task
from build.corpora.no_music import NoMusic
from build.corpora.task import Task, with_test
from build.errors import DatasetError, run_command
from build.models import discriminant_and_perceptron, perceptron
from build.models.fitting import add_no_music, fit_candidate, out_of_fold_logits, taught
from build.models.frozen_listener import FrozenListenerRecipe, columns_of
from build.models.recipe import Recipe, Rows
from build.report.model_card import with_interval
from build.report.training_record import training_record
from build.score import metrics, scoring
from build.tables import splits
from build.tables.feature_table import GTZAN
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from features_np.spec import FeatureSpec

RECIPES: tuple[Recipe, ...] = (*perceptron.RECIPES, discriminant_and_perceptron.TIMBRE, FrozenListenerRecipe())


def train(task: Task, recipes: Sequence[Recipe], seed: int, folder: Path) -> Bundle:
    """Fit every recipe, publish the one whose int8 model is right most often on valid; returns its bundle.

    Recipes that hear what the task's features do not hold are passed over.
    """
    columns = set(task.train.columns)
    fitting = [recipe for recipe in recipes if columns.issuperset(columns_of(recipe))]
    if not fitting:
        raise DatasetError("the features hold no recipe's columns; extract them with build.preprocess --features 85")
    candidates = [fit_candidate(task, recipe, seed) for recipe in fitting]
    best = max(candidates, key=lambda candidate: candidate.agreement.int8_accuracy)
    temperature = metrics.best_temperature(task.train.targets(task.labels), out_of_fold_logits(task, best.recipe, seed))
    labels, heard = task.labels, {}
    if task.no_music and best.recipe.groups == discriminant_and_perceptron.TIMBRE.groups:
        training = task.no_music.of(task.no_music.folds != no_music.EVALUATION_FOLD)
        best, caught = add_no_music(task, training, best, seed)
        what = f"windows of no music, {len(np.unique(training.folds))} folds held out in turn"
        labels = (*labels, NO_MUSIC)
        heard = {"caught": metrics.share(caught, what, training.recordings).to_dict()}
    listener = best.recipe if isinstance(best.recipe, FrozenListenerRecipe) else None
    draft = publish.Draft(
        name=best.recipe.name,
        labels=labels,
        spec=FeatureSpec(groups=best.recipe.groups),
        listeners=listener.bundle.listeners if listener else (),
        mean=best.fitted.mean,
        scale=best.fitted.scale,
        temperature=temperature,
        model=best.model,
        training=training_record(task, candidates, best, seed),
        record_axes=listener.bundle.record_axes if listener else None,
        listener_models=listener.listener_models if listener else (),
    )
    scores = scoring.score(draft.open(), task.valid, task.split, task.tracks)
    figures = {
        "valid": scores.to_dict(),
        "int8": best.agreement.to_dict(),
        "candidates": {item.recipe.name: round(item.agreement.int8_accuracy, 4) for item in candidates},
    }
    if task.test:
        figures["test"] = scoring.score(draft.open(), task.test, f"{task.split}; its test list").to_dict()
    if task.heard_valid:
        figures |= {"microphone": _through_microphones(draft.open(), task).to_dict()}
    if task.no_music and heard:
        figures["no_music"] = heard | no_music_figures(draft.open(), task, task.no_music)
    return publish.publish(draft, figures, folder)


def _through_microphones(bundle: Bundle, task: Task) -> scoring.MicrophoneScores:
    split = f"{task.split}; the {len(task.heard_valid[0])} with a whole recording"
    clean = scoring.score(bundle, task.valid.select(task.heard_valid[0].keys), split, task.tracks)
    return scoring.MicrophoneScores(
        clean, tuple(scoring.score(bundle, table, split, task.tracks) for table in task.heard_valid)
    )


def no_music_figures(bundle: Bundle, task: Task, other: NoMusic) -> dict[str, Any]:
    """Return what is caught of windows kept apart, and the music that is taken for none, by the published model."""
    classify, index = Classifier(bundle), bundle.labels.index(NO_MUSIC)
    names = bundle.vector_names

    def taken(rows: Rows) -> NDArray[np.bool_]:
        return np.array([classify(row).argmax() == index for row in rows])

    apart = other.of(other.folds == no_music.EVALUATION_FOLD)
    figures = {
        "caught apart": metrics.share(taken(apart.rows), "windows of recordings kept apart", apart.recordings),
        "music_lost": metrics.share(
            taken(task.valid.matrix(names)), task.split, splits.artist_of_rows(task.valid, task.tracks)
        ),
    }
    if task.heard_valid:
        lost = np.mean([taken(table.matrix(names)) for table in task.heard_valid], axis=0)
        artists = splits.artist_of_rows(task.heard_valid[0], task.tracks)
        figures["music_lost, through microphones"] = metrics.share(
            lost, f"{task.split}; simulated microphones", artists
        )
    return {name: figure.to_dict() for name, figure in figures.items()}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.train", description=__doc__.splitlines()[0])
    add_data_options(parser)
    parser.add_argument("--test-list", type=Path, help="tracks that neither train nor choose: scored on, at the end")
    parser.add_argument("--corrections", type=Path, metavar="FILE", help="history whose corrections are learned from")
    parser.add_argument("--out", type=Path, help="folder of the bundle (without --features by default the shipped)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another model (default: 0)")
    arguments = parser.parse_args()
    if arguments.features and not arguments.out:
        parser.error("--features needs --out: a model of other data does not replace the one that ships")
    folder = arguments.out or publish.MODELS

    def body() -> None:
        spec = FeatureSpec(groups=discriminant_and_perceptron.TIMBRE.groups)
        task = task_of(arguments) if arguments.features else gtzan_task(GTZAN, spec, arguments.seed)
        if arguments.test_list:
            task = with_test(task, arguments.features, arguments.test_list)
        recipes = RECIPES
        if arguments.corrections:
            task, recipes = taught(task, RECIPES, arguments.corrections)
        bundle = train(task, recipes, arguments.seed, folder)
        candidates = bundle.sidecar["metrics"]["candidates"]
        for name, accuracy in candidates.items():
            print(f"{name}: {accuracy:.1%} on valid" + (" (chosen)" if name == bundle.name else ""))
        if test := bundle.sidecar["metrics"].get("test"):
            print(f"test list: {with_interval(test['accuracy'])}")
        print(f"written to {folder}; {publish.CARD_FILE} there is its model card")

    return run_command(body, "build.train")


if __name__ == "__main__":
    raise SystemExit(main())
