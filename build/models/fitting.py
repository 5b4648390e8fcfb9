"""From a task and a recipe to an int8 model: what is learned from, fitting, converting, comparing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.corpora.corrections import read_corrections
from build.corpora.no_music import NoMusic
from build.corpora.task import Task
from build.errors import DatasetError
from build.models import int8, no_music_head
from build.models.frozen_listener import FrozenListenerRecipe, columns_of, inputs_of
from build.models.recipe import Fitted, Recipe, Rows, Targets
from build.tables import splits
from build.tables.feature_table import FeatureTable
from edge.live.decision import NO_MUSIC

#: Rows on which the ranges of an int8 model's tensors are measured.
N_REPRESENTATIVE = 1000

#: How often a correction stands among the changed copies, of which each track has about thirty: a record that somebody
#: cared to put right is one of those that will be played again.
COPIES = 30


@dataclass(frozen=True)
class Candidate:
    """A recipe fitted to the train rows, as float network and as int8 model, and what it is worth on valid."""

    recipe: Recipe
    fitted: Fitted
    model: bytes
    agreement: int8.Agreement


def fit_candidate(task: Task, recipe: Recipe, seed: int) -> Candidate:
    """Fit one recipe on train and convert it; valid is looked at only to measure it."""
    rows, targets = _sample(task, recipe, task.train.keys)
    fitted = recipe.fit(rows, targets, n_labels=len(task.labels), seed=seed)
    return _converted(task, recipe, fitted, _some(rows, seed))


def _sample(task: Task, recipe: Recipe, keys: Iterable[str]) -> tuple[Rows, Targets]:
    return task.sample(columns_of(recipe), set(keys), with_variants=recipe.with_variants)


def _some(rows: Rows, seed: int) -> Rows:
    """Return rows on which the ranges of an int8 model's tensors are measured."""
    chosen: Rows = np.random.default_rng(seed).permutation(rows)[:N_REPRESENTATIVE]
    return chosen


def _converted(task: Task, recipe: Recipe, fitted: Fitted, representative: Rows) -> Candidate:
    wide = isinstance(recipe, FrozenListenerRecipe)
    model = int8.to_int8(fitted.model, fitted.normalize(representative), wide=wide)
    valid = task.valid.matrix(columns_of(recipe))
    targets = task.valid.targets(task.labels)
    agreement = int8.compare(model, fitted.normalize(valid), fitted.logits(valid), targets)
    return Candidate(recipe, fitted, model, agreement)


def add_no_music(task: Task, other: NoMusic, candidate: Candidate, seed: int) -> tuple[Candidate, NDArray[np.bool_]]:
    """Return the candidate with an output for "no music", and which windows of held-out folds it catches."""
    rows, targets = _sample(task, candidate.recipe, task.train.keys)
    fitted, n_genres = candidate.fitted, len(task.labels)

    def fit_to(chosen: NDArray[np.bool_]) -> no_music_head.Detector:
        return no_music_head.fit_detector(
            fitted, rows, targets, other=other.rows[chosen], kinds=other.of(chosen).kinds, n_genres=n_genres
        )

    caught = np.zeros(len(other.rows), dtype=np.bool_)
    for fold in np.unique(other.folds):
        held_out = other.folds == fold
        caught[held_out] = fit_to(~held_out).margin(fitted.normalize(other.rows[held_out])) > 0
    joined = no_music_head.with_detector(fitted, fit_to(np.ones(len(caught), dtype=np.bool_)))
    some = _some(np.vstack([rows, other.rows]), seed)
    return _converted(task, candidate.recipe, joined, some), caught


def out_of_fold_logits(task: Task, recipe: Recipe, seed: int) -> NDArray[np.float64]:
    """Return logits of the train rows by networks that have not seen their fold, shape (tracks, labels)."""
    rows = task.train.matrix(columns_of(recipe))
    logits = np.zeros((len(rows), len(task.labels)))
    keys = np.array(task.train.keys)
    for known, held_out in splits.folds(task.train, task.tracks, seed):
        fitted = recipe.fit(*_sample(task, recipe, keys[known]), n_labels=len(task.labels), seed=seed)
        logits[held_out] = fitted.logits(rows[held_out])
    return logits


def taught(task: Task, recipes: Sequence[Recipe], history: Path) -> tuple[Task, tuple[Recipe, ...]]:
    """Return the task with what people put right, and the recipes that hear the numbers that are kept of it.

    Where a history holds numbers of several models, those count of which there are most. Corrections to "no music" are
    passed over: what is none is learned from recordings of it. ``DatasetError`` if there is nothing to learn from.
    """
    known = set(task.train.columns)
    ways = {inputs_of(recipe): columns_of(recipe) for recipe in recipes if known.issuperset(columns_of(recipe))}
    tables = {inputs: read_corrections(history, inputs, columns) for inputs, columns in ways.items()}
    inputs, table = max(tables.items(), key=lambda item: len(item[1]), default=("", task.train.rows([])))
    table = table.without([NO_MUSIC])
    if not len(table):
        raise DatasetError(
            f"{history}: holds no corrected genre with numbers like those of the other rows; extract those as the "
            "recording model hears them (build.preprocess --features listener for the shipped one)"
        )
    table.targets(task.labels)  # refuses a genre that the other rows do not have
    copies = table.rows(row for row in range(len(table)) for _ in range(COPIES))
    changed = task.variants and _of(task.variants, table.columns).stacked(copies)
    train = _of(task.train, table.columns).stacked(table)
    learning = tuple(recipe for recipe in recipes if inputs_of(recipe) == inputs)
    return replace(task, train=train, variants=changed or copies), learning


def _of(table: FeatureTable, columns: tuple[str, ...]) -> FeatureTable:
    """Return a table's rows with these columns alone."""
    return FeatureTable(table.track_ids, table.genres, columns, table.matrix(columns))
