"""Learning that is honest: a layer is fitted, judged on records that it did not see, and only then proposed.

Corrections are split by record: of each fold's records the layer that is judged saw none. The reference rows stand for
all that the model has learned elsewhere. They are fitted to as well, so that what the model says of them stays, and the
layer that is proposed must answer as many of them right as the model alone.
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

#: Records at least, and corrections that must name a genre of one's own, before anything is learned of it.
LEAST_RECORDS, LEAST_OF_OWN = 5, 10
#: The newest corrections count, up to so many: fitting takes time with the third power.
MOST_LESSONS = 400
N_FOLDS = 5
#: Penalties that are tried, from the one that changes least on.
PENALTIES = (2.0, 0.7, 0.25)
#: How much a record that somebody spoke of counts, and a reference row.
RECORD_WEIGHT, REFERENCE_WEIGHT = 3.0, 2.0
#: Of a reference row that the model has right its label is wanted to this share, for the rest the model's own answer.
LABEL_SHARE = 0.5
#: Two segments are of one record if they are as alike as this, or follow each other and are as alike as that.
ALIKE, ALIKE_AND_NEXT, NEXT_S = 0.95, 0.6, 5.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of learning: ``layer`` is to be used if there is one, else ``reason`` says why there is none.

    ``before`` and ``after`` are how many of ``n`` corrections, each held out, the model alone and the layer had right;
    ``reference`` the same of reference rows and their number. ``waiting`` are genres of one's own that too few
    corrections name yet.
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
    """Fit a layer to what people said, in the order in which it was heard, and judge it; the same for the same."""
    usable = [one for one in lessons if len(one.vector) == bundle.n_inputs and np.isfinite(one.vector).all()]
    own = Counter(one.label for one in usable if one.label not in bundle.labels)
    waiting = {label: n for label, n in sorted(own.items()) if n < LEAST_OF_OWN}
    usable = [one for one in usable if one.label not in waiting][-MOST_LESSONS:]
    labels = (*bundle.labels, *sorted(set(own) - set(waiting))[: personal.MOST_OWN])
    usable = [one for one in usable if one.label in labels]
    if not usable:
        return Judged(reason="nobody has said yet what a record was", waiting=waiting)
    task = _Task(bundle, labels, usable, reference)
    if task.n_records < LEAST_RECORDS:
        words = f"it takes {LEAST_RECORDS} records that somebody has said something of, and there are {task.n_records}"
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
        """Return what came of it, with the penalty that is right most often among those that do no harm."""
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
            words = "of {2} pieces that the model brings along it would have {1} right instead of {0}"
            reason = words.format(*counts)
        elif not _is_better(before[:n], right[:n]):
            reason = "that is not better by more than chance; the model answers as it did"
        layer = None if reason else PersonalLayer(self._labels, weights)
        return Judged(layer, reason, reference=counts, waiting=waiting, **figures)

    def _held_out(self, penalty: float) -> NDArray[np.float64]:
        """Return what weights add to each correction's logits, from those that its fold did not see."""
        added = np.zeros_like(self._examples.offsets)
        for fold in range(int(self._folds.max()) + 1):
            held = self._folds == fold
            added[held] = self._examples.inputs[held] @ fit(self._examples.of(~held), penalty)
        return added

    def _right(self, added: NDArray[np.float64]) -> Flags:
        return np.asarray((self._examples.offsets + added).argmax(axis=1) == self._targets)


def _is_better(before: Flags, after: Flags) -> bool:
    """Return whether more was gained than lost, by more than as many tosses of a coin usually differ."""
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
    """Return a fold for each correction, the same for all of a record: those of a label are dealt out in turn."""
    first = np.unique(records, return_index=True)[1]
    turn = np.empty(len(first), dtype=np.int64)
    turn[np.argsort(targets[first], kind="stable")] = np.arange(len(first))
    return np.asarray(turn[records])
