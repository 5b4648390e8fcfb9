"""Figures of a model by condition: windows, microphones, people talking; folds, "no music", confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import Condition
from build.corpora.listening_conditions import (
    MICROPHONES,
    RECORDED_ROOM,
    TALKERS,
    TALKERS_EVALUATED_DB,
    WINDOWS,
    WINDOWS_S,
)
from build.corpora.task import Task
from build.models.fitting import HeldOut
from build.score import metrics, scoring
from build.score.scoring import Scores
from build.tables.feature_table import FeatureTable
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier

Figures = dict[str, Any]
Logits = NDArray[np.float64]


def of_windows_and_talkers(bundle: Bundle, task: Task, clean: Scores) -> Figures:
    """Return the figures of whole tracks in every evaluation condition, and of clips where no more is available."""
    whole, clips = (
        task.valid.rows(np.flatnonzero(chosen)) for chosen in (task.are_whole(task.valid), ~task.are_whole(task.valid))
    )

    def figures_of(condition: Condition, what: str) -> Figures:
        table = task.valid_conditions[condition.name].select(whole.keys)
        return _accuracies(scoring.score(bundle, table, f"{task.split}; {what}", task.tracks), task, table)

    figures = {
        "whole": _accuracies(clean, task, whole),
        "windows": {
            f"{seconds:g} s": figures_of(condition, "one window a track")
            for seconds, condition in zip(WINDOWS_S, WINDOWS, strict=True)
        },
        "microphones": of_microphones(bundle, task),
        "talkers": {
            f"{ratio:+d} dB": figures_of(condition, "1 to 4 people talk")
            for ratio, condition in zip(TALKERS_EVALUATED_DB, TALKERS, strict=True)
        },
        "recorded room": figures_of(RECORDED_ROOM, "in rooms that a phone recorded, of tracks that judge"),
    }
    if task.phone is not None:
        figures["phone"] = _of_genres(bundle, task, task.phone)
    if len(clips):
        scores = scoring.score(bundle, clips, f"{task.split}; clips of 2 to 20 s", task.tracks)
        figures["clips"] = _accuracies(scores, task, clips)
    return figures


def _of_genres(bundle: Bundle, task: Task, table: FeatureTable) -> Figures:
    """Return the accuracy in each genre: with few genres, a common accuracy favours a model that guesses one."""
    scores = scoring.score(bundle, table, f"{task.split}; recordings that a phone made of these tracks", task.tracks)
    artists, genres = np.array(task.artists(table)), np.array(table.genres)
    return {
        genre: metrics.share(scores.right[genres == genre], scores.split, artists[genres == genre].tolist()).to_dict()
        for genre in sorted(set(table.genres))
    }


def _accuracies(scores: Scores, task: Task, table: FeatureTable) -> Figures:
    """Return accuracy and balanced accuracy with intervals over artists."""
    artists = task.artists(table)
    return {
        "accuracy": metrics.share(scores.right, scores.split, artists).to_dict(),
        "balanced": metrics.balanced_share(scores.right, scores.targets, scores.split, artists).to_dict(),
    }


def of_microphones(bundle: Bundle, task: Task) -> Figures:
    """Return the accuracy through microphones, in rooms and noises that no training uses, and its drop."""
    names = [condition.name for condition in MICROPHONES if condition.name in task.valid_conditions]
    tables = [_whole(task, task.valid_conditions[name]) for name in names]
    recorded = task.valid.select(tables[0].keys)
    clean = scoring.score(bundle, recorded, task.split, task.tracks)
    right = np.mean([scoring.score(bundle, table, task.split, task.tracks).right for table in tables], axis=0)
    what = f"{task.split}; simulated microphones, {len(tables)} a track, rooms and noises that no training heard"
    artists = task.artists(recorded)
    return {
        "accuracy": metrics.share(right, what, artists).to_dict(),
        "balanced": metrics.balanced_share(right, clean.targets, what, artists).to_dict(),
        "drop": metrics.difference(clean.right - right, what, artists).to_dict(),
    }


def _whole(task: Task, table: FeatureTable) -> FeatureTable:
    return table.rows(np.flatnonzero(task.are_whole(table)))


def of_folds(task: Task, table: FeatureTable, logits: Logits, subsets: Mapping[str, NDArray[np.bool_]]) -> Figures:
    """Return the figures of subsets of tracks by networks that were fitted without their artists."""
    targets = table.targets(task.labels)
    right, artists = logits.argmax(axis=1) == targets, np.array(task.artists(table))
    figures = {}
    for name, chosen in subsets.items():
        if chosen.any():
            what, groups = f"{name}, five folds by artist or song", artists[chosen].tolist()
            figures[name] = {
                "accuracy": metrics.share(right[chosen], what, groups).to_dict(),
                "balanced": metrics.balanced_share(right[chosen], targets[chosen], what, groups).to_dict(),
            }
    return figures


def of_no_music(bundle: Bundle, task: Task, held: HeldOut) -> Figures:
    """Return the share of no music that is detected, and the share of music that is taken for none."""
    if task.no_music is None:
        return {}
    apart, apart_in_rooms = task.no_music.kept_apart(), task.no_music.kept_apart(in_rooms=True)
    within = task.no_music.training()
    simulated = ~within.in_rooms
    whole = _whole(task, task.valid)
    index, classify = bundle.labels.index(NO_MUSIC), Classifier(bundle)

    def taken(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
        return np.array([classify(row).argmax() == index for row in rows])

    figures = {
        "caught": metrics.share(
            held.caught[simulated], "windows of no music, folds held out in turn", within.of(simulated).recordings
        ),
        "caught apart": metrics.share(taken(apart.rows), "windows of recordings kept apart", apart.recordings),
        "music_lost, other artists": metrics.share(
            held.lost, "tracks that train, folds held out in turn", task.artists(task.train)
        ),
        "music_lost": metrics.share(taken(whole.matrix(bundle.vector_names)), task.split, task.artists(whole)),
    }
    if len(apart_in_rooms.rows):
        what = "windows of recordings kept apart, in rooms that a phone recorded"
        figures["caught apart, in rooms"] = metrics.share(taken(apart_in_rooms.rows), what, apart_in_rooms.recordings)
    microphones = [condition.name for condition in MICROPHONES if condition.name in task.valid_conditions]
    if tables := [_whole(task, task.valid_conditions[name]) for name in microphones]:
        through = np.mean([taken(table.matrix(bundle.vector_names)) for table in tables], axis=0)
        what = f"{task.split}; simulated microphones"
        figures["music_lost, through microphones"] = metrics.share(through, what, task.artists(tables[0]))
    return {name: figure.to_dict() for name, figure in figures.items()}


def of_confidence(bundle: Bundle, task: Task, scores: Scores) -> Figures:
    """Return the confidence of answers: right and wrong ones, and those for music and sound outside the genres.

    For windows of no music, the confidence is the most probable genre's among the genres.
    """
    classify, genres = Classifier(bundle), [i for i, label in enumerate(bundle.labels) if label != NO_MUSIC]

    def mean_of(rows: NDArray[np.float32]) -> float:
        probabilities = np.array([classify(row) for row in rows], dtype=np.float64)[:, genres]
        return round(float((probabilities.max(axis=1) / probabilities.sum(axis=1)).mean()), 4)

    figures = {
        "calibration error": round(metrics.calibration_error(scores.reliability), 4),
        "of valid": round(scores.confidence, 4),
    }
    if task.outside_genres is not None:
        figures["of electronic music"] = mean_of(task.outside_genres.matrix(bundle.vector_names))
    if task.no_music is not None:
        figures["of no music, among the genres"] = mean_of(task.no_music.rows)
    return figures
