"""The head of a model with a listener: what it hears, how it is fitted to pieces, and its output for "no music"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from build.corpora.hearing_ways import TRAINING
from build.corpora.listening_task import Heard
from build.corpora.no_music import NoMusic
from build.models.discriminant_sum import PERCEPTRON_SHARE, View, Weights, fit_sum
from build.models.no_music_head import Detector, fit_detector
from build.models.recipe import Fitted, Rows, Targets
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec
from features_np.spec import TIMBRE_GROUPS

#: The readable features beside the listener. The tempo is for people and gets no weight.
SPEC = FeatureSpec(groups=TIMBRE_GROUPS)
READABLE, READABLE_WEIGHT = "readable", 0.5
#: Of the discriminant that tells music from what is none: chosen on held-out folds of both.
NO_MUSIC_SHRINKAGE, NO_MUSIC_LEAD = 0.1, 10.0


@dataclass(frozen=True)
class HeadRecipe:
    """Which views count how much, and which of the readable features' groups are heard (None: all)."""

    views: Mapping[str, float] | None = None  # None: each of the listener's outputs 1, the readable features half
    groups: Collection[str] | None = None
    collections: Mapping[str, float] = field(default_factory=dict)  # weight of a collection's pieces, 1 if not named
    perceptron_share: float = PERCEPTRON_SHARE  # of the answer
    tempo: bool = False  # whether the tempo, which is for people, counts

    def weights_of(self, use: ListenerUse) -> Mapping[str, float]:
        """Return the weights of the views by name."""
        if self.views is not None:
            return self.views
        return {READABLE: READABLE_WEIGHT, **{name: 1.0 for name, _ in use.outputs}}

    def views_of(self, use: ListenerUse) -> list[View]:
        """Return the views as runs of columns of a row."""
        weights = self.weights_of(use)
        sizes = [
            (READABLE, len(SPEC.vector_names)),
            *((name, size * len(use.statistics)) for name, size in use.outputs),
        ]
        views, start = [], 0
        for name, size in sizes:
            if weights.get(name):
                views.append(View(name, start, start + size, weights[name]))
            start += size
        return views

    def mute(self) -> list[int]:
        """Return the columns that count for nothing."""
        heard = SPEC.groups if self.groups is None else self.groups
        names = (
            FeatureSpec(groups=tuple(group for group in SPEC.groups if group in heard)).vector_names if heard else ()
        )
        return [
            i
            for i, name in enumerate(SPEC.vector_names)
            if name not in names or (name == "tempo_bpm" and not self.tempo)
        ]


@dataclass(frozen=True)
class Sample:
    """Rows to fit to, with the label and the weight of each."""

    rows: Rows
    targets: Targets
    weights: Weights


def sample_of(heard: Heard, labels: Sequence[str], collections: Mapping[str, float]) -> Sample:
    """Return the pieces in every way of training; pieces of a label weigh the same, and so do all labels."""
    ways = list(TRAINING)
    targets = heard.targets(labels)
    of_piece = np.array([collections.get(piece.collection, 1.0) for piece in heard.pieces])
    of_label = np.bincount(targets, of_piece, minlength=len(labels))
    of_piece = of_piece / of_label[targets]
    weights = np.concatenate([of_piece * TRAINING[way] for way in ways])
    return Sample(
        rows=np.vstack([heard[way] for way in ways]),
        targets=np.tile(targets, len(ways)),
        weights=weights * (len(weights) / weights.sum()),
    )


def fit_head(heard: Heard, labels: Sequence[str], recipe: HeadRecipe, use: ListenerUse) -> Fitted:
    """Fit the genres to pieces."""
    sample = sample_of(heard, labels, recipe.collections)
    return fit_sum(
        sample.rows,
        sample.targets,
        sample.weights,
        views=recipe.views_of(use),
        n_labels=len(labels),
        mute=recipe.mute(),
        perceptron_share=recipe.perceptron_share,
    )


def fit_no_music(fitted: Fitted, heard: Heard, labels: Sequence[str], other: NoMusic) -> Detector:
    """Fit what tells music from what is none, beside a fitted head."""
    sample = sample_of(heard, labels, {})
    return fit_detector(
        fitted,
        sample.rows,
        sample.targets,
        other=other.rows,
        kinds=other.kinds,
        n_genres=len(labels),
        shrinkage=NO_MUSIC_SHRINKAGE,
        lead=NO_MUSIC_LEAD,
    )


def out_of_fold(
    heard: Heard,
    labels: Sequence[str],
    recipe: HeadRecipe,
    use: ListenerUse,
    *,
    folds: NDArray[np.int64],
    ways: Sequence[str],
) -> dict[str, NDArray[np.float64]]:
    """Return logits of all pieces by heads that were fitted without their fold, for each of the named ``ways``."""
    logits = {way: np.zeros((len(heard.pieces), len(labels))) for way in ways}
    for fold in np.unique(folds):
        held_out = folds == fold
        fitted = fit_head(heard.of(~held_out), labels, recipe, use)
        for way in ways:
            logits[way][held_out] = fitted.logits(heard.rows[way][held_out])
    return logits
