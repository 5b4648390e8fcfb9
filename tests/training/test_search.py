"""The seed's comparison and the search do what they say: every combination once, and again from where they stopped."""

import csv
import dataclasses

import numpy as np
import optuna
import pytest

from build import search
from build.corpora.task import Task
from build.models import perceptron
from build.models.compared.seed_networks import SEED_BATCH_SIZES, SEED_EPOCHS, SEED_NETWORKS, fit_seed_network
from build.models.recipe import be_deterministic, normalization
from build.report import search_results
from build.search import available_sets, compare, comparison_left, completed, main, open_studies, search_once
from build.tables.feature_sets import SEED_FEATURE_SETS, TIMBRE_GROUPS
from build.tables.feature_table import write_csv
from build.tables.splits import LeakySplitWarning
from features_np.spec import FeatureSpec
from tests.training.synthetic import made_up_table, made_up_task

SPEC_WITHOUT_CENTROID = FeatureSpec(groups=SEED_FEATURE_SETS["89-rolloff"])


@pytest.fixture(scope="module")
def task() -> Task:
    small = made_up_task(60)
    table = made_up_table(60, spec=FeatureSpec(groups=("mfcc_mean",)))
    return dataclasses.replace(small, train=table.select(small.train.keys), valid=table.select(small.valid.keys))


@pytest.fixture
def short(monkeypatch):
    """A grid that takes seconds: of the same shape, with fewer epochs."""
    monkeypatch.setattr(search, "SEED_EPOCHS", (1, 3))
    monkeypatch.setattr(search, "SEED_BATCH_SIZES", (24, 200))  # 48 rows: whole batches, or one that is not
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_the_grid_and_the_networks_are_the_seed_s():
    assert (SEED_EPOCHS, SEED_BATCH_SIZES) == ((100, 500, 800), (32, 200, 300))
    assert SEED_NETWORKS.keys() == SEED_FEATURE_SETS.keys()
    for name, layers in SEED_NETWORKS.items():
        n_features = len(FeatureSpec(groups=SEED_FEATURE_SETS[name]).vector_names)
        assert layers[0] == (n_features, "relu")
        assert n_features == int(name.partition("-")[0])
    activations = {name: "".join(kind[0] for _, kind in layers) for name, layers in SEED_NETWORKS.items()}
    assert activations == {
        "30": "rrll",
        "42": "rlrl",
        "60": "rllrl",
        "85": "rrlrlrr",
        "87": "rrlrlrr",
        "89-rolloff": "rrrrrrr",
        "89-centroid": "rrrrrrr",
    }


def logits_after(epochs, rows, targets):
    fits = fit_seed_network("30", rows, targets, n_labels=3, epochs=epochs, batch_size=16, seed=0)
    return {epoch: fitted.logits(rows) for epoch, fitted in fits}


def test_a_network_on_its_way_is_the_one_that_fewer_epochs_give(task):
    rows, targets = task.train.values[:, :30], task.train.targets(task.labels)
    both = logits_after((2, 5), rows, targets)
    np.testing.assert_array_equal(both[2], logits_after((2,), rows, targets)[2])
    assert not np.allclose(both[2], both[5])


def test_an_epoch_trains_on_every_row_as_keras_does(task):
    """Batches of 16 of 48 rows but one leave 15 over: Keras's fit on the same order gives the same network."""
    rows, targets = task.train.values[:47, :30], task.train.targets(task.labels)[:47]
    keras = perceptron.keras  # imported by build alone, which loads the TFLite runtime before it
    ours = logits_after((1,), rows, targets)[1]
    be_deterministic(0)
    mean, scale = normalization(rows)
    model = perceptron.Dense(SEED_NETWORKS["30"])(30, 3)
    model.compile(keras.optimizers.Adam(), keras.losses.CategoricalCrossentropy(from_logits=True))
    order = np.random.default_rng(0).permutation(len(rows))
    inputs = ((rows - mean) / scale).astype(np.float32)
    model.fit(inputs[order], np.eye(3)[targets][order], batch_size=16, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours, model(inputs), atol=1e-4)


