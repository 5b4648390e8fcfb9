"""Train, quantize, calibrate and publish a model by any recipe: the same seed gives the same bundle.

``python -m build.train --recipe NAME`` trains by that recipe; with several of them, by the most accurate in five folds
inside the train list. The rows come from a features CSV that ``build.preprocess`` wrote (``--features``), or from the
data beside the project, of which the shipped models are made. The valid list evaluates what is published; nothing is
chosen on it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build import publish, reference_rows
from build.audio.condition import AS_RECORDED
from build.corpora.data_options import add_data_options, task_of
from build.corpora.gtzan_task import gtzan_task
from build.corpora.listening_conditions import MICROPHONES, WINDOWS
from build.corpora.own.training_rows import read_training_rows, with_no_music
from build.corpora.task import Task, write_lists
from build.errors import DatasetError, run_command
from build.listener.preparing import LISTENER, prepare
from build.listener.registry import BACKBONES, DEFAULT
from build.models import discriminant_and_perceptron, fitting, int8, perceptron
from build.models.fitting import Converted, Logits
from build.models.listening_head import OWN_HEAD, own_head
from build.models.recipe import Fitted, Recipe
from build.report.model_card import with_interval
from build.report.training_record import training_record
from build.score import listening, listening_studies, metrics, scoring
from build.tables.feature_table import GTZAN, SHARED_DATA
from build.tables.style_columns import learned_styles
from edge.events import State
from edge.live.decision import NO_MUSIC
from edge.live.styles import named_styles
from edge.model.bundle import Bundle
from features_np.spec import FeatureSpec

#: The recipes of features alone by name; beside them there are ``OWN_HEAD``, and ``LISTENER``, which teaches a listener
#: first.
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe for recipe in (*perceptron.RECIPES, discriminant_and_perceptron.TIMBRE)
}
#: A hint for training with corrections.
ON_THE_DEVICE = (
    "corrections are learned on the device as well, in seconds: livegenre learn. Train with them for genres that your "
    "recordings show beside them, or for a model that other devices are to have"
)
#: Folders of the models that are made from the data beside the project.
SHIPPED = {LISTENER: publish.MODELS, discriminant_and_perceptron.TIMBRE.name: publish.MODELS / "classic"}


#: A difference of two recipes' accuracies in folds within this (three points) is a tie.
TIE = 0.03
#: A head as Keras saves it; the device does not use it.
KERAS_FILE = "genres.keras"


def train(task: Task, recipes: Sequence[Recipe], seed: int, folder: Path) -> Bundle:
    """Fit, calibrate, quantize, evaluate and publish the best of some recipes; returns its bundle."""
    require_usable(task.labels)
    folds = task.folds(task.train, seed)
    recipe, logits, candidates = choose(task, recipes, folds, seed)
    task = task.of_columns(recipe.columns)
    targets = task.train.targets(task.labels)
    temperature = metrics.best_temperature(targets, logits[AS_RECORDED.name])
    best, held = fitting.fit(task, recipe, seed), None
    if task.no_music:
        fitted, held = fitting.add_no_music(task, recipe, best.fitted, folds, task.no_music)
        best = fitting.convert(task, recipe, fitted, fitting.rows_for_ranges(task, recipe), seed)
    draft = drafted(task, recipe, best, temperature, training_record(task, recipe, list(candidates), best, seed))
    bundle = draft.open()
    judged = task.valid.rows(np.flatnonzero(task.are_whole(task.valid)))
    scores = scoring.score(bundle, judged, f"{task.split}; whole tracks" if task.clips else task.split, task.tracks)
    figures = {
        "valid": scores.to_dict(),
        "int8": best.agreement.to_dict(),
        "candidates": candidates if len(candidates) > 1 else {},
    }
    if task.test:
        figures["test"] = scoring.score(bundle, task.test, f"{task.split}; its test list").to_dict()
    if held:
        figures["no_music"] = listening.of_no_music(bundle, task, held)
    figures |= _figures_by_condition(task, bundle, scores)
    if task.styles is not None:
        figures |= listening_studies.studies(task, recipe, logits, seed)
    bundle = publish.publish(draft, figures, folder)
    if folder not in SHIPPED.values():
        save_keras(best.fitted, folder)
    reference_rows.write(reference_rows.of_task(task, bundle), bundle, folder)
    return bundle


def drafted(
    task: Task, recipe: Recipe, converted: Converted, temperature: float, training: dict[str, Any]
) -> publish.Draft:
    """Return a converted model as a bundle before its evaluation, with an output for "no music" if the task has it."""
    labels = (*task.labels, NO_MUSIC) if task.no_music else task.labels
    return publish.Draft(
        name=recipe.name,
        labels=labels,
        spec=recipe.spec,
        mean=converted.fitted.mean,
        scale=converted.fitted.scale,
        temperature=temperature,
        model=converted.model,
        training=training,
        listeners=tuple(listener.use for listener in recipe.listeners),
        listener_models=tuple(listener.model for listener in recipe.listeners),
        record_axes=recipe.listeners[0].record_axes if recipe.listeners else None,
        genre_styles=_genre_styles(task, recipe),
    )


def save_keras(fitted: Fitted, folder: Path) -> None:
    """Write a head's float network beside its bundle, for Keras: it takes normalized rows and gives logits."""
    with int8.quiet():
        fitted.model.save(folder / KERAS_FILE)


