"""Metrics: pure functions of targets and probabilities.

``targets`` are indices into the labels, shape (tracks,); ``probabilities`` have shape (tracks, labels).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

#: Resamples of the bootstrap; the interval's ends then vary by about 0.1 points with the seed.
N_RESAMPLES = 10_000
CONFIDENCE = 0.95
#: Bounds of the temperature: beyond them probabilities are uniform, or 0 and 1.
TEMPERATURES = (0.05, 20.0)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share between 0 and 1 (or a difference of two) with its 95 % interval, and what it was measured on.

    ``over`` says what the interval takes as independent: tracks, or so many artists.
    """

    split: str
    n: int
    value: float
    low: float
    high: float
    over: str = "tracks"

    def __str__(self) -> str:
        return (
            f"{self.value:.1%} (95 % interval {self.low:.1%} to {self.high:.1%} over {self.over}, "
            f"n = {self.n}, {self.split})"
        )

    def to_dict(self) -> dict[str, object]:
        """Return JSON-ready values."""
        return {
            "split": self.split,
            "n": self.n,
            "value": round(self.value, 4),
            "interval_95": [round(self.low, 4), round(self.high, 4)],
            "over": self.over,
        }


def share(
    values: NDArray[np.bool_] | Vector, split: str, artists: Sequence[str] | None = None, seed: int = 0
) -> Figure:
    """Return the mean over tracks of booleans, or of values between 0 and 1, with its interval.

    The interval is a percentile bootstrap over tracks; with ``artists``, a name for each track, over artists, whose
    tracks are drawn together (the cluster bootstrap), since results of one artist's tracks are correlated. Where all
    values are 0 or all are 1, resampling does not vary: the interval is then the exact one of Clopper and Pearson
    (1934) for as many independent trials as there are tracks, or artists.
    """
    shares = np.asarray(values, dtype=np.float64)
    if shares.min() in (0.0, 1.0) and shares.min() == shares.max():
        n_trials = shares.size if artists is None else len(set(artists))
        exact = stats.binomtest(round(shares[0] * n_trials), n_trials).proportion_ci(CONFIDENCE, method="exact")
        return Figure(split, shares.size, float(shares[0]), float(exact.low), float(exact.high), _over(artists))
    return difference(shares, split, artists, seed)


def difference(values: Vector, split: str, artists: Sequence[str] | None = None, seed: int = 0) -> Figure:
    """Return the mean over tracks of a difference of two shares, with its bootstrap interval as ``share`` has it."""
    everything = np.zeros(len(values), dtype=np.int64)
    return _bootstrapped(np.asarray(values, dtype=np.float64), everything, split, artists, seed)


def balanced_share(
    values: NDArray[np.bool_] | Vector,
    targets: NDArray[np.int64],
    split: str,
    artists: Sequence[str] | None = None,
    seed: int = 0,
) -> Figure:
    """Return the mean over labels of each label's mean value: the balanced accuracy, if values say who was right.

    The interval is ``share``'s bootstrap; a label that a resample lacks does not count in it.
    """
    return _bootstrapped(np.asarray(values, dtype=np.float64), targets, split, artists, seed)


def _bootstrapped(
    values: Vector, labels: NDArray[np.int64], split: str, artists: Sequence[str] | None, seed: int
) -> Figure:
    """Return the mean over labels of the labels' means, resampled by track or by artist."""
    clusters = np.unique(artists, return_inverse=True)[1] if artists is not None else np.arange(values.size)
    n_clusters, occurring = int(clusters.max()) + 1, np.unique(labels)
    sums, counts = np.zeros((2, occurring.size, n_clusters))
    for row, label in enumerate(occurring):
        inside = labels == label
        np.add.at(sums[row], clusters[inside], values[inside])
        np.add.at(counts[row], clusters[inside], 1)
    value = float(_mean_of_labels(*sums, *counts))
    if n_clusters > 1:
        low, high = _percentiles(_mean_of_labels, (*sums, *counts), seed)
    else:  # one track or artist gives no estimate of the variance
        low, high = (-1.0 if np.any(values < 0) else 0.0), 1.0
    return Figure(split, values.size, value, low, high, _over(artists))


def _mean_of_labels(*sums_and_counts: Vector, axis: int = -1) -> Vector:
    n_labels = len(sums_and_counts) // 2
    sums, counts = (np.array(part).sum(axis=axis) for part in (sums_and_counts[:n_labels], sums_and_counts[n_labels:]))
    return np.asarray((sums / np.maximum(counts, 1)).sum(axis=0) / (counts > 0).sum(axis=0))


def _percentiles(statistic: Callable[..., Vector], samples: Sequence[Vector], seed: int) -> tuple[float, float]:
    found = stats.bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=N_RESAMPLES,
        batch=500,
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def _over(artists: Sequence[str] | None) -> str:
    if artists is None:
        return "tracks"
    n_artists = len(set(artists))
    return f"{n_artists} artist{'s' * (n_artists != 1)}"


def confusion(targets: NDArray[np.int64], predicted: NDArray[np.int64], n_labels: int) -> NDArray[np.int64]:
    """Count tracks by true label (row) and predicted label (column)."""
    return np.asarray(confusion_matrix(targets, predicted, labels=range(n_labels)), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Precision, recall and F1 of one label: 0 to 1; 0 where nothing was predicted or nothing was there."""

    label: str
    n: int
    precision: float
    recall: float
    f1: float


def label_scores(counts: NDArray[np.int64], labels: tuple[str, ...]) -> list[LabelScore]:
    """Return precision, recall and F1 of each label from a confusion matrix."""
    truth, answers = (indices.ravel() for indices in np.indices(counts.shape))
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, answers, labels=range(len(labels)), sample_weight=counts.ravel(), zero_division=0
    )
    return [
        LabelScore(label, int(counts[row].sum()), float(precision[row]), float(recall[row]), float(f1[row]))
        for row, label in enumerate(labels)
    ]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Tracks of similar confidence: their mean confidence, and their accuracy."""

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


def calibration_error_by_chance(probabilities: Vector, n_draws: int = 1000, seed: int = 0) -> float:
    """Return the expected calibration error of answers with these probabilities if they are perfectly calibrated.

    It is the mean over draws in which each answer is right with its probability: on few tracks it is far from 0.
    """
    rng = np.random.default_rng(seed)
    answers = probabilities.argmax(axis=1)
    is_right = rng.random((n_draws, len(answers))) < probabilities.max(axis=1)
    drawn = (reliability(np.where(right, answers, -1), probabilities) for right in is_right)
    return float(np.mean([calibration_error(bins) for bins in drawn]))


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
    """Return the temperature, 0.05 to 20, that maximizes the likelihood of softmax(logits / temperature)."""

    def loss(logarithm: float) -> float:
        return negative_log_likelihood(targets, logits / np.exp(logarithm))

    return float(np.exp(minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded").x))


def negative_log_likelihood(targets: NDArray[np.int64], logits: Vector) -> float:
    """Return the mean over tracks of -log softmax(logits)[target], in nats."""
    return float(-np.mean(log_softmax(logits, axis=1)[np.arange(targets.size), targets]))
