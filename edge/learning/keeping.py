"""The personal layer beside a history: learning, undoing, and its status. Files are written atomically.

``NAME.personal.npz`` is the layer in use, ``NAME.personal-before.npz`` the one before it, and ``NAME.learned.json``
has the outcome of the last learning, so that it is not repeated every night.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.errors import BundleError, LearningError
from edge.history.corrections import lessons, newest_correction
from edge.installation import as_root
from edge.learning.judging import Judged, judge
from edge.model.bundle import Bundle
from edge.model.inputs import inputs_digest
from edge.model.personal import head_of, layer_beside, read_layer, write_layer
from edge.model.reference import ReferenceRows, reference_rows
from edge.written import write_whole

NOTHING_TO_UNDO = "nothing was learned here that could be taken back"


def before_beside(history: Path) -> Path:
    """Return the file of the layer that was in use before the present one."""
    return history.with_name(f"{history.name}.personal-before.npz")


def notes_beside(history: Path) -> Path:
    """Return the file with the outcome of the last learning."""
    return history.with_name(f"{history.name}.learned.json")


def learn(history: Path, bundle: Bundle, model: Path | str | None = None) -> tuple[Judged, list[str]]:
    """Learn a layer over ``bundle``, loaded from ``model``, from a history; a better one is used from then on.

    Returns the outcome, and a description of what was set aside. Raises ``HistoryError`` for a history that cannot be
    read, ``LearningError`` where nothing can be written beside it.
    """
    trouble: list[str] = []
    reference: ReferenceRows | None = None
    try:
        reference = reference_rows(bundle, model)
    except BundleError as error:
        trouble.append(str(error))
    state = _state(history, bundle)
    judged = judge(bundle, list(lessons(history, inputs_digest(bundle.sidecar))), reference)
    try:
        if judged.layer is not None:
            keep_before(history)
            write_layer(layer_beside(history), judged.layer, bundle)
        _note(history, state, str(judged))
    except OSError as error:
        raise _not_ours(history, error) from error
    return judged, trouble


def is_worth_learning(history: Path, bundle: Bundle) -> bool:
    """Return whether corrections or the model have changed since the last learning."""
    return newest_correction(history)[0] > 0 and notes(history).get("state") != _state(history, bundle)


def undo(history: Path) -> bool:
    """Undo the last layer; returns whether an earlier one is in use now."""
    layer, before = layer_beside(history), before_beside(history)
    try:
        if not layer.exists():
            raise LearningError(NOTHING_TO_UNDO)
        if before.exists():
            before.replace(layer)
            is_one_left = True
        else:
            layer.unlink()
            is_one_left = False
        _note(history, notes(history).get("state"), "taken back")
    except OSError as error:
        raise _not_ours(history, error) from error
    return is_one_left


def status(history: Path, bundle: Bundle) -> str:
    """Return in words the layer in use, and the outcome of the last learning."""
    try:
        layer = read_layer(layer_beside(history), bundle)
    except BundleError as error:
        in_use = str(error)
    else:
        own = () if layer is None else layer.labels[len(bundle.labels) :]
        in_use = "the model answers alone" if layer is None else "a layer learned here is in use"
        in_use += f", with {', '.join(own)}" if own else ""
    found = notes(history)
    last = f"; last time {found['time']}: {found['words']}" if found else "; nothing was learned yet"
    with suppress(OSError):
        if found and newest_correction(history)[0] and found.get("state") != _state(history, bundle):
            last += "; there are new corrections"
    return in_use + last


def notes(history: Path) -> Mapping[str, Any]:
    """Return the notes of the last learning; empty if they cannot be read."""
    try:
        found = json.loads(notes_beside(history).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    known = isinstance(found, dict) and all(isinstance(found.get(key), str) for key in ("time", "words"))
    return found if known else {}


def keep_before(history: Path) -> None:
    """Save the layer in use for undoing."""
    with suppress(FileNotFoundError):
        write_whole(before_beside(history), layer_beside(history).read_bytes())


def _state(history: Path, bundle: Bundle) -> list[Any]:
    """Return what learning depends on, as JSON has it."""
    return [*newest_correction(history), head_of(bundle)]


def _note(history: Path, state: Any, words: str) -> None:
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = json.dumps({"time": time, "words": words, "state": state}, indent=1)
    write_whole(notes_beside(history), f"{text}\n".encode())


def _not_ours(history: Path, error: OSError) -> LearningError:
    return LearningError(f"{history.parent}: {error.strerror}; where it is not yours, try {as_root('learn')}")