def _genre_styles(task: Task, recipe: Recipe) -> dict[str, tuple[str, ...]] | None:
    """Return the listener's styles of each genre, by its tracks' scores, or else by its name."""
    if not recipe.listeners:
        return None
    return named_styles(recipe.listeners[0].use.styles, task.labels) | learned_styles(task.train)


def require_usable(labels: Sequence[str]) -> None:
    """Raise ``DatasetError`` for genres that no model can be made of."""
    if len(labels) < 2:
        raise DatasetError(f"{labels[0]} is the only genre: add other music, that it can be told from")
    if taken := sorted((set(State) - {State.NO_MUSIC}) & set(labels)):
        raise DatasetError(f"a genre cannot be named {taken[0]}, which livegenre shows of itself; rename it")


def choose(
    task: Task, recipes: Sequence[Recipe], folds: NDArray[np.int64], seed: int
) -> tuple[Recipe, dict[str, Logits], dict[str, Any]]:
    """Return the most accurate recipe in folds inside train, its logits there, and the accuracy of each.

    Recipes with columns that the task lacks are skipped. Accuracies within ``TIE`` of the best are ties, of which the
    recipe with the fewest inputs is taken, and among equals the first.
    """
    known = set(task.train.columns)
    usable = [recipe for recipe in recipes if known.issuperset(recipe.columns)]
    if not usable:
        raise DatasetError("the features hold no recipe's columns; extract them with build.preprocess --features 85")
    conditions = {
        condition.name: task.train_table(condition)
        for condition in (AS_RECORDED, MICROPHONES[0])
        if task.has(condition)
    }
    targets, artists = task.train.targets(task.labels), task.artists(task.train) if task.tracks else None
    logits, accuracies = {}, {}
    for recipe in usable:
        logits[recipe.name] = fitting.out_of_fold(task, recipe, folds, conditions, seed)
        right = logits[recipe.name][AS_RECORDED.name].argmax(axis=1) == targets
        accuracies[recipe.name] = metrics.share(right, "folds inside the train list", artists)
    least = max(figure.value for figure in accuracies.values()) - TIE
    tied = [recipe for recipe in usable if accuracies[recipe.name].value >= least]
    best = min(tied, key=lambda recipe: len(recipe.columns))
    return best, logits[best.name], {name: figure.to_dict() for name, figure in accuracies.items()}


def _figures_by_condition(task: Task, bundle: Bundle, scores: scoring.Scores) -> dict[str, Any]:
    """Return figures for each condition that the task has."""
    figures: dict[str, Any] = {}
    if WINDOWS[0].name in task.valid_conditions:
        figures["listening"] = listening.of_windows_and_talkers(bundle, task, scores)
        figures["confidence"] = listening.of_confidence(bundle, task, scores)
    elif task.valid_conditions:
        figures["microphone"] = listening.of_microphones(bundle, task)
    return figures


