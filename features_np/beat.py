"""What stands for ``librosa.beat``: the pulse."""

from __future__ import annotations

from features_np.errors import only_in_librosa
from features_np.rhythm.beats import beat_track

__all__ = ["beat_track"]


def __getattr__(name: str) -> object:
    raise only_in_librosa(__name__, name)
