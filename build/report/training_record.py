"""The training record of a sidecar: how its model was made, in words for the model card and in values."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from build.corpora.corrections import PREFIX
from build.corpora.task import Task
from build.models.fitting import Converted
from build.models.recipe import Recipe
from build.report.code_version import code_version
from build.tables import provenance, splits
from build.tables.edition import edition_of
from build.tables.feature_table import GTZAN, read_tracks

#: Diaries of everything that was tried for the shipped models, without a listener (False) and with one.
DIARIES = {False: "build/report/findings.md", True: "build/report/listening_findings.md"}


def training_record(
    task: Task, recipe: Recipe, candidates: Sequence[str], best: Converted, seed: int
) -> dict[str, Any]:
    """Return how a recipe was chosen and its model trained, JSON-ready."""
    folds = "artists" if task.tracks else "tracks"
    learned = task.train.of_columns(recipe.columns)
    if "train" in task.no_music_tracks:
        learned = learned.stacked(task.no_music_tracks["train"])
    record: dict[str, Any] = {"trained_on": provenance.trained_on(learned, recipe.columns)}
    if task.split == splits.FAULT_FILTERED:
        record["diary"] = DIARIES[bool(recipe.listeners)]
        record["edition"] = edition_of(read_tracks(GTZAN / "tracks.csv")).to_dict()
    record["how_chosen"] = _how_chosen(task, candidates)
    trained_on = "all tracks" if task.judged_in_folds else "the train list alone"
    facts = {"data": f"{task.split}; trained on {trained_on}, {_counted(task)}"}
    facts |= {listener.use.name: listener.made for listener in recipe.listeners if listener.made}
    record["facts"] = facts | {
        **recipe.describe(),
        "parameters": f"{best.fitted.model.count_params():,}",
        "changed copies": _changed_copies(task, recipe),
        "temperature": f"fitted on out-of-fold predictions inside train ({splits.N_FOLDS} folds of {folds})",
        "seed": seed,
    }
    if task.split != splits.FAULT_FILTERED:
        record["facts"] |= _circumstances(task)
    return record


def _circumstances(task: Task) -> dict[str, str]:
    """Return the circumstances of a model of other data: corrections, leaks, inputs, and versions of the code."""
    n_corrections = sum(track_id.startswith(PREFIX) for track_id in task.train.track_ids)
    content = hashlib.sha256()
    for table in (task.train, task.valid):
        content.update("\n".join(table.keys).encode() + table.values.tobytes())
    circumstances = {
        "corrections": f"{n_corrections} among the tracks" if n_corrections else "none",
        "inputs": f"SHA-256 {content.hexdigest()} of keys and rows",
        "code": code_version(),
        "versions": f"TensorFlow {tf.__version__}, NumPy {np.__version__}",
    }
    if not task.tracks:
        circumstances["warning"] = "artists are not known: one may be on both sides of the split, which flatters"
    return circumstances


def _how_chosen(task: Task, candidates: Sequence[str]) -> str:
    if task.judged_in_folds:
        return (
            "There was one recipe and nothing to choose. Each of these tracks was judged by a model that was fitted "
            "without it and whatever it must not be parted from; the model here was then fitted to all of them."
        )
    if len(candidates) > 1:
        return (
            f"The recipe was chosen between {' and '.join(candidates)} by folds inside the train list, where three "
            "points are a tie and the smaller wins; these tracks were looked at only to judge it."
        )
    if task.split == splits.FAULT_FILTERED:
        return (
            "The recipe was chosen by five folds of artists inside the train list; these tracks were looked at each "
            "time that a whole bundle was made, some times over the project's life."
        )
    return "There was one recipe and nothing to choose; these tracks were looked at only to judge it."


def _counted(task: Task) -> str:
    collections = Counter(task.collections_of(task.train))
    of = ", ".join(f"{n} of {name}" for name, n in collections.items() if name)
    return f"{len(task.train)} tracks" + (f" ({of})" if of else "")


def _changed_copies(task: Task, recipe: Recipe) -> str:
    if task.train_conditions:
        conditions = "windows, simulated microphones and rooms that a phone recorded, people talking"
        return f"each track in {len(task.train_conditions)} more conditions: {conditions}"
    if not (recipe.with_variants and task.variants):
        return "none"
    copies = len(task.variants) / len(task.train)
    return (
        f"{copies:.0f} of each track: excerpts of 10 to 30 s, other speeds and pitches, through simulated microphones"
    )
