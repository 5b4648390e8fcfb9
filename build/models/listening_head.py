"""The head beside a listener: its input is the readable features and the statistics of the listener's outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED, Condition
from build.corpora.listening_conditions import OWN, TRAINING
from build.corpora.task import Task
from build.models import int8
from build.models.discriminant_sum import PERCEPTRON_SHARE, SHRINKAGE, View, fit_sum
from build.models.recipe import Fitted, Recipe, Rows, Sample, Targets, TaughtListener, Weights, listeners_of_bundle
from build.tables.feature_sets import TIMBRE_GROUPS
from build.tables.pieces import EMOTIFY, SONGS
from features_np import FeatureSpec

#: The readable features beside the listener. The tempo is only displayed and gets no weight.
SPEC = FeatureSpec(groups=TIMBRE_GROUPS)
#: Name of the recipe of a head for one's own genres beside an unchanged listener.
OWN_HEAD = "own-head"
#: The best of 0.2 to 1.0 for 12 to 25 tracks of 3 to 5 of GTZAN's genres, folds by artist, mean of 48 draws.
OWN_SHRINKAGE = 0.9
READABLE, READABLE_WEIGHT = "readable", 0.5
#: Groups of readable features that are left out one after the other, to measure their worth.
LEFT_OUT = {
    "without timbre (the MFCC's kin)": (
        "timbre_mean",
        "timbre_std",
        "timbre_step",
        "timbre_slope",
        "timbre_covariance",
    ),
    "without chroma": ("chroma_profile",),
    "without movement": ("modulation", "roughness", "flux"),
}
#: Maximum size of the head in bytes; that of one listener has 0.5 MB, that of two 0.65.
MAX_SIZE = 850_000


@dataclass(frozen=True)
class HeadRecipe(Recipe):
    """A discriminant for each view, and a perceptron, trained in all of its conditions that a task has."""

    name: str
    beside: tuple[TaughtListener, ...]
    conditions: Mapping[Condition, float] = field(default_factory=lambda: TRAINING)  # with the weight of each
    views: Mapping[str, float] | None = None  # None: each of the listener's outputs 1, the readable features half
    groups: Collection[str] | None = None  # of the readable features that count; None: all
    collections: Mapping[str, float] = field(default_factory=dict)  # weight of a collection's tracks, 1 if not named
    perceptron_share: float = PERCEPTRON_SHARE  # of the answer
    shrinkage: float = SHRINKAGE
    tempo: bool = False  # whether the tempo is an input
    no_music_shrinkage: float | None = None

    @property
    def spec(self) -> FeatureSpec:
        """The readable features."""
        return SPEC

    @property
    def listeners(self) -> tuple[TaughtListener, ...]:
        """The listeners, which are not trained."""
        return self.beside

    @property
    def output_sizes(self) -> dict[str, int]:
        """The number of columns for each output of the listeners, by its name."""
        several = len(self.beside) > 1
        return {
            f"{listener.use.name} {output}" if several else output: size * len(listener.use.statistics)
            for listener in self.beside
            for output, size in listener.use.outputs
        }

    @property
    def view_weights(self) -> Mapping[str, float]:
        """The weights of the views by name."""
        if self.views is not None:
            return self.views
        return {READABLE: READABLE_WEIGHT, **dict.fromkeys(self.output_sizes, 1.0)}

    def columns_of_views(self) -> list[View]:
        """Return the views as runs of columns of a row."""
        weights = self.view_weights
        sizes = {READABLE: len(SPEC.vector_names), **self.output_sizes}
        views, start = [], 0
        for name, size in sizes.items():
            if weights.get(name):
                views.append(View(name, start, start + size, weights[name]))
            start += size
        return views

    def ignored_columns(self) -> list[int]:
        """Return the columns without weight."""
        counting = set(SPEC.groups if self.groups is None else self.groups)
        ignored = {name for group in SPEC.groups if group not in counting for name in SPEC.group_names(group)}
        if not self.tempo:
            ignored.add("tempo_bpm")
        return [index for index, name in enumerate(SPEC.vector_names) if name in ignored]

    def sample(self, task: Task, chosen: NDArray[np.bool_] | None = None) -> Sample:
        """Return the chosen tracks in every training condition; labels weigh the same, as do the tracks of one."""
        everything = np.ones(len(task.train), dtype=np.bool_) if chosen is None else chosen
        tables = {
            condition: task.train_table(condition).rows(np.flatnonzero(everything))
            for condition in self.conditions
            if task.has(condition)
        }
        recorded = tables[AS_RECORDED]
        targets = recorded.targets(task.labels)
        of_track = np.array([self.collections.get(name, 1.0) for name in task.collections_of(recorded)])
        of_label = np.bincount(targets, of_track, minlength=len(task.labels))
        of_track = of_track / of_label[targets]
        weights = np.concatenate([of_track * self.conditions[condition] for condition in tables])
        return Sample(
            rows=np.vstack([table.matrix(self.columns) for table in tables.values()]),
            targets=np.tile(targets, len(tables)),
            weights=weights * (len(weights) / weights.sum()),
        )

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int, weights: Weights | None = None) -> Fitted:
        """Fit to rows (n, columns), targets (n,) and weights (n,)."""
        return fit_sum(
            rows,
            targets,
            np.ones(len(rows)) if weights is None else weights,
            views=self.columns_of_views(),
            n_labels=n_labels,
            ignored_columns=self.ignored_columns(),
            perceptron_share=self.perceptron_share,
            shrinkage=self.shrinkage,
            seed=seed,
        )

    def quantized(self, fitted: Fitted, representative: Rows) -> bytes:
        """Return the .tflite model with activations of 16 bits, which a sum of so many columns needs."""
        return int8.to_int8(fitted.model, fitted.normalize(representative), MAX_SIZE, wide=True)

    def plain(self) -> HeadRecipe:
        """Return the recipe with discriminants alone."""
        return replace(self, perceptron_share=0.0)

    def parts(self) -> dict[str, Recipe]:
        """Return variants of the recipe: discriminants alone, parts of the input alone or left out, less music."""
        linear = self.plain()
        alone = {name: weight for name, weight in self.view_weights.items() if name != READABLE}
        return {
            "all of it, as it ships": self,
            "all of it, the perceptron alone": replace(self, perceptron_share=1.0),
            "all of it, the discriminants alone": linear,
            "the listener alone": replace(linear, views=alone),
            **{f"{name} alone": replace(linear, views={name: 1.0}) for name in (READABLE, *alone)},
            **{
                name: replace(linear, groups=tuple(group for group in SPEC.groups if group not in groups))
                for name, groups in LEFT_OUT.items()
            },
            "with the tempo": replace(linear, tempo=True),
            "trained on GTZAN alone": replace(linear, collections={EMOTIFY: 0.0, SONGS: 0.0}),
        }

    def describe(self) -> dict[str, Any]:
        """Return in words how the head is made."""
        share = self.perceptron_share
        perceptron = f" and a perceptron, which is {share:.0%} of the answer" if share else ""
        return {"head": f"discriminants{perceptron}; weights of the views: {dict(self.view_weights)}"}


def own_head(model: Path | None = None, *, few_tracks: bool = True) -> HeadRecipe:
    """Return the recipe of a head for one's own genres beside the listener of a bundle; None: the shipped one.

    Discriminants alone: a closed form without a random start, and as accurate as the alternatives on few rows. Without
    ``few_tracks``, beside hundreds of the shipped genres, views shrink like those of the shipped head.
    """
    return HeadRecipe(
        OWN_HEAD,
        listeners_of_bundle(model),
        OWN,
        perceptron_share=0.0,
        shrinkage=OWN_SHRINKAGE if few_tracks else SHRINKAGE,
    )
