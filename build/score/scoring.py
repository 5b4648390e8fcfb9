"""A bundle's answers on a feature table, through the classifier that runs on the device, and their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.score import metrics
from build.tables.feature_table import FeatureTable, Track
from build.tables.splits import artist_of_rows
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier


@dataclass(frozen=True)
class Scores:
    """A bundle's probabilities, shape (tracks, labels), with the true labels and the name of the split."""

    split: str
    labels: tuple[str, ...]
    targets: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    artists: tuple[str, ...] | None = None  # of each track, where they are known: intervals are then over them

    @property
    def right(self) -> NDArray[np.bool_]:
        """True for each track whose most probable label is the true one."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.targets)

    @property
    def accuracy(self) -> metrics.Figure:
        """Share of tracks that are right, with its interval."""
        return metrics.share(self.right, self.split, self.artists)

    @property
    def balanced(self) -> metrics.Figure:
        """Mean over labels of the share of their tracks that are right, with its interval."""
        return metrics.balanced_share(self.right, self.targets, self.split, self.artists)

    @property
    def confidence(self) -> float:
        """Mean probability of the answers."""
        return float(self.probabilities.max(axis=1).mean())

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Tracks by true label (row) and answer (column)."""
        return metrics.confusion(self.targets, self.probabilities.argmax(axis=1), len(self.labels))

    @property
    def label_scores(self) -> list[metrics.LabelScore]:
        """Precision, recall and F1 of each label."""
        return metrics.label_scores(self.confusion, self.labels)

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the labels that occur."""
        return float(np.mean([score.f1 for score in self.label_scores if score.n]))

    @property
    def reliability(self) -> list[metrics.ReliabilityBin]:
        """Confidence against accuracy in bins."""
        return metrics.reliability(self.targets, self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as JSON-ready values."""
        return {
            "accuracy": self.accuracy.to_dict(),
            "balanced": self.balanced.to_dict(),
            "macro_f1": round(self.macro_f1, 4),
            "calibration_error": round(metrics.calibration_error(self.reliability), 4),
            "calibration_error_by_chance": round(metrics.calibration_error_by_chance(self.probabilities), 4),
            "labels": {
                score.label: {
                    "n": score.n,
                    "precision": round(score.precision, 4),
                    "recall": round(score.recall, 4),
                    "f1": round(score.f1, 4),
                }
                for score in self.label_scores
            },
            "confusion": self.confusion.tolist(),
        }


def score(bundle: Bundle, table: FeatureTable, split: str, tracks: Mapping[str, Track] | None = None) -> Scores:
    """Classify every row of a table with a bundle; with ``tracks``, intervals are over their artists."""
    vectors = table.matrix(bundle.vector_names)
    artists = tuple(artist_of_rows(table, tracks)) if tracks else None
    return score_vectors(bundle, vectors, table.targets(bundle.labels), split, artists)


def score_vectors(
    bundle: Bundle,
    vectors: NDArray[np.float32],
    targets: NDArray[np.int64],
    split: str,
    artists: tuple[str, ...] | None = None,
) -> Scores:
    """Classify vectors of shape (tracks, features) whose labels' indices are ``targets``."""
    classify = Classifier(bundle)
    probabilities = np.array([classify(vector) for vector in vectors], dtype=np.float64)
    return Scores(split, bundle.labels, targets, probabilities, artists)


@dataclass(frozen=True)
class MicrophoneScores:
    """Scores of the same tracks as recorded, and through several draws of a simulated microphone."""

    clean: Scores
    drawn: tuple[Scores, ...]

    @property
    def accuracy(self) -> metrics.Figure:
        """Accuracy through the microphone: the mean over draws of each track, then over tracks."""
        return metrics.share(self._right, f"{self.clean.split}, simulated microphone", self.clean.artists)

    @property
    def drop(self) -> metrics.Figure:
        """Loss of accuracy through the microphone, with the interval of the paired difference."""
        return metrics.difference(self.clean.right - self._right, self.clean.split, self.clean.artists)

    def to_dict(self) -> dict[str, Any]:
        """Return both figures as JSON-ready values."""
        return {"accuracy": self.accuracy.to_dict(), "drop": self.drop.to_dict()}

    @property
    def _right(self) -> NDArray[np.float64]:
        return np.asarray(np.mean([scores.right for scores in self.drawn], axis=0))


@dataclass(frozen=True)
class TempoScores:
    """Estimated beside annotated tempi in BPM, shape (tracks,) each, of the tracks that are annotated."""

    split: str
    estimated: NDArray[np.float64]
    annotated: NDArray[np.float64]

    @property
    def accuracy1(self) -> metrics.Figure:
        """Share of tracks within 4 % of the annotation."""
        return metrics.share(metrics.tempo_accuracy(self.estimated, self.annotated)[0], self.split)

    @property
    def accuracy2(self) -> metrics.Figure:
        """Share of tracks within 4 % of the annotation, its double, triple, half or third."""
        return metrics.share(metrics.tempo_accuracy(self.estimated, self.annotated)[1], self.split)
