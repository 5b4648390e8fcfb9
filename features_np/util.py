"""The counterpart of ``librosa.util``: operations on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features_np import errors as exceptions
from features_np.arrays.joining import sync
from features_np.arrays.norms import normalize
from features_np.arrays.peaks import peak_pick
from features_np.arrays.shapes import fix_length, frame
from features_np.errors import only_in_librosa

__all__ = ["exceptions", "fix_length", "frame", "normalize", "peak_pick", "sync"]

if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
