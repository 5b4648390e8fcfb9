"""By what a recording is described: the features of a spec, or everything that a model's head hears."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.model.bundle import Bundle, load_bundle
from edge.model.hearing import describe
from features_np import summarize
from features_np.spec import FeatureSpec


@dataclass(frozen=True, slots=True)
class HeadInput:
    """What a bundle's head hears, features and listener: names and a digest as a ``FeatureSpec`` has them.

    ``model`` is the bundle's folder, None the shipped one; other processes load it themselves.
    """

    model: Path | None = None

    @property
    def bundle(self) -> Bundle:
        """The bundle."""
        return _loaded(self.model)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per number."""
        return self.bundle.vector_names

    def digest(self) -> str:
        """Return what changes with the features and with the listener."""
        listener = self.bundle.sidecar["listener"] or {}
        return hashlib.sha256(f"{self.bundle.spec.digest()} {listener.get('sha256')}".encode()).hexdigest()


Description = FeatureSpec | HeadInput


def spec_of(by: Description) -> FeatureSpec:
    """Return the features' spec, which says the rate and the window, too."""
    return by.bundle.spec if isinstance(by, HeadInput) else by


def described(audio: NDArray[np.float32], by: Description) -> NDArray[np.float32]:
    """Return the vector of audio (samples,) at the spec's rate."""
    return describe(audio, by.bundle) if isinstance(by, HeadInput) else summarize(audio, by)


@lru_cache(maxsize=2)
def _loaded(model: Path | None) -> Bundle:
    return load_bundle(model)
