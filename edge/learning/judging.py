"""Fitting of a layer with cross-validation: it is proposed only if it is better on records that it did not see.

Folds of corrections are split by record. The reference rows represent the model's training data. They are fitted to as
well, to preserve the model's answers, and the proposed layer must answer as many of them right as the model alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.history.corrections import Lesson
from edge.learning.regression import Examples, fit
from edge.model import personal
from edge.model.bundle import Bundle
from edge.model.classifier import Classifier
from edge.model.personal import PersonalLayer
from edge.model.reference import ReferenceRows

#: Minimum number of records, and of corrections to a person's own genre, for learning.
LEAST_RECORDS, LEAST_OF_OWN = 5, 10
#: Only so many of the newest corrections are used: the time for fitting grows with the third power.
MOST_LESSONS = 400
N_FOLDS = 5
#: Penalties that are tried, the strongest first.
PENALTIES = (2.0, 0.7, 0.25)
#: Weights of a corrected record and of a reference row.
RECORD_WEIGHT, REFERENCE_WEIGHT = 3.0, 2.0
#: Share of the label in the target of a reference row that the model has right; the rest is the model's answer.
LABEL_SHARE = 0.5
#: Similarities above which two segments are of one record: any two, and two in succession.
ALIKE, ALIKE_AND_NEXT, NEXT_S = 0.95, 0.6, 5.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of learning: ``layer`` is to be used if there is one, else ``reason`` says why there is none.

    ``before`` and ``after`` count the right answers of the model alone and of the layer among ``n`` held-out
    corrections; ``reference`` the same for the reference rows, and their number. ``waiting`` are own genres with too
    few corrections so far.
    """

    layer: PersonalLayer | None = None
    reason: str = ""
    n: int = 0
    before: int = 0
    after: int = 0
    reference: tuple[int, int, int] = (0, 0, 0)
    waiting: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{label} waits for {LEAST_OF_OWN - n} corrections more" for label, n in self.waiting.items()]
        if self.n:
            parts.insert(0, f"right {self.before} of {self.n} before, {self.after} of {self.n} after")
        parts.append("kept" if self.layer is not None else f"not taken on: {self.reason}")
        return "; ".join(parts)


def judge(bundle: Bundle, lessons: Sequence[Lesson], reference: ReferenceRows | None) -> Judged:
    """Fit a layer to corrections, in chronological order, and evaluate it; deterministic."""
    usable = [one for one in lessons if len(one.vector) == bundle.n_inputs and np.isfinite(one.vector).all()]
    own = Counter(one.label for one in usable if one.label not in bundle.labels)
    waiting = {label: n for label, n in sorted(own.items()) if n < LEAST_OF_OWN}
    usable = [one for one in usable if one.label not in waiting][-MOST_LESSONS:]
    labels = (*bundle.labels, *sorted(set(own) - set(waiting))[: personal.MOST_OWN])
    usable = [one for one in usable if one.label in labels]
    if not usable:
        return Judged(reason="there are no corrections or confirmations yet", waiting=waiting)
    task = _Task(bundle, labels, usable, reference)
    if task.n_records < LEAST_RECORDS:
        words = f"it takes {LEAST_RECORDS} corrected or confirmed records, and there are {task.n_records}"
        return Judged(reason=words, waiting=waiting)
    return task.judged(waiting)


