"""What raw audio does not say about itself."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RawFormat:
    """What s16le audio does not say about itself."""

    sample_rate: int = 44_100  # Hz; what arecord -f cd, parec and most decoders give
    channels: int = 2

    def __post_init__(self) -> None:
        if not 4_000 <= self.sample_rate <= 384_000:
            raise ConfigError(f"rate is {self.sample_rate}, must be 4000 to 384000 Hz")
        if not 1 <= self.channels <= 64:
            raise ConfigError(f"channels is {self.channels}, must be 1 to 64")
