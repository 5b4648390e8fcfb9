"""The extractor of a recording's numbers: those of a feature spec alone, or also those of a listener."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.files import content_digest
from build.tables.style_columns import style_columns
from edge.model.bundle import folder_of, load_bundle
from edge.model.listener import ListenerNetwork
from edge.model.sidecar import ListenerUse
from features_np import FeatureSpec, PatchStream, summarize

Audio = NDArray[np.float32]
Rows = NDArray[np.float32]

#: Preferred first: on x86-64 it is a dozen times faster, with the same results.
RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


@dataclass(frozen=True)
class Extractor:
    """The features of a spec, then the statistics of each listener's outputs.

    ``listeners`` are how each is used, and the path of its network, so that other processes load it themselves.
    ``with_styles`` adds the mean scores of the first listener's styles.
    """

    spec: FeatureSpec
    listeners: tuple[tuple[ListenerUse, Path], ...] = ()
    with_styles: bool = False

    @classmethod
    def of_bundle(cls, model: Path | None = None, *, with_styles: bool = False) -> Extractor:
        """Return the extractor of the numbers that the head of the bundle in a folder takes; None: the shipped one."""
        bundle, folder = load_bundle(model), Path(str(folder_of(model)))
        return cls(bundle.spec, tuple((use, folder / use.file) for use in bundle.listeners), with_styles)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per number."""
        names = self.spec.vector_names + tuple(name for use, _ in self.listeners for name in use.vector_names)
        return names + style_columns(self.styles) if self.with_styles else names

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that the first listener scores."""
        return self.listeners[0][0].styles if self.listeners else ()

    def digest(self) -> str:
        """Return a digest that changes with the features, with the listeners and with how they are used."""
        of_listeners = (f" {use!r} {content_digest(path)}" for use, path in self.listeners)
        return self.spec.digest() + "".join(of_listeners) + " with styles" * self.with_styles

    def __call__(self, audio: Audio) -> Rows:
        """Return the row (n,) of audio (samples,) at the spec's rate; NaN for a listener without a whole patch."""
        parts, styles = [summarize(audio, self.spec)], np.zeros(0, dtype=np.float32)
        for number, (use, path) in enumerate(self.listeners):
            outputs, scores = self.patches(audio, number)
            unknown = np.full(use.n_numbers, np.nan, dtype=np.float32)
            parts.append(_network(path, use).statistics(outputs) if len(outputs) else unknown)
            if self.with_styles and not number:
                styles = scores.mean(axis=0) if len(scores) else np.full(len(use.styles), np.nan, dtype=np.float32)
        return np.concatenate([*parts, styles])

    def patches(self, audio: Audio, number: int = 0) -> tuple[Rows, Rows]:
        """Return a listener's outputs for each patch, (patches, numbers), and the scores of its styles."""
        use, path = self.listeners[number]
        network = _network(path, use)
        patches = PatchStream(use.patch_spec, sr_in=self.spec.sample_rate).push(audio)
        rows = network.rows(network.quantize(patches))
        return rows[:, : use.n_per_patch], rows[:, use.n_per_patch :]


@lru_cache(maxsize=4)
def _network(path: Path, use: ListenerUse) -> ListenerNetwork:
    return ListenerNetwork(path.read_bytes(), use, RUNTIMES)
