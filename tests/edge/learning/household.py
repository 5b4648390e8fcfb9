"""A simulated household: synthetic records that the classic model gets wrong, in a real history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.history.corrections import correct
from edge.history.segments import Segment
from edge.history.writer import HeadInput, HistoryWriter, ModelIdentity
from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.inputs import inputs_digest
from edge.model.reference import ReferenceRows

CLASSIC = load_bundle("classic")
#: The numbers of kinds of records differ by so many usual deviations, and those of one kind among themselves.
APART, WITHIN = 1.0, 1.0


def records(kind: int, n: int, seed: int, bundle: Bundle = CLASSIC) -> NDArray[np.float32]:
    """Return what is heard of ``n`` records of one kind: rows (n, n_inputs) around a centre of the kind's own."""
    centre = np.random.default_rng(1000 + kind).normal(0, APART, bundle.n_inputs)
    rows = centre + np.random.default_rng((kind, seed)).normal(0, WITHIN, (n, bundle.n_inputs))
    return (bundle.mean + bundle.scale * rows).astype(np.float32)


def answers(rows: NDArray[np.float32], bundle: Bundle = CLASSIC) -> list[str]:
    """Return what the model alone says of rows."""
    classify = Classifier(bundle)
    return [bundle.labels[int(classify(row).argmax())] for row in rows]


def reference(bundle: Bundle = CLASSIC) -> ReferenceRows:
    """Return rows of other kinds of which the model is sure, with its own answers for labels."""
    rows = np.concatenate([records(kind, 12, 77) for kind in range(50, 90)])
    classify = Classifier(bundle)
    sure = rows[[float(classify(row).max()) > 0.55 for row in rows]]
    return ReferenceRows(sure, tuple(answers(sure, bundle)))


def keep(path: Path, rows: Sequence[NDArray[np.float32]], said: Sequence[str], first: int = 1) -> None:
    """Record rows into a history, a record each with a pause between, and say what each was."""
    model = ModelIdentity(CLASSIC.name, inputs_digest(CLASSIC.sidecar), CLASSIC.labels)
    start = datetime.fromtimestamp(time.time(), UTC) - timedelta(days=2) + timedelta(minutes=5 * first)
    shown = answers(np.array(rows))
    writer = HistoryWriter(path)
    segments = {
        first + place: Segment(start + timedelta(minutes=5 * place), 200.0, "music", genre)
        for place, genre in enumerate(shown)
    }
    heard = {first + place: HeadInput(model, 30.0, row.astype("<f4").tobytes()) for place, row in enumerate(rows)}
    writer.write(segments, heard)
    writer.close()
    for place, label in enumerate(said):
        correct(path, label, first + place, own=True)