def test_sets_whose_columns_are_missing_are_left_out(task):
    assert available_sets(task) == ["30"]
    table = made_up_table(30, spec=SPEC_WITHOUT_CENTROID)
    full = dataclasses.replace(task, train=table, valid=table)
    assert available_sets(full) == ["30", "42", "60", "85", "87", "89-rolloff"]


def test_other_rows_another_seed_and_other_code_have_studies_of_their_own(task, tmp_path, monkeypatch):
    def names(rows=task, seed=0):
        return [study.study_name for study in open_studies(tmp_path / "s.sqlite3", rows, seed)]

    first = names()
    assert names() == first
    others = [names(seed=1), names(dataclasses.replace(task, valid=task.valid.rows(range(5))))]
    monkeypatch.setattr(search, "CODE", search.CODE[:1])
    others.append(names())
    assert len({name for found in (first, *others) for name in found}) == 8


@pytest.mark.slow
def test_the_comparison_is_complete_and_goes_on_where_it_stopped(task, short, tmp_path):
    study, _ = open_studies(tmp_path / "s.sqlite3", task, seed=0)
    left = comparison_left(task, study)
    assert left == [("30", 24, (1, 3)), ("30", 200, (1, 3))]
    feature_set, batch_size, _ = left[0]
    compare(task, study, feature_set, batch_size=batch_size, epochs=(1,), seed=0)  # and stopped before 3
    again, _ = open_studies(tmp_path / "s.sqlite3", task, seed=0)
    assert comparison_left(task, again) == [("30", 24, (3,)), *left[1:]]
    for feature_set, batch_size, epochs in comparison_left(task, again):
        compare(task, again, feature_set, batch_size=batch_size, epochs=epochs, seed=0)
    assert comparison_left(task, again) == []
    assert len(completed(again)) == 4
    other_seed, _ = open_studies(tmp_path / "s.sqlite3", task, seed=1)
    fewer_rows = dataclasses.replace(task, valid=task.valid.rows(range(5)))
    other_rows, _ = open_studies(tmp_path / "s.sqlite3", fewer_rows, seed=0)
    assert len(comparison_left(task, other_seed)) == len(comparison_left(fewer_rows, other_rows)) == 2


def test_figures_carry_split_and_interval_and_are_those_of_valid(task):
    class Oracle:
        """Right on all rows but the first two, which it takes for the next genre."""

        model = perceptron.Dense(())(1, 1)

        def logits(self, rows):
            answers = task.valid.targets(task.labels).copy()
            answers[:2] = (answers[:2] + 1) % 3
            return np.eye(3)[answers]

    figures = search.figures_on_valid(task, Oracle(), task.valid.columns)
    n = len(task.valid)
    assert figures["accuracy"] == pytest.approx((n - 2) / n)
    assert (figures["n"], figures["split"]) == (n, task.split)
    assert figures["low"] < figures["accuracy"] < figures["high"]
    assert figures["low"] < 1 - 2 / n
    assert 0 < figures["precision"] < 1
    assert 0 < figures["recall"] < 1


@pytest.mark.slow
def test_the_search_adds_trials_and_a_stopped_one_is_no_result(task, short, tmp_path, monkeypatch):
    monkeypatch.setattr(search, "suggest", quick_suggest)
    _, study = open_studies(tmp_path / "s.sqlite3", task, seed=0)
    search_once(task, study, seed=0)

    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(perceptron, "train", interrupted)
        search_once(task, study, seed=0)
    _, again = open_studies(tmp_path / "s.sqlite3", task, seed=0)
    assert not again.get_trials(states=[optuna.trial.TrialState.RUNNING])
    search_once(task, again, seed=0)
    first, second = completed(again)
    assert first.params != second.params
    assert first.value == first.user_attrs["accuracy"]
    assert first.user_attrs["split"] == task.split


