"""Studies of a model with a listener beyond its accuracy: the worth of its parts, and learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED
from build.corpora.listening_conditions import MICROPHONES, RANKING_MICROPHONE
from build.corpora.task import Task
from build.models.fitting import Logits, out_of_fold
from build.models.recipe import Recipe
from build.score import listening
from build.tables.feature_table import FeatureTable
from build.tables.pieces import EMOTIFY, SONGS
from edge.live.styles import GENRE_OF_STYLE

Table = list[list[object]]
Chosen = NDArray[np.bool_]

N_TRACKS, N_DRAWS = (5, 10, 20, 40), 5
#: Genres of which GTZAN's train list has hardly any whole recording: their clips count as recordings.
SHORT = frozenset({"disco", "hiphop", "reggae", "rock"})
GTZAN = "gtzan"


def studies(task: Task, recipe: Recipe, logits: Mapping[str, Logits], seed: int) -> dict[str, Any]:
    """Return the figures of folds over all artists, of an ablation, of few tracks, and of styles alone.

    ``logits`` are the train tracks' by networks fitted without their fold, as recorded and through a microphone.
    """
    both, chosen = _both_lists(task), subsets(task, task.train)
    everything = out_of_fold(both, recipe, both.folds(both.train, seed), {AS_RECORDED.name: both.train}, seed)
    return {
        "folds": listening.of_folds(task, task.train, logits[AS_RECORDED.name], chosen),
        "folds, microphone": listening.of_folds(
            task, task.train, logits[MICROPHONES[0].name], subsets(task, task.train)
        ),
        "folds, train and valid": listening.of_folds(
            both, both.train, everything[AS_RECORDED.name], subsets(both, both.train)
        ),
        "ablation": ablation(task, recipe, seed),
        "learning": learning_curve(task, recipe, seed),
        "zero_shot": zero_shot(task),
    }


def _both_lists(task: Task) -> Task:
    """Return the task with the valid tracks added to the train tracks."""
    conditions = {name: table.stacked(task.valid_conditions[name]) for name, table in task.train_conditions.items()}
    return replace(task, train=task.train.stacked(task.valid), train_conditions=conditions)


def subsets(task: Task, table: FeatureTable) -> dict[str, Chosen]:
    """Return the subsets of a table's tracks that have figures of their own."""
    collections, genres = np.array(task.collections_of(table)), np.array(table.genres)
    whole = task.are_whole(table)
    return {
        "gtzan": (collections == GTZAN) & whole,
        "gtzan clips": (collections == GTZAN) & ~whole,
        "songs": collections == SONGS,
        "songs rock": (collections == SONGS) & (genres == "rock"),
        "emotify rock": (collections == EMOTIFY) & (genres == "rock"),
        "emotify pop": (collections == EMOTIFY) & (genres == "pop"),
    }


def ablation(task: Task, recipe: Recipe, seed: int) -> Table:
    """Return the accuracy in folds inside train with parts of the head's input left out, discriminants alone.

    Variants are ranked by these figures, so they use a microphone of training: those of evaluation only report.
    """
    folds, targets = task.folds(task.train, seed), task.train.targets(task.labels)
    chosen = subsets(task, task.train)
    gtzan, songs = chosen["gtzan"], chosen["songs"]
    conditions = {condition.name: task.train_table(condition) for condition in (AS_RECORDED, RANKING_MICROPHONE)}
    rows: Table = []
    for name, variant in recipe.parts().items():
        logits = out_of_fold(task, variant, folds, conditions, seed)
        right = [logits[condition].argmax(axis=1) == targets for condition in conditions]
        balanced = np.mean([right[0][songs & (targets == t)].mean() for t in np.unique(targets[songs])])
        rows.append([name, *(float(one[gtzan].mean()) for one in right), float(balanced)])
    return rows


def learning_curve(task: Task, recipe: Recipe, seed: int) -> Table:
    """Return the accuracy of heads that few recordings of each genre trained, as recorded only."""
    valid = task.valid.rows(np.flatnonzero(task.are_whole(task.valid)))
    usable = task.are_whole(task.train) | np.array([genre in SHORT for genre in task.train.genres])
    known = task.train.rows(np.flatnonzero(usable))
    plain = recipe.plain()
    targets, rng = valid.targets(task.labels), np.random.default_rng(seed)
    rows: Table = []
    for n_tracks in N_TRACKS:
        figures = []
        for _ in range(N_DRAWS):
            few = known.rows(np.flatnonzero(_draw(known.targets(task.labels), n_tracks, rng)))
            fitted = plain.fit(
                few.matrix(recipe.columns), few.targets(task.labels), n_labels=len(task.labels), seed=seed
            )
            right = fitted.logits(valid.matrix(recipe.columns)).argmax(axis=1) == targets
            figures.append((right.mean(), np.mean([right[targets == t].mean() for t in np.unique(targets)])))
        accuracies, balanced = zip(*figures, strict=True)
        spread = (float(min(accuracies)), float(max(accuracies)))
        rows.append([n_tracks, float(np.mean(accuracies)), float(np.mean(balanced)), *spread])
    return rows


def _draw(targets: NDArray[np.int64], n: int, rng: np.random.Generator) -> Chosen:
    chosen = np.zeros(len(targets), dtype=np.bool_)
    for label in np.unique(targets):
        chosen[rng.permutation(np.flatnonzero(targets == label))[:n]] = True
    return chosen


def zero_shot(task: Task) -> Table:
    """Return how often the best style names the genre, without training; of tracks of at least one patch."""
    styles = task.styles
    if styles is None:
        return []
    columns = [
        [styles.columns.index(style) for style, genre in GENRE_OF_STYLE.items() if genre == label]
        for label in task.labels
    ]
    rows: Table = []
    for name, table in (("GTZAN train", task.train), ("GTZAN valid", task.valid)):
        keys = [key for key, of in zip(table.keys, task.collections_of(table), strict=True) if of == GTZAN]
        chosen = styles.select(keys)
        chosen = chosen.rows(np.flatnonzero(np.isfinite(chosen.values).all(axis=1)))
        best = np.array([chosen.values[:, kin].max(axis=1) for kin in columns]).argmax(axis=0)
        rows.append([name, float((best == chosen.targets(task.labels)).mean()), len(chosen)])
    return rows
