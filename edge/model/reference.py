"""Reference rows: a few inputs of a bundle's head, with the label of each, that ship beside its networks.

They represent the head's training data: a layer that is fitted on the device must answer them no worse than the head
alone, and they are the other classes for a genre that is added in the lab. They belong to the definitions of the
numbers that the head takes (``edge.model.inputs``), so a head that is trained anew beside the same listener keeps them;
with other definitions they are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from edge.model.archive import DAMAGED
from edge.model.bundle import Bundle, folder_of
from edge.model.inputs import inputs_digest

REFERENCE_FILE = "reference_rows.npz"
#: Maximum size of the file in bytes.
MOST_BYTES = 2_000_000
REMEDY = "make it anew: python -m build.reference_rows"


@dataclass(frozen=True, slots=True)
class ReferenceRows:
    """Inputs of a head: float32 of shape (n, n_inputs), n > 0, and the label of each."""

    rows: NDArray[np.float32]
    labels: tuple[str, ...]


def reference_rows(bundle: Bundle, model: Path | str | None = None) -> ReferenceRows | None:
    """Return the rows that lie beside ``bundle``, which was loaded from ``model``; None where there are none.

    ``BundleError`` for a file that is damaged, or that belongs to another bundle.
    """
    path = folder_of(model) / REFERENCE_FILE
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            found = _read(file.read(MOST_BYTES + 1), bundle)
    except BundleError as error:
        raise BundleError(f"{path}: {error}; {REMEDY}") from error
    except DAMAGED as error:
        raise BundleError(f"{path}: cannot be read as reference rows ({error}); {REMEDY}") from error
    return found


def _read(content: bytes, bundle: Bundle) -> ReferenceRows:
    from io import BytesIO

    if len(content) > MOST_BYTES:
        raise BundleError(f"has more than {MOST_BYTES} bytes")
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        if str(arrays["inputs"]) != inputs_digest(bundle.sidecar):
            raise BundleError("belongs to another model, whose head takes other numbers")
        labels, rows = tuple(str(label) for label in arrays["labels"]), arrays["rows"]
    if rows.dtype != np.float16 or rows.shape != (len(labels), bundle.n_inputs) or not labels:
        raise BundleError(f"holds rows of shape {rows.shape} for {len(labels)} labels")
    if not np.isfinite(rows).all():
        raise BundleError("holds something that is not a number")
    if unknown := sorted(set(labels) - set(bundle.labels)):
        raise BundleError(f"holds rows of {unknown[0]!r}, which the model does not know")
    return ReferenceRows(rows.astype(np.float32), labels)


def write_reference_rows(path: Path, found: ReferenceRows, inputs: str) -> None:
    """Write rows as ``reference_rows`` reads them; ``inputs`` is the digest of ``edge.model.inputs``."""
    highest = float(np.finfo(np.float16).max)
    rows = np.clip(found.rows, -highest, highest).astype(np.float16)
    np.savez_compressed(path, rows=rows, labels=np.array(found.labels), inputs=np.array(inputs))
