"""Every figure of a model with a listener, from rows that were heard for it (``build.corpora.listening_task``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.audio.way import AS_RECORDED
from build.corpora import hearing_ways
from build.corpora.listening_task import Heard, ListeningTask
from build.corpora.no_music import EVALUATION_FOLD
from build.score import metrics
from build.score.metrics import Figure
from build.score.scoring import Scores, score_vectors
from build.tables.pieces import EMOTIFY, GTZAN_TRAIN, GTZAN_VALID, SONGS
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier

Figures = dict[str, Any]
Logits = NDArray[np.float64]


def of_valid(bundle: Bundle, task: ListeningTask, split: str) -> tuple[Figures, Scores]:
    """Return the figures of the tracks that judge, whole ones apart from clips; and the scores of the whole ones."""
    whole = np.array([piece.whole for piece in task.valid.pieces])
    heard = task.valid.of(whole)
    scores = scores_of(bundle, heard, AS_RECORDED.name, f"{split}; whole tracks")
    figures = {
        "whole": _accuracies(scores, heard),
        "windows": {
            f"{seconds:g} s": _accuracies(scores_of(bundle, heard, way.name, f"{split}; one window a track"), heard)
            for seconds, way in zip(hearing_ways.WINDOWS_S, hearing_ways.WINDOWS, strict=True)
        },
        "microphones": _microphones(bundle, heard, scores, split),
        "talkers": {
            f"{ratio:+d} dB": _accuracies(scores_of(bundle, heard, way.name, f"{split}; 1 to 4 people talk"), heard)
            for ratio, way in zip(hearing_ways.TALKERS_EVALUATED_DB, hearing_ways.TALKERS, strict=True)
        },
    }
    if not whole.all():
        clips = task.valid.of(~whole)
        figures["clips"] = _accuracies(
            scores_of(bundle, clips, AS_RECORDED.name, f"{split}; clips of 2 to 20 s"), clips
        )
    return figures, scores


def scores_of(bundle: Bundle, heard: Heard, way: str, split: str) -> Scores:
    """Classify pieces as heard in the named way."""
    return score_vectors(bundle, heard.rows[way], heard.targets(bundle.labels), split, tuple(heard.groups))


def _accuracies(scores: Scores, heard: Heard) -> Figures:
    """Return accuracy and balanced accuracy with intervals over artists."""
    return {
        "accuracy": metrics.share(scores.right, scores.split, heard.groups).to_dict(),
        "balanced": metrics.balanced_share(scores.right, scores.targets, scores.split, heard.groups).to_dict(),
    }


def _microphones(bundle: Bundle, heard: Heard, clean: Scores, split: str) -> Figures:
    drawn = [scores_of(bundle, heard, way.name, split) for way in hearing_ways.MICROPHONES]
    right = np.mean([scores.right for scores in drawn], axis=0)
    what = f"{split}; {len(drawn)} simulated microphones a track, rooms and noises that no training heard"
    return {
        "accuracy": metrics.share(right, what, heard.groups).to_dict(),
        "balanced": metrics.balanced_share(right, clean.targets, what, heard.groups).to_dict(),
        "drop": metrics.difference(clean.right - right, what, heard.groups).to_dict(),
    }


def of_folds(heard: Heard, folds_of: Logits, labels: Sequence[str]) -> Figures:
    """Return the figures of pieces by heads that were fitted without their artists, collection by collection."""
    targets, answers = heard.targets(labels), folds_of.argmax(axis=1)
    right = answers == targets
    whole = np.array([piece.whole for piece in heard.pieces])
    gtzan = heard.are(GTZAN_TRAIN, GTZAN_VALID)
    pairs = {
        "gtzan": gtzan & whole,
        "gtzan clips": gtzan & ~whole,
        "songs": heard.are(SONGS),
        "songs rock": heard.are(SONGS) & (targets == labels.index("rock")),
        "emotify rock": heard.are(EMOTIFY) & (targets == labels.index("rock")),
        "emotify pop": heard.are(EMOTIFY) & (targets == labels.index("pop")),
    }
    return {name: _held_out(right, targets, chosen, name, heard) for name, chosen in pairs.items() if chosen.any()}


def _held_out(
    right: NDArray[np.bool_], targets: NDArray[np.int64], chosen: NDArray[np.bool_], name: str, heard: Heard
) -> Figures:
    groups = [group for group, wanted in zip(heard.groups, chosen, strict=True) if wanted]
    what = f"{name}, five folds by artist or song"
    return {
        "accuracy": metrics.share(right[chosen], what, groups).to_dict(),
        "balanced": metrics.balanced_share(right[chosen], targets[chosen], what, groups).to_dict(),
    }


@dataclass(frozen=True)
class HeldOut:
    """What detectors of "no music" say of what was held out of them: windows of none, and pieces of music."""

    caught: NDArray[np.bool_]
    lost: NDArray[np.bool_]


def of_no_music(bundle: Bundle, task: ListeningTask, held: HeldOut) -> Figures:
    """Return how much of what is no music is caught, and how much music is taken for none."""
    kept_apart = task.no_music.folds == EVALUATION_FOLD
    apart, within = task.no_music.of(kept_apart), task.no_music.of(~kept_apart)
    whole = task.valid.of(np.array([piece.whole for piece in task.valid.pieces]))
    index, classify = bundle.labels.index(NO_MUSIC), Classifier(bundle)

    def taken(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
        return np.array([classify(row).argmax() == index for row in rows])

    through = np.mean([taken(whole[way]) for way in hearing_ways.MICROPHONES], axis=0)
    figure: Callable[..., Figure] = metrics.share
    return {
        "caught": figure(held.caught, "windows of no music, folds held out in turn", within.recordings).to_dict(),
        "caught apart": figure(taken(apart.rows), "windows of recordings kept apart", apart.recordings).to_dict(),
        "music_lost, other artists": figure(
            held.lost, "pieces that train, all collections and clips, folds held out in turn", task.train.groups
        ).to_dict(),
        "music_lost": figure(taken(whole[AS_RECORDED]), "whole tracks of valid", whole.groups).to_dict(),
        "music_lost, through microphones": figure(through, "the same, simulated microphones", whole.groups).to_dict(),
    }


def of_confidence(bundle: Bundle, task: ListeningTask, scores: Scores) -> Figures:
    """Return how sure the answers are: where they are right or wrong, and of what the model was not made for.

    For windows of no music, the confidence is the most probable genre's among the genres.
    """
    classify, genres = Classifier(bundle), [i for i, label in enumerate(bundle.labels) if label != NO_MUSIC]

    def mean_of(rows: NDArray[np.float32]) -> float:
        probabilities = np.array([classify(row) for row in rows], dtype=np.float64)[:, genres]
        return round(float((probabilities.max(axis=1) / probabilities.sum(axis=1)).mean()), 4)

    return {
        "calibration error": round(metrics.calibration_error(scores.reliability), 4),
        "of valid": round(scores.confidence, 4),
        "of electronic music": mean_of(task.strange[AS_RECORDED]),
        "of no music, among the genres": mean_of(task.no_music.rows),
    }
