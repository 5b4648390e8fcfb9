"""A head of one's own beside the shipped listener, which stays as it is: fifty recordings a genre, and a minute.

Only discriminants: closed form, no random start, and with few rows as good as anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from build.models.discriminant_sum import fit_sum
from build.models.int8 import ListenerModel
from build.models.listening_head import HeadRecipe
from build.models.recipe import Fitted, Recipe, Rows, Targets
from edge.model.bundle import Bundle, contents_of, load_bundle
from edge.model.inputs import inputs_digest
from edge.model.sidecar import ListenerUse
from features_np.spec import FeatureSpec


@dataclass(frozen=True)
class FrozenListenerRecipe:
    """Fits to rows of the numbers that a bundle's head hears (``build.preprocess --features listener``)."""

    name: str = "own head"
    model: Path | None = None  # folder of the bundle whose listener it is; None: the shipped one
    with_variants: bool = False

    @property
    def bundle(self) -> Bundle:
        """The bundle whose listener it is."""
        return _bundle(self.model)

    @property
    def groups(self) -> tuple[str, ...]:
        """The readable groups beside the listener."""
        return self.bundle.spec.groups

    @property
    def use(self) -> ListenerUse | None:
        """How the listener is used; None where the bundle has none."""
        return self.bundle.listeners[0] if self.bundle.listeners else None

    @property
    def listener_models(self) -> tuple[ListenerModel, ...]:
        """The listener as it is, with what its sidecar says of it."""
        contents, listeners = contents_of(self.model), self.bundle.sidecar["listeners"]
        return tuple(
            ListenerModel(
                network=contents[use.file],
                origin=said["origin"],
                quantization=said.get("quantization", ListenerModel.quantization),
            )
            for use, said in zip(self.bundle.listeners, listeners, strict=True)
        )

    def fit(self, rows: Rows, targets: Targets, *, n_labels: int, seed: int) -> Fitted:
        """Fit to rows (n, numbers) and targets (n,); every label weighs the same."""
        recipe = HeadRecipe()
        if self.use is None:
            raise ValueError("the bundle has no listener")
        weights = 1.0 / np.bincount(targets, minlength=n_labels)[targets]
        return fit_sum(
            rows,
            targets,
            weights,
            views=recipe.views_of(self.use),
            n_labels=n_labels,
            mute=recipe.mute(),
            perceptron_share=0.0,
            seed=seed,
        )


def columns_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the numbers that a recipe's network hears."""
    if isinstance(recipe, FrozenListenerRecipe):
        return recipe.bundle.vector_names if recipe.use else ("no listener",)
    return FeatureSpec(groups=recipe.groups).vector_names


def inputs_of(recipe: Recipe) -> str:
    """Return the digest of what these numbers are; see ``edge.model.inputs``."""
    if isinstance(recipe, FrozenListenerRecipe):
        return inputs_digest(recipe.bundle.sidecar)
    return inputs_digest({"feature_spec_digest": FeatureSpec(groups=recipe.groups).digest()})


@lru_cache(maxsize=2)
def _bundle(model: Path | None) -> Bundle:
    return load_bundle(model)
