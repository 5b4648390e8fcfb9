"""The report of an evaluation: tables for people, pictures, JSON for machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture
from rich.console import Console
from rich.table import Table

from build.score import metrics
from build.score.scoring import MicrophoneScores, Scores, TempoScores

CONFUSION_FILE = "confusion.png"
RELIABILITY_FILE = "reliability.png"


@dataclass(frozen=True)
class Evaluation:
    """The measurements of a model: its classes and, on request, the tempo and the microphone."""

    scores: Scores
    tempo: TempoScores | None = None
    microphone: MicrophoneScores | None = None
    trained: Scores | None = None  # of tracks that trained the model; all of them, if there are no others

    def print(self, console: Console) -> None:
        """Print what was scored, the figures, and a table of the labels."""
        for line in self._lines():
            console.print(line, highlight=False, soft_wrap=True)
        console.print()
        console.print(_label_table(self.scores))

    def _lines(self) -> list[str]:
        scores = self.scores
        error = metrics.calibration_error(scores.reliability)
        microphone, tempo = self.microphone, self.tempo
        lines = [
            *self._warnings(),
            f"{scores.split}; {len(scores.targets)} tracks, intervals are 95 %, over {scores.accuracy.over}",
            "",
            f"accuracy           {_interval(scores.accuracy)}",
            f"balanced accuracy  {_interval(scores.balanced)}, the mean over genres, of which {_smallest(scores)}",
            f"macro F1           {scores.macro_f1:.3f}",
            f"calibration error  {error:.3f}  ECE over 10 bins; mean confidence {scores.confidence:.1%}",
        ]
        if microphone:
            lines += [
                f"microphone         {_interval(microphone.accuracy)}, simulated, {len(microphone.drawn)} a track",
                f"microphone's cost  {_interval(microphone.drop)}",
            ]
        if tempo:
            lines += [
                f"tempo Accuracy1    {_interval(tempo.accuracy1)}, within 4 % of {tempo.accuracy1.n} annotations",
                f"tempo Accuracy2    {_interval(tempo.accuracy2)}, octaves and thirds allowed",
            ]
        return lines

    def _warnings(self) -> list[str]:
        """Return warnings about tracks that trained the model."""
        if self.trained is None:
            return []
        n_tracks, right = len(self.trained.targets), f"{self.trained.accuracy.value:.1%}"
        if not self._says_something:
            return [f"ALL {n_tracks} TRACKS TRAINED THIS MODEL: these figures say nothing of any other music", ""]
        return [f"set apart: {n_tracks} tracks trained this model ({right} right, which says nothing)", ""]

    @property
    def _says_something(self) -> bool:
        """True if there are tracks that did not train the model."""
        return self.trained is not self.scores

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as JSON-ready values."""
        bins = [
            {"n": item.n, "confidence": round(item.confidence, 4), "accuracy": round(item.accuracy, 4)}
            for item in self.scores.reliability
        ]
        figures = {**self.scores.to_dict(), "reliability": bins}
        if self.trained:
            figures["trained"] = {"accuracy": self.trained.accuracy.to_dict(), "alone": not self._says_something}
        if self.microphone:
            figures["microphone"] = {
                "accuracy": self.microphone.accuracy.to_dict(),
                "cost": self.microphone.drop.to_dict(),
                "draws": len(self.microphone.drawn),
            }
        if self.tempo:
            figures["tempo"] = {
                "accuracy1": self.tempo.accuracy1.to_dict(),
                "accuracy2": self.tempo.accuracy2.to_dict(),
            }
        return figures


def _smallest(scores: Scores) -> str:
    smallest = min((score for score in scores.label_scores if score.n), key=lambda score: score.n)
    return f"{smallest.label} has only {smallest.n} tracks"


def _interval(figure: metrics.Figure) -> str:
    return f"{figure.value:.1%}  ({figure.low:.1%} to {figure.high:.1%})"


def _label_table(scores: Scores) -> Table:
    table = Table("genre", box=None, pad_edge=False)
    for heading in ("tracks", "precision", "recall", "F1"):
        table.add_column(heading, justify="right")
    table.add_column("most often taken for")
    for row, item in enumerate(scores.label_scores):
        figures = (f"{value:.2f}" for value in (item.precision, item.recall, item.f1))
        table.add_row(item.label, str(item.n), *figures, _commonest_error(scores, row))
    return table


def save_confusion(scores: Scores, path: Path) -> None:
    """Draw the confusion matrix: a row a true genre, shares of its tracks as shades, counts as numbers."""
    counts = scores.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    picture = Picture(figsize=(7.5, 7), layout="constrained")
    axes = picture.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(scores.labels))
    axes.set_xticks(ticks, scores.labels, rotation=45, ha="right")
    axes.set_yticks(ticks, scores.labels)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=color)
    axes.set(xlabel="answered", ylabel="true genre", title=_title(scores))
    picture.savefig(path, dpi=110)


def save_reliability(scores: Scores, path: Path) -> None:
    """Draw accuracy over confidence: on the diagonal, 70 % sure means right seven times in ten."""
    bins = scores.reliability
    picture = Picture(figsize=(6, 6), layout="constrained")
    axes = picture.add_subplot()
    axes.plot([0, 1], [0, 1], "--", color="grey", label="perfectly calibrated")
    axes.plot([item.confidence for item in bins], [item.accuracy for item in bins], "o-", label="this model")
    for item in bins:
        axes.annotate(f"n={item.n}", (item.confidence, item.accuracy), xytext=(4, -12), textcoords="offset points")
    error = metrics.calibration_error(bins)
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", title=f"{_title(scores)}, ECE {error:.3f}"
    )
    axes.legend(loc="upper left")
    picture.savefig(path, dpi=110)


def _title(scores: Scores) -> str:
    figure = scores.accuracy
    return f"{figure.split}\naccuracy {figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%}), n = {figure.n}"


def _commonest_error(scores: Scores, row: int) -> str:
    errors = scores.confusion[row].copy()
    errors[row] = 0
    return f"{scores.labels[int(errors.argmax())]} ({errors.max()})" if errors.any() else ""
