"""Genres of one's own beside the shipped listener: a head alone is trained, in no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from build import publish, train
from build.models.frozen_listener import FrozenListenerRecipe
from build.tables.feature_table import FeatureTable
from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle
from edge.model.hearing import describe
from tests.training.synthetic import made_up_task


def as_a_head_hears(table: FeatureTable, shift: np.ndarray, seed: int) -> FeatureTable:
    """Return a table of as many tracks with made-up numbers for the shipped head, genres apart by ``shift``."""
    bundle, rng = load_bundle(), np.random.default_rng(seed)
    rows = rng.standard_normal((len(table), bundle.n_inputs)) + shift[table.targets(table.labels)]
    values = (bundle.mean + bundle.scale * rows).astype(np.float32)
    return FeatureTable(table.track_ids, table.genres, bundle.vector_names, values)


def test_a_head_for_other_genres_is_a_bundle_with_the_shipped_listener(tmp_path: Path) -> None:
    task = made_up_task()
    shift = 0.5 * np.random.default_rng(0).standard_normal((len(task.labels), load_bundle().n_inputs))
    own = replace(task, train=as_a_head_hears(task.train, shift, 1), valid=as_a_head_hears(task.valid, shift, 2))
    bundle = train.train(own, (FrozenListenerRecipe(),), seed=0, folder=tmp_path)
    assert bundle.labels == task.labels and bundle.listeners == load_bundle().listeners
    assert (tmp_path / "listener.tflite").read_bytes() == (publish.MODELS / "listener.tflite").read_bytes()
    assert bundle.sidecar["metrics"]["valid"]["accuracy"]["value"] > 0.9
    assert "Apache-2.0" in bundle.sidecar["listeners"][0]["origin"]["licence"]
    assert describe(synthesize(3.0), bundle).shape == (bundle.n_inputs,)


def test_a_recipe_whose_columns_are_not_there_is_passed_over() -> None:
    assert not set(train.columns_of(FrozenListenerRecipe())) <= set(made_up_task().train.columns)
