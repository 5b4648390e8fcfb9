"""Descriptions: which numbers a recording becomes, those of a feature spec alone or also those of a listener."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.model.bundle import folder_of, load_bundle
from edge.model.listener import ListenerNetwork
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec, PatchStream, summarize

Audio = NDArray[np.float32]
Rows = NDArray[np.float32]

#: Both run a listener alike; this one a dozen times faster on x86-64.
RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


@dataclass(frozen=True)
class Description:
    """The features of a spec, then, with a listener, the statistics of its outputs.

    ``listener`` is the path of its network, so that other processes load it themselves, and ``use`` how it is used.
    """

    spec: FeatureSpec
    use: ListenerUse | None = None
    listener: Path | None = None

    @classmethod
    def of_bundle(cls, model: Path | None = None) -> Description:
        """Return the description that the head of the bundle in a folder takes; None: the shipped one."""
        bundle = load_bundle(model)
        if not bundle.listeners:
            return cls(bundle.spec)
        (use,) = bundle.listeners  # no bundle of the lab's has more
        return cls(bundle.spec, use, Path(str(folder_of(model))) / use.file)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per number."""
        return self.spec.vector_names + (self.use.vector_names if self.use else ())

    def digest(self) -> str:
        """Return a digest that changes with the features, with the listener and with how it is used."""
        if self.listener is None:
            return self.spec.digest()
        return f"{self.spec.digest()} {self.use!r} {content_digest(self.listener)}"

    def __call__(self, audio: Audio) -> Rows:
        """Return the row (n,) of audio (samples,) at the spec's rate; NaN for a listener without a whole patch."""
        features = summarize(audio, self.spec)
        if self.use is None:
            return features
        statistics, (outputs, _) = np.full(self.use.n_numbers, np.nan, dtype=np.float32), self.patches(audio)
        if len(outputs):
            statistics = self._network().statistics(outputs)
        return np.concatenate((features, statistics))

    def patches(self, audio: Audio) -> tuple[Rows, Rows]:
        """Return the listener's outputs for each patch, (patches, numbers), and the scores of its styles."""
        network = self._network()
        patches = PatchStream(network.use.patch_spec, sr_in=self.spec.sample_rate).push(audio)
        rows = network.rows(network.quantize(patches))
        return rows[:, : network.use.n_described], rows[:, network.use.n_described :]

    def _network(self) -> ListenerNetwork:
        if self.listener is None or self.use is None:
            raise ValueError("the description has no listener")
        return _network(self.listener, self.use)


@lru_cache(maxsize=1)
def _network(path: Path, use: ListenerUse) -> ListenerNetwork:
    return ListenerNetwork(path.read_bytes(), use, RUNTIMES)


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
