"""Figures of a model of one's own records: the answers of models that were fitted without the tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED
from build.corpora.listening_conditions import MICROPHONES
from build.corpora.task import Task
from build.models import fitting
from build.models.recipe import Recipe
from build.score import metrics
from build.score.scoring import MicrophoneScores, Scores
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier, softmax


@dataclass(frozen=True)
class FoldScores:
    """Answers for tracks that were held out, as recorded and through a microphone, and the models' temperature.

    ``folds`` has the fold in which each was held out.
    """

    microphone: MicrophoneScores
    temperature: float
    folds: NDArray[np.int64]

    @property
    def scores(self) -> Scores:
        """Those as recorded."""
        return self.microphone.clean

    def of(self, chosen: NDArray[np.bool_]) -> FoldScores:
        """Return those of the chosen tracks."""
        microphone = self.microphone
        drawn = tuple(_of(scores, chosen) for scores in microphone.drawn)
        return FoldScores(MicrophoneScores(_of(microphone.clean, chosen), drawn), self.temperature, self.folds[chosen])


def score_in_folds(task: Task, recipe: Recipe, folds: NDArray[np.int64], seed: int) -> FoldScores:
    """Fit a model without each fold, with its output for "no music", and return its answers for the fold.

    One microphone for each track, fewer than in the reports of shipped models.
    """
    microphone = MICROPHONES[0].name
    tables = {AS_RECORDED.name: task.train, microphone: task.valid_conditions[microphone].select(task.train.keys)}
    no_music = task.no_music.training() if task.no_music else None
    logits = fitting.out_of_fold(task, recipe, folds, tables, seed, no_music=no_music)
    targets, n_labels = task.train.targets(task.labels), len(task.labels)
    temperature = metrics.best_temperature(targets, logits[AS_RECORDED.name][:, :n_labels])
    labels = (*task.labels, NO_MUSIC) if no_music else task.labels
    artists = tuple(task.artists(task.train)) if task.tracks else None

    def scored(name: str) -> Scores:
        probabilities = [softmax(row.astype(np.float32) / temperature) for row in logits[name]]
        return Scores(task.split, labels, targets, np.array(probabilities, dtype=np.float64), artists)

    return FoldScores(MicrophoneScores(scored(AS_RECORDED.name), (scored(microphone),)), temperature, folds)


def figures_in_folds(task: Task, bundle: Bundle, found: FoldScores, own: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the figures of a sidecar; where there are other tracks than one's ``own``, those of these apart."""
    figures: dict[str, Any] = {
        "valid": found.scores.to_dict(),
        "microphone": found.microphone.to_dict(),
        "candidates": {},
    }
    if not own.all():
        figures["own"] = found.of(own).scores.accuracy.to_dict()
    if task.no_music:
        apart = task.no_music.kept_apart()
        classify, index = Classifier(bundle), bundle.labels.index(NO_MUSIC)
        caught = np.array([classify(row).argmax() == index for row in apart.rows])
        lost = found.scores.probabilities.argmax(axis=1) == index
        figures["no_music"] = {
            "caught apart": metrics.share(caught, "windows of recordings kept apart", apart.recordings).to_dict(),
            "music_lost": metrics.share(lost, task.split, found.scores.artists).to_dict(),
        }
    return figures


def _of(scores: Scores, chosen: NDArray[np.bool_]) -> Scores:
    artists = scores.artists
    return Scores(
        scores.split,
        scores.labels,
        scores.targets[chosen],
        scores.probabilities[chosen],
        artists and tuple(name for name, wanted in zip(artists, chosen, strict=True) if wanted),
    )
