"""The counterpart of ``librosa.beat``: the pulse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features_np.errors import only_in_librosa
from features_np.rhythm.beats import beat_track

__all__ = ["beat_track"]

if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
