"""What is learnt of a model with a listener besides how right it is: its parts' worth, and how little it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from build.audio.way import AS_RECORDED
from build.corpora.hearing_ways import MICROPHONES
from build.corpora.listening_task import Heard, ListeningTask
from build.models.discriminant_sum import fit_sum
from build.models.listening_head import READABLE, SPEC, HeadRecipe, out_of_fold
from build.tables.pieces import EMOTIFY, GTZAN_TRAIN, SONGS
from edge.live.styles import GENRE_OF_STYLE
from edge.model.sidecar import ListenerUse
from features_np.spec import TIMBRE_GROUPS

Table = list[list[object]]

#: Groups of readable features that are taken away one after the other.
LEFT_OUT = {
    "without timbre (the MFCC's kin)": tuple(group for group in TIMBRE_GROUPS if group.startswith("timbre")),
    "without chroma": ("chroma_profile",),
    "without movement": ("modulation", "roughness", "flux"),
}
N_TRACKS, N_DRAWS = (5, 10, 20, 40), 5


def ablation(task: ListeningTask, use: ListenerUse, recipe: HeadRecipe) -> Table:
    """Return what is right in folds inside train with parts of the head's input left out, discriminants alone."""
    linear, alone = replace(recipe, perceptron_share=0.0), {name: 1.0 for name, _ in use.outputs}
    variants = {
        "all of it, as it ships": recipe,
        "all of it, the perceptron alone": replace(recipe, perceptron_share=1.0),
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
    folds, targets = task.folds(task.train), task.train.targets(task.labels)
    gtzan = task.train.are(GTZAN_TRAIN) & np.array([piece.whole for piece in task.train.pieces])
    songs = task.train.are(SONGS)
    rows: Table = []
    for name, variant in variants.items():
        ways = [AS_RECORDED.name, MICROPHONES[0].name]
        logits = out_of_fold(task.train, task.labels, variant, use, folds=folds, ways=ways)
        right = {way: logits[way].argmax(axis=1) == targets for way in ways}
        balanced = np.mean([right[ways[0]][songs & (targets == t)].mean() for t in np.unique(targets[songs])])
        rows.append([name, *(float(right[way][gtzan].mean()) for way in ways), float(balanced)])
    return rows


def learning_curve(task: ListeningTask, use: ListenerUse, recipe: HeadRecipe) -> Table:
    """Return how right heads are that so few recordings a genre trained, nothing else of them being heard."""
    valid = task.valid.of(np.array([piece.whole for piece in task.valid.pieces]))
    known = task.train.of(np.array([piece.whole or piece.genre in _SHORT for piece in task.train.pieces]))
    targets, rng = valid.targets(task.labels), np.random.default_rng(task.seed)
    rows: Table = []
    for n_tracks in N_TRACKS:
        figures = []
        for _ in range(N_DRAWS):
            chosen = _draw(known.targets(task.labels), n_tracks, rng)
            few = known.of(chosen)
            fitted = fit_sum(
                few[AS_RECORDED],
                few.targets(task.labels),
                np.ones(len(few.pieces)),
                views=recipe.views_of(use),
                n_labels=len(task.labels),
                mute=recipe.mute(),
                perceptron_share=0.0,
            )
            right = fitted.logits(valid[AS_RECORDED]).argmax(axis=1) == targets
            figures.append((right.mean(), np.mean([right[targets == t].mean() for t in np.unique(targets)])))
        accuracies, balanced = zip(*figures, strict=True)
        spread = (float(min(accuracies)), float(max(accuracies)))
        rows.append([n_tracks, float(np.mean(accuracies)), float(np.mean(balanced)), *spread])
    return rows


#: Genres of which GTZAN's train list has hardly any whole recording: their clips count as recordings.
_SHORT = frozenset({"disco", "hiphop", "reggae", "rock"})


def _draw(targets: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    chosen = np.zeros(len(targets), dtype=np.bool_)
    for label in np.unique(targets):
        chosen[rng.permutation(np.flatnonzero(targets == label))[:n]] = True
    return chosen


def zero_shot(
    scores: Mapping[str, tuple[Heard, NDArray[np.float32]]], use: ListenerUse, labels: tuple[str, ...]
) -> Table:
    """Return how often the best style names the genre, by styles' scores (pieces, styles) of lots of pieces."""
    columns = [
        [use.styles.index(style) for style, genre in GENRE_OF_STYLE.items() if genre == label] for label in labels
    ]
    rows: Table = []
    for name, (heard, of_pieces) in scores.items():
        best = np.array([of_pieces[:, chosen].max(axis=1) for chosen in columns]).argmax(axis=0)
        rows.append([name, float((best == heard.targets(labels)).mean()), len(heard.pieces)])
    return rows
