"""Corrections become rows to train on: only those with the same inputs, with the newest label."""

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from build import train
from build.corpora.corrections import read_corrections
from build.errors import DatasetError
from build.models import discriminant_and_perceptron, perceptron
from build.models.fitting import with_corrections
from build.tables.feature_table import write_csv
from edge.history.corrections import correct
from edge.history.segments import Segment
from edge.history.writer import HeadInput, HistoryWriter, ModelIdentity
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from tests.training.synthetic import GENRES, made_up_table, made_up_task

QUICK = (replace(perceptron.RECIPES[0], epochs=5),)

LABELS = ("jazz", "rock", "no_music")


def numbers(*values):
    return struct.pack(f"<{len(values)}f", *values)


@pytest.fixture
def history(tmp_path):
    """Three records, heard by two models, that were all put right; the second one twice."""
    path, now = tmp_path / "h.db", datetime.now(UTC)
    models = {
        1: ModelIdentity("old", "a", LABELS),
        2: ModelIdentity("new", "b", LABELS),
        3: ModelIdentity("retrained", "b", LABELS),
    }
    starts = {number: now - timedelta(minutes=10 * number) for number in models}
    writer = HistoryWriter(path)
    writer.write(
        {number: Segment(start, 60.0, "music", "jazz") for number, start in starts.items()},
        {number: HeadInput(model, 30.0, numbers(number, 0.5)) for number, model in models.items()},
    )
    writer.close()
    for number, label in [(1, "rock"), (2, "rock"), (3, "jazz"), (2, "no_music")]:
        correct(path, label, starts[number])
    return path


def test_rows_are_those_of_the_same_inputs_whatever_the_model_was_called(history):
    table = read_corrections(history, "b", ["x", "y"])
    assert table.keys == ("no_music/correction.2", "jazz/correction.3")
    assert table.columns == ("x", "y")
    np.testing.assert_array_equal(table.values, np.array([[2, 0.5], [3, 0.5]], dtype=np.float32))


def test_numbers_of_no_model_that_is_asked_for_are_no_rows(history):
    assert len(read_corrections(history, "c", ["x", "y"])) == 0


def test_what_is_no_history_is_told(tmp_path):
    with pytest.raises(DatasetError, match="no such file"):
        read_corrections(tmp_path / "none.db", "b", ["x", "y"])
    (tmp_path / "notes.txt").write_text("milk\n")
    with pytest.raises(DatasetError, match="cannot be read as a history"):
        read_corrections(tmp_path / "notes.txt", "b", ["x", "y"])


@pytest.fixture
def of_house(tmp_path):
    """House of a kind that is in no table was played, and put right."""
    rows, path, now = made_up_table(30, seed=5), tmp_path / "house.db", datetime.now(UTC)
    model = ModelIdentity("mlp", QUICK[0].inputs, GENRES)
    writer = HistoryWriter(path)
    for row in range(8):
        numbers_heard = (rows.values[0] - 40 + row / 10).astype("<f4").tobytes()
        segment = Segment(now - timedelta(minutes=row), 30.0, "music", "folk")
        writer.write({row + 1: segment}, {row + 1: HeadInput(model, 30.0, numbers_heard)})
        correct(path, "house", segment.start)
    writer.close()
    return path, (rows.values[0] - 40).astype(np.float32)


def test_what_was_put_right_stands_among_the_train_rows(of_house, tmp_path):
    history, house = of_house
    task = made_up_task()
    taught_task, recipes = with_corrections(task, (*QUICK, discriminant_and_perceptron.TIMBRE), history)
    assert [recipe.name for recipe in recipes] == [recipe.name for recipe in QUICK], "timbre hears other numbers"
    assert len(taught_task.train) == len(task.train) + 8
    assert taught_task.valid is task.valid
    untaught = train.train(task, recipes, seed=3, folder=tmp_path)
    assert untaught.labels[Classifier(untaught)(house).argmax()] != "house", "there would be nothing to learn"


def test_nothing_to_learn_from_is_told(history, of_house):
    with pytest.raises(DatasetError, match="holds no corrected genre with numbers like those of the other rows"):
        with_corrections(made_up_task(), QUICK, history)
    task = made_up_task()
    others = task.train.rows(row for row, genre in enumerate(task.train.genres) if genre != "house")
    with pytest.raises(DatasetError, match="genre 'house' is not one of the model's"):
        with_corrections(replace(task, train=others), QUICK, of_house[0])


@pytest.mark.filterwarnings("ignore::build.tables.splits.LeakySplitWarning")
def test_the_command_learns_from_a_history(of_house, tmp_path, monkeypatch, capsys):
    write_csv(made_up_table(60), tmp_path / "features.csv")
    monkeypatch.setattr(train, "RECIPES", {QUICK[0].name: QUICK[0]})
    options = ["--features", tmp_path / "features.csv", "--out", tmp_path / "model", "--corrections"]
    for history, status in [(of_house[0], 0), (tmp_path / "none.db", 1)]:
        assert train.main([*map(str, (*options, history))]) == status
    assert "no such file" in capsys.readouterr().err
    bundle = load_bundle(tmp_path / "model")
    assert bundle.labels[Classifier(bundle)(of_house[1]).argmax()] == "house"


def test_numbers_that_do_not_fit_their_digest_are_refused(history):
    with pytest.raises(DatasetError, match="not the 3 of their digest"):
        read_corrections(history, "b", ["x", "y", "z"])