def _prepared(arguments: argparse.Namespace) -> tuple[Task, tuple[Recipe, ...]]:
    """Return the task and the recipes that the options name."""
    if LISTENER in arguments.recipe:
        return prepare(arguments.data, arguments.backbone, arguments.seed, arguments.cache, beside=arguments.beside)
    recipes = tuple((own_head() if name == OWN_HEAD else RECIPES[name]) for name in arguments.recipe)
    if arguments.features is None:
        spec = FeatureSpec(groups=discriminant_and_perceptron.TIMBRE.spec.groups)
        return gtzan_task(GTZAN, spec, arguments.seed), recipes
    task = task_of(arguments)
    recipes = recipes or _usual(task)
    if arguments.corrections:
        print(ON_THE_DEVICE)
        task, recipes = fitting.with_corrections(task, recipes, arguments.corrections)
    shipped = read_training_rows([listener.definition() for recipe in recipes for listener in recipe.listeners])
    return with_no_music(task, shipped), recipes


def _usual(task: Task) -> tuple[Recipe, ...]:
    """Return the recipes for a task's columns: the head beside the listener where there are its statistics."""
    head = own_head()
    return (head,) if set(task.train.columns).issuperset(head.columns) else tuple(RECIPES.values())


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m build.train", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--recipe",
        action="append",
        default=[],
        choices=(*RECIPES, OWN_HEAD, LISTENER),
        help="recipe to train by; of several, the best in folds (default: what the features allow)",
    )
    add_data_options(parser)
    parser.add_argument("--test-list", type=Path, help="tracks that neither train nor choose: scored on, at the end")
    parser.add_argument("--corrections", type=Path, metavar="FILE", help="history whose corrections are learned from")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="data to teach a listener with")
    parser.add_argument("--backbone", choices=BACKBONES, default=DEFAULT, help=f"its network (default: {DEFAULT})")
    parser.add_argument("--beside", action="store_true", help="teach it as a second listener, the first being shipped")
    parser.add_argument("--cache", type=Path, help="folder to keep the taught listener in, and to take it from")
    parser.add_argument("--out", type=Path, help="folder of the bundle (a recipe of a shipped model has its own)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another model (default: 0)")
    arguments = parser.parse_args(argv)
    if arguments.features and not arguments.out:
        parser.error("--features needs --out: a model of other data does not replace the one that ships")
    if arguments.features and LISTENER in arguments.recipe:
        parser.error(
            f"--recipe {LISTENER} is taught from --data, not from --features; own-head trains beside a listener"
        )
    if arguments.test_list and not arguments.features:
        parser.error("--test-list needs --features: GTZAN's own test list is kept apart")
    if LISTENER in arguments.recipe and len(arguments.recipe) > 1:
        parser.error(f"--recipe {LISTENER} cannot be compared with others: it is trained on other data")
    if not arguments.features and len(arguments.recipe) != 1:
        parser.error("without --features name one --recipe")
    arguments.out = arguments.out or SHIPPED.get(arguments.recipe[0])
    if arguments.out is None:
        parser.error(f"--recipe {arguments.recipe[0]} needs --out: no such model ships")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = _arguments(argv)

    def body() -> None:
        task, recipes = _prepared(arguments)
        bundle = train(task, recipes, arguments.seed, arguments.out)
        if arguments.features:
            write_lists(task, arguments.out)
        figures = bundle.sidecar["metrics"]
        for name, figure in figures["candidates"].items():
            print(f"{name}: {with_interval(figure)}, in folds" + (" (chosen)" if name == bundle.name else ""))
        print(f"{bundle.name}: {with_interval(figures['valid']['accuracy'])}, on valid")
        if test := figures.get("test"):
            print(f"test list: {with_interval(test['accuracy'])}")
        print(f"written to {arguments.out}; {publish.CARD_FILE} there is its model card")

    return run_command(body, "build.train")


if __name__ == "__main__":
    sys.exit(main())
