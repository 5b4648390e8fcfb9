"""Genres of one's own beside the shipped listener: a head alone is trained, in no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from build import publish, train
from build.corpora import no_music
from build.corpora.no_music import NoMusic
from build.errors import DatasetError
from build.models import perceptron
from build.models.fitting import rows_for_ranges
from build.models.listening_head import own_head
from build.tables.feature_table import FeatureTable, write_csv
from edge.audio.demo import synthesize
from edge.live.decision import NO_MUSIC
from edge.model.bundle import load_bundle
from edge.model.head_input import head_input
from edge.model.inputs import inputs_digest
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
    bundle = train.train(own, (own_head(),), seed=0, folder=tmp_path)
    assert bundle.labels == task.labels and bundle.listeners == load_bundle().listeners
    assert (tmp_path / "listener.tflite").read_bytes() == (publish.MODELS / "listener.tflite").read_bytes()
    assert bundle.sidecar["metrics"]["valid"]["accuracy"]["value"] > 0.9
    assert "Apache-2.0" in bundle.sidecar["listeners"][0]["origin"]["licence"]
    assert head_input(synthesize(3.0), bundle).shape == (bundle.n_inputs,)


def test_a_recipe_whose_columns_are_not_there_is_passed_over() -> None:
    task, quick = made_up_task(), replace(perceptron.RECIPES[0], epochs=2)
    folds = task.folds(task.train, 0)
    recipe, logits, candidates = train.choose(task, [own_head(), quick], folds, 0)
    assert recipe is quick and list(candidates) == [quick.name] and len(logits["as recorded"]) == len(task.train)
    with pytest.raises(DatasetError, match="hold no recipe's columns"):
        train.choose(task, [own_head()], folds, 0)


def test_no_window_that_evaluates_has_a_part_in_the_ranges() -> None:
    head, task = own_head(), made_up_task()
    rows = np.arange(8, dtype=np.float32)[:, np.newaxis].repeat(len(head.columns), axis=1)
    windows = NoMusic(1000 + rows, ("hum",) * 8, np.arange(8) % no_music.N_FOLDS)
    train_rows = FeatureTable(task.train.track_ids[:8], task.train.genres[:8], head.columns, rows)
    measured = rows_for_ranges(replace(task, train=train_rows, no_music=windows), head)
    apart = windows.of(windows.folds == no_music.EVALUATION_FOLD).rows[:, 0]
    assert len(measured) == 8 + 6 and not set(apart) & set(measured[:, 0])


def test_its_digest_is_that_of_the_bundle_whose_listener_it_has() -> None:
    assert own_head().inputs == inputs_digest(load_bundle().sidecar)
    assert own_head().columns == load_bundle().vector_names


@pytest.mark.filterwarnings("ignore::build.tables.splits.LeakySplitWarning")
def test_two_genres_beside_the_listener_need_no_recipe_to_be_named(tmp_path: Path, monkeypatch) -> None:
    task = made_up_task()
    shift = 0.5 * np.random.default_rng(0).standard_normal((len(task.labels), load_bundle().n_inputs))
    table = as_a_head_hears(task.train, shift, 1).without(["folk"])
    write_csv(table, tmp_path / "features.csv")
    monkeypatch.chdir(tmp_path)
    assert train.main(["--features", "features.csv", "--out", "mine"]) == 0
    bundle = load_bundle(tmp_path / "mine")
    assert bundle.name == "own-head" and bundle.labels == ("house", "polka", NO_MUSIC)
    figures = bundle.sidecar["metrics"]["no_music"]
    assert figures["caught"]["value"] >= 0.9 and figures["caught apart"]["value"] >= 0.85
    assert figures["music_lost"]["value"] == 0.0
    assert bundle.sidecar["metrics"]["valid"]["accuracy"]["value"] > 0.9
