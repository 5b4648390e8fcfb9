"""The rows that the lab chooses to ship with a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from build import reference_rows as command
from build import train
from build.models import perceptron
from edge.model.reference import reference_rows
from tests.training.synthetic import GENRES, made_up_task


def test_each_label_has_as_many_from_as_many_artists() -> None:
    labels = ["a"] * 60 + ["b"] * 3
    groups = [f"artist {place % 3}" for place in range(60)] + ["one"] * 3
    places = command.chosen(labels, groups)
    assert [labels[place] for place in places] == ["a"] * command.N_OF_LABEL + ["b"] * 3
    of_artist = np.bincount([place % 3 for place in places[: command.N_OF_LABEL]])
    assert of_artist.max() - of_artist.min() <= 1


def test_a_bundle_of_ones_own_has_rows_of_the_tracks_that_trained_it(tmp_path: Path) -> None:
    task = made_up_task()
    bundle = train.train(task, [replace(perceptron.RECIPES[1], epochs=1)], seed=0, folder=tmp_path)
    found = reference_rows(bundle, tmp_path)
    assert found is not None
    assert set(found.labels) == set(GENRES)
    trained = task.train.matrix(bundle.vector_names).astype(np.float16).astype(np.float32)
    known = {row.tobytes(): genre for row, genre in zip(trained, task.train.genres, strict=True)}
    assert [known[row.tobytes()] for row in found.rows] == [*found.labels]