class _Task:
    """All examples, corrections first, and the fold in which each is held out."""

    def __init__(
        self, bundle: Bundle, labels: tuple[str, ...], lessons: Sequence[Lesson], reference: ReferenceRows | None
    ) -> None:
        self._labels, self._n, self._n_known = labels, len(lessons), len(bundle.labels)
        rows = np.array([one.vector for one in lessons], dtype=np.float32)
        targets = [labels.index(one.label) for one in lessons]
        if reference is not None:
            rows = np.concatenate([rows, reference.rows])
            targets += [labels.index(label) for label in reference.labels]
        self._targets = np.array(targets)
        classify = Classifier(bundle)
        offsets = personal.offsets(np.array([classify.of_bundle(row) for row in rows]), len(labels))
        inputs = personal.views(bundle, rows)
        records = _records(lessons, inputs[: self._n])
        self.n_records = int(records.max()) + 1
        self._folds = np.full(len(rows), -1)  # reference rows are never held out
        self._folds[: self._n] = _folds(records, self._targets[: self._n]) % min(N_FOLDS, self.n_records)
        labelled, wanted = np.eye(len(labels))[self._targets], personal.softmax_rows(offsets)
        is_right = (offsets.argmax(axis=1) == self._targets)[:, np.newaxis]
        wanted = np.where(is_right, LABEL_SHARE * labelled + (1 - LABEL_SHARE) * wanted, wanted)
        wanted[: self._n] = labelled[: self._n]
        weights = np.full(len(rows), REFERENCE_WEIGHT)
        weights[: self._n] = RECORD_WEIGHT / np.bincount(records)[records]
        self._examples = Examples(inputs, offsets, wanted, weights)

    def judged(self, waiting: dict[str, int]) -> Judged:
        """Return the outcome with the most accurate penalty among those that do not harm the reference rows."""
        n, inputs = self._n, self._examples.inputs
        before = np.asarray(self._examples.offsets[:, : self._n_known].argmax(axis=1) == self._targets)
        tried = []
        for penalty in PENALTIES:
            weights, right = fit(self._examples, penalty), self._right(self._held_out(penalty))
            right[n:] = self._right(inputs @ weights)[n:]
            tried.append((weights, right))
        harmless = [one for one in tried if one[1][n:].sum() >= before[n:].sum()]
        weights, right = max(harmless or tried, key=lambda one: int(one[1][:n].sum()))
        figures = {"n": n, "before": int(before[:n].sum()), "after": int(right[:n].sum())}
        counts = int(before[n:].sum()), int(right[n:].sum()), len(before) - n
        reason = ""
        if not harmless:
            words = "of the model's {2} reference rows it would have {1} right instead of {0}"
            reason = words.format(*counts)
        elif not _is_better(before[:n], right[:n]):
            reason = "the gain is within chance; the model answers as before"
        layer = None if reason else PersonalLayer(self._labels, weights)
        return Judged(layer, reason, reference=counts, waiting=waiting, **figures)

    def _held_out(self, penalty: float) -> NDArray[np.float64]:
        """Return the layer's contribution to each correction's logits, fitted without its fold."""
        added = np.zeros_like(self._examples.offsets)
        for fold in range(int(self._folds.max()) + 1):
            held = self._folds == fold
            added[held] = self._examples.inputs[held] @ fit(self._examples.of(~held), penalty)
        return added

    def _right(self, added: NDArray[np.float64]) -> Flags:
        return np.asarray((self._examples.offsets + added).argmax(axis=1) == self._targets)


def _is_better(before: Flags, after: Flags) -> bool:
    """Return whether gains exceed losses by more than chance (a sign test)."""
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return gained - lost > math.sqrt(gained + lost)


def _records(lessons: Sequence[Lesson], inputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return a number for the record that each correction is of, from 0 on, in order."""
    views = inputs[:, :-1] / np.maximum(np.linalg.norm(inputs[:, :-1], axis=1, keepdims=True), 1e-6)
    alike = views @ views.T
    record = np.arange(len(lessons))
    for one in range(1, len(lessons)):
        same = alike[one, :one] >= ALIKE
        follows = lessons[one].start_ms - lessons[one - 1].end_ms <= 1000 * NEXT_S
        same[one - 1] |= follows and alike[one, one - 1] >= ALIKE_AND_NEXT
        for other in np.unique(record[:one][same]):
            record[record == other] = record[one]
    return np.asarray(np.unique(record, return_inverse=True)[1])


def _folds(records: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a fold for each correction, the same for all of a record, balanced over labels."""
    first = np.unique(records, return_index=True)[1]
    turn = np.empty(len(first), dtype=np.int64)
    turn[np.argsort(targets[first], kind="stable")] = np.arange(len(first))
    return np.asarray(turn[records])
