"""The counterpart of ``librosa.onset``: rises of the sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features_np.errors import only_in_librosa
from features_np.rhythm.detection import onset_backtrack, onset_detect
from features_np.rhythm.onsets import onset_strength

__all__ = ["onset_backtrack", "onset_detect", "onset_strength"]

if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
