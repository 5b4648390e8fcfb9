"""What a model is judged by: pure functions of targets and probabilities.

``targets`` are indices into the labels, shape (tracks,); ``probabilities`` have shape (tracks, labels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Resamples of the bootstrap; the interval's ends then vary by about 0.1 points with the seed.
N_RESAMPLES = 10_000

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share between 0 and 1 with its 95 % interval (bootstrap over tracks), and what it was measured on."""

    split: str
    n: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} (95 % interval {self.low:.1%} to {self.high:.1%}, n = {self.n}, {self.split})"

    def to_dict(self) -> dict[str, object]:
        """Return JSON-ready values."""
        return {
            "split": self.split,
            "n": self.n,
            "value": round(self.value, 4),
            "interval_95": [round(self.low, 4), round(self.high, 4)],
        }


def share(values: NDArray[np.bool_] | Vector, split: str, seed: int = 0) -> Figure:
    """Return the mean over tracks of a truth or a share, with its percentile bootstrap interval."""
    shares = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, shares.size, (N_RESAMPLES, shares.size))
    low, high = np.percentile(shares[drawn].mean(axis=1), [2.5, 97.5])
    return Figure(split, shares.size, float(shares.mean()), float(low), float(high))


def confusion(targets: NDArray[np.int64], predicted: NDArray[np.int64], n_labels: int) -> NDArray[np.int64]:
    """Count tracks by true label (row) and predicted label (column)."""
    counts = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(counts, (targets, predicted), 1)
    return counts


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fares: all between 0 and 1; 0 where nothing was predicted or nothing was there."""

    label: str
    n: int
    precision: float
    recall: float
    f1: float


def label_scores(counts: NDArray[np.int64], labels: tuple[str, ...]) -> list[LabelScore]:
    """Return precision, recall and F1 of each label from a confusion matrix."""
    right = np.diag(counts).astype(np.float64)
    precision = right / np.maximum(counts.sum(axis=0), 1)
    recall = right / np.maximum(counts.sum(axis=1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return [
        LabelScore(label, int(counts[row].sum()), float(precision[row]), float(recall[row]), float(f1[row]))
        for row, label in enumerate(labels)
    ]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Tracks of like confidence: how sure the model was of them on average, and how often it was right."""

    n: int
    confidence: float
    accuracy: float


def reliability(targets: NDArray[np.int64], probabilities: Vector, n_bins: int = 10) -> list[ReliabilityBin]:
    """Sort tracks into equal bins of confidence between 0 and 1; empty bins are left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    bins = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    return [
        ReliabilityBin(int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in (bins == index for index in range(n_bins))
        if inside.any()
    ]


def calibration_error(bins: list[ReliabilityBin]) -> float:
    """Return the expected calibration error, 0 to 1 (Guo et al. 2017, On Calibration of Modern Neural Networks)."""
    return sum(item.n * abs(item.confidence - item.accuracy) for item in bins) / sum(item.n for item in bins)


def tempo_accuracy(
    estimated: Vector, annotated: Vector, tolerance: float = 0.04
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return Accuracy1 and Accuracy2 of each track as booleans (Gouyon et al. 2006).

    Accuracy1 is within ``tolerance`` of the annotated tempo; Accuracy2 also of its double, triple, half or third.
    """
    factors = np.array([1.0, 2.0, 3.0, 1 / 2, 1 / 3])
    candidates = annotated[:, np.newaxis] * factors
    close = np.abs(estimated[:, np.newaxis] - candidates) <= tolerance * candidates
    return close[:, 0], close.any(axis=1)


def best_temperature(targets: NDArray[np.int64], logits: Vector) -> float:
    """Return the temperature above 0 that minimizes the negative log-likelihood of softmax(logits / temperature).

    Found on a grid with steps of 1 % between 0.05 and 20.
    """
    grid = np.exp(np.arange(np.log(0.05), np.log(20.0), 0.01))
    losses = [negative_log_likelihood(targets, logits / temperature) for temperature in grid]
    return float(grid[int(np.argmin(losses))])


def negative_log_likelihood(targets: NDArray[np.int64], logits: Vector) -> float:
    """Return the mean over tracks of -log softmax(logits)[target], in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_norm = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_norm - shifted[np.arange(targets.size), targets]))