def quick_suggest(trial, feature_sets, _real=search.suggest):
    return dataclasses.replace(_real(trial, feature_sets), epochs=2)


@pytest.mark.slow
def test_command_from_a_csv_to_tables_csv_and_plots_and_again_in_no_time(short, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(search, "suggest", quick_suggest)
    monkeypatch.setattr(search, "SEED_BATCH_SIZES", (15,))
    table = made_up_table(45, spec=FeatureSpec(groups=("mfcc_mean",)))
    write_csv(table, tmp_path / "f.csv")
    for name, keys in (("train.txt", table.keys[15:]), ("valid.txt", table.keys[:15])):
        (tmp_path / name).write_text("".join(f"{key}.wav\n" for key in keys))
    lists = ["--train-list", str(tmp_path / "train.txt"), "--valid-list", str(tmp_path / "valid.txt")]
    command = ["--features", str(tmp_path / "f.csv"), *lists, "--out", str(tmp_path / "out"), "--trials", "1"]
    assert main(command) == 0
    first = capsys.readouterr()
    assert "accuracy in % on valid of lists train.txt and valid.txt, 15 tracks (95 % interval" in first.out
    assert "best of 1 regularized networks" in first.out
    assert "left out: 85, whose columns these features lack" in first.out
    assert "left out: 89-centroid" in first.out
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 * 2 + 1
    assert {row["split"] for row in rows} == {"lists train.txt and valid.txt"}
    assert all(float(row["low"]) <= float(row["accuracy"]) <= float(row["high"]) for row in rows)
    pictures = ["accuracy_by_model.png", "comparison_by_hyperparameter.png", "search_by_hyperparameter.png"]
    assert all((tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG") for name in pictures)

    def nothing_to_do(*_arguments, **_options):
        raise AssertionError("trained again")

    monkeypatch.setattr(search, "fit_seed_network", nothing_to_do)
    monkeypatch.setattr(perceptron, "train", nothing_to_do)
    assert main(command) == 0
    assert capsys.readouterr().out == first.out


def test_of_equals_the_smaller_network_is_the_best():
    results = [
        {"accuracy": 0.5, "parameters": 9},
        {"accuracy": 0.6, "parameters": 7},
        {"accuracy": 0.6, "parameters": 5},
    ]
    assert [item["parameters"] for item in search_results.best(results)] == [5, 7, 9]


@pytest.mark.slow
def test_the_features_that_the_readme_names_are_searched_without_the_seeds_comparison(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(search, "suggest", quick_suggest)
    write_csv(made_up_table(45, spec=FeatureSpec(groups=TIMBRE_GROUPS)), tmp_path / "features.csv")
    command = ["--features", str(tmp_path / "features.csv"), "--out", str(tmp_path / "out")]
    with pytest.warns(LeakySplitWarning):
        assert main([*command, "--trials", "1"]) == 0
    printed = capsys.readouterr().out
    assert "best of 1 regularized networks: timbre features" in printed
    assert "left out: 85, whose columns these features lack" in printed
    with pytest.warns(LeakySplitWarning):
        assert main([*command, "--out", str(tmp_path / "nothing"), "--trials", "0"]) == 1
    assert "nothing to compare" in capsys.readouterr().err


def test_features_of_no_set_are_one_line(tmp_path, capsys):
    write_csv(made_up_table(45, spec=FeatureSpec(groups=("zcr_mean",))), tmp_path / "features.csv")
    with pytest.warns(LeakySplitWarning):
        assert main(["--features", str(tmp_path / "features.csv"), "--out", str(tmp_path / "out")]) == 1
    assert "the features hold no whole set (30, 42, " in capsys.readouterr().err


def test_wrong_data_is_one_line(tmp_path, capsys):
    assert main(["--features", str(tmp_path / "gone.csv"), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("build.search: ")
