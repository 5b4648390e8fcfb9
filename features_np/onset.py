"""What stands for ``librosa.onset``: where the sound rises."""

from __future__ import annotations

from features_np.errors import only_in_librosa
from features_np.rhythm.onsets import onset_strength

__all__ = ["onset_strength"]


def __getattr__(name: str) -> object:
    raise only_in_librosa(__name__, name)
