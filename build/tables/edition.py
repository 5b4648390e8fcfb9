"""The edition of the data beside the project: the data grows, so figures name it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from build.tables.feature_table import Track

#: Digits of the digest that people are shown.
N_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Edition:
    """A digest of the tracks and of the extent of their audio, with counts."""

    digest: str
    n_tracks: int
    n_full: int  # tracks with full audio

    def __str__(self) -> str:
        return f"data edition {self.digest[:N_SHOWN]}: {self.n_tracks} tracks, {self.n_full} with full audio"

    def to_dict(self) -> dict[str, str | int]:
        """Return JSON-ready values."""
        return {"digest": self.digest, "tracks": self.n_tracks, "full_audio": self.n_full}


def edition_of(tracks: Mapping[str, Track]) -> Edition:
    """Return the edition of a ``tracks.csv``: of keys, kinds of audio and lengths in any order."""
    lines = sorted(f"{key} {track.audio} {track.seconds}" for key, track in tracks.items())
    return Edition(
        digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        n_tracks=len(tracks),
        n_full=sum(track.audio == "full" for track in tracks.values()),
    )
