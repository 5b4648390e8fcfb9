"""Format of raw audio, which does not describe itself."""

from __future__ import annotations

from dataclasses import dataclass

from edge.checked import between, setting


@dataclass(frozen=True, slots=True)
class RawFormat:
    """Rate and channels of s16le audio, which has no header; made by ``edge.checked.make``."""

    sample_rate: int = setting(44_100, between(4_000, 384_000))  # Hz; what arecord -f cd, parec and decoders give
    channels: int = setting(2, between(1, 64))
