"""From a task and a recipe to an int8 model: fitting, folds, the output for "no music", converting, comparing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.corpora.corrections import read_corrections
from build.corpora.no_music import NoMusic
from build.corpora.task import Task
from build.errors import DatasetError
from build.models import int8, no_music_head
from build.models.recipe import Fitted, Recipe, Rows, Sample
from build.tables.feature_table import FeatureTable
from edge.live.decision import NO_MUSIC

#: Rows on which the ranges of an int8 model's tensors are measured.
N_REPRESENTATIVE = 1000

#: Copies of a correction among the changed copies, of which each track has about thirty: a record that was worth
#: correcting will be played again.
COPIES = 30

Logits = NDArray[np.float64]


@dataclass(frozen=True)
class Converted:
    """A fitted network and its int8 model, with their agreement on the tracks that evaluate."""

    fitted: Fitted
    model: bytes
    agreement: int8.Agreement


@dataclass(frozen=True)
class HeldOut:
    """Answers of "no music" detectors for held-out windows of no music, and for held-out train tracks."""

    caught: NDArray[np.bool_]
    lost: NDArray[np.bool_]


def fit(task: Task, recipe: Recipe, seed: int) -> Converted:
    """Fit a recipe to the train tracks and convert it, without an output for "no music"."""
    sample = recipe.sample(task)
    fitted = recipe.fit_sample(sample, n_labels=len(task.labels), seed=seed)
    return convert(task, recipe, fitted, sample.rows, seed)


def convert(task: Task, recipe: Recipe, fitted: Fitted, rows: Rows, seed: int) -> Converted:
    """Convert a fitted network, its tensors' ranges measured on some of the rows."""
    representative = np.random.default_rng(seed).permutation(rows)[:N_REPRESENTATIVE]
    model = recipe.quantized(fitted, representative)
    judged = task.valid.rows(np.flatnonzero(task.are_whole(task.valid)))
    rows = judged.matrix(recipe.columns)
    return Converted(
        fitted,
        model,
        int8.compare(model, fitted.normalize(rows), fitted.logits(rows), judged.targets(task.labels)),
    )


def rows_for_ranges(task: Task, recipe: Recipe) -> Rows:
    """Return the rows for measuring the ranges of a model with "no music"; none of them evaluates it."""
    sample = recipe.sample(task).rows
    return sample if task.no_music is None else np.vstack([sample, task.no_music.training().rows])


def out_of_fold(
    task: Task,
    recipe: Recipe,
    folds: NDArray[np.int64],
    tables: Mapping[str, FeatureTable],
    seed: int,
    *,
    no_music: NoMusic | None = None,
) -> dict[str, Logits]:
    """Return logits of the train tracks by networks that were fitted without their fold.

    ``tables`` hold the train tracks in one condition each; each gives an array (tracks, labels), with ``no_music``
    (tracks, labels + 1), whose last column is that of "no music".
    """
    logits = {name: np.zeros((len(task.train), len(task.labels) + (no_music is not None))) for name in tables}
    for fold in np.unique(folds):
        held_out = folds == fold
        sample = recipe.sample(task, ~held_out)
        fitted = recipe.fit_sample(sample, n_labels=len(task.labels), seed=seed)
        if no_music is not None:
            fitted = with_no_music(task, recipe, fitted, sample, no_music)
        for name, table in tables.items():
            logits[name][held_out] = fitted.logits(table.matrix(recipe.columns)[held_out])
    return logits


def add_no_music(
    task: Task, recipe: Recipe, fitted: Fitted, folds: NDArray[np.int64], no_music: NoMusic
) -> tuple[Fitted, HeldOut]:
    """Return the network with an output for "no music", and the answers of detectors for held-out rows.

    The fold of evaluation trains none. Each other fold of the windows is held out in turn, with a part of the music.
    """
    training = no_music.training()
    window_folds = np.unique(training.folds)
    music_folds = folds % len(window_folds)
    held = HeldOut(np.zeros(len(training.rows), dtype=np.bool_), np.zeros(len(music_folds), dtype=np.bool_))
    recorded = task.train.matrix(recipe.columns)
    for number, fold in enumerate(window_folds):
        windows, music = training.folds == fold, music_folds == number
        detector = fit_detector(task, recipe, fitted, recipe.sample(task, ~music), training.of(~windows))
        held.caught[windows] = detector.margin(fitted.normalize(training.rows[windows])) > 0
        held.lost[music] = detector.margin(fitted.normalize(recorded[music])) > 0
    return with_no_music(task, recipe, fitted, recipe.sample(task), training), held


def with_no_music(task: Task, recipe: Recipe, fitted: Fitted, sample: Sample, no_music: NoMusic) -> Fitted:
    """Return a network with an output for "no music"; the sample is music."""
    return no_music_head.with_detector(fitted, fit_detector(task, recipe, fitted, sample, no_music))


def fit_detector(
    task: Task, recipe: Recipe, fitted: Fitted, sample: Sample, no_music: NoMusic
) -> no_music_head.Detector:
    """Fit a detector that separates music, of the genres and of others, from no music, for a fitted network."""
    rows, targets = sample.rows, sample.targets
    if task.other_music:
        genres = task.other_music.labels
        rows = np.vstack([rows, task.other_music.matrix(recipe.columns)])
        targets = np.concatenate([targets, len(task.labels) + task.other_music.targets(genres)])
    other, kinds, shrinkage = no_music.rows, no_music.kinds, recipe.no_music_shrinkage
    if shrinkage is None:
        return no_music_head.regression(fitted, rows, targets, other=other, kinds=kinds)
    return no_music_head.discriminants(fitted, rows, targets, other=other, kinds=kinds, shrinkage=shrinkage)


def with_corrections(task: Task, recipes: Sequence[Recipe], history: Path) -> tuple[Task, tuple[Recipe, ...]]:
    """Return the task with a history's corrections, and the recipes that take their head inputs.

    If a history holds inputs of several models, the most frequent kind is used. Corrections to "no music" are skipped:
    it is learned from recordings. ``DatasetError`` if there is nothing to learn from.
    """
    known = set(task.train.columns)
    taking = {recipe.inputs: recipe.columns for recipe in recipes if known.issuperset(recipe.columns)}
    tables = {inputs: read_corrections(history, inputs, columns) for inputs, columns in taking.items()}
    inputs, table = max(tables.items(), key=lambda item: len(item[1]), default=("", task.train.rows([])))
    table = table.without([NO_MUSIC])
    if not len(table):
        raise DatasetError(
            f"{history}: holds no corrected genre with numbers like those of the other rows; extract those as the "
            "recording model hears them (build.preprocess --features listener for the shipped one)"
        )
    table.targets(task.labels)  # raises for a genre that the other rows lack
    copies = table.rows(row for row in range(len(table)) for _ in range(COPIES))
    changed = task.variants and task.variants.of_columns(table.columns).stacked(copies)
    train = task.train.of_columns(table.columns).stacked(table)
    conditions = {
        name: degraded.of_columns(table.columns).stacked(table) for name, degraded in task.train_conditions.items()
    }
    learning = tuple(recipe for recipe in recipes if recipe.inputs == inputs)
    return replace(task, train=train, train_conditions=conditions, variants=changed or copies), learning
