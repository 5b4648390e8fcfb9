"""From rows to a bundle, small: the same seed gives the same bytes, and what is written is what the device loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from build import evaluate, publish, train
from build.corpora import listening_conditions
from build.corpora.task import read_task
from build.errors import ConversionError, DatasetError, PublishError
from build.models import discriminant, discriminant_and_perceptron, int8, perceptron
from build.models.fitting import fit
from build.models.listening_head import own_head
from build.models.recipe import normalization
from build.tables import splits
from build.tables.feature_table import FeatureTable, read_list, write_csv
from edge.errors import BundleError
from edge.model.bundle import SIDECAR_FILE, Bundle, load_bundle
from edge.model.probe import run_probe
from features_np.spec import FeatureSpec
from tests.training.synthetic import GENRES, made_up_table, made_up_task

QUICK = tuple(replace(recipe, epochs=5) for recipe in perceptron.RECIPES)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained quickly on made-up rows."""
    folder = tmp_path_factory.mktemp("bundle")
    train.train(made_up_task(), QUICK, seed=3, folder=folder)
    return folder


@pytest.fixture
def bundle(folder: Path) -> Bundle:
    return load_bundle(folder)


def test_the_bundle_says_what_it_is_and_knows_its_genres(bundle: Bundle) -> None:
    metrics, training = bundle.sidecar["metrics"], bundle.sidecar["training"]
    assert bundle.labels == GENRES
    values = {name: figure["value"] for name, figure in metrics["candidates"].items()}
    assert bundle.name == next(name for name in values if values[name] >= max(values.values()) - train.TIE)
    assert set(metrics["candidates"]) == {"seed85", "mlp"}
    assert all(figure["n"] == 72 and "folds inside" in figure["split"] for figure in metrics["candidates"].values())
    assert metrics["valid"]["accuracy"]["value"] == pytest.approx(metrics["int8"]["int8_accuracy"], abs=1e-3)
    assert metrics["valid"]["accuracy"]["value"] > 0.9  # the made-up genres are far apart
    assert "by artist" in metrics["valid"]["accuracy"]["split"]
    assert "by folds inside the train list" in training["how_chosen"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_model() -> None:
    task = made_up_task()
    first, again, other = (fit(task, QUICK[1], seed).model for seed in (3, 3, 4))
    assert again == first
    assert other != first


def test_the_model_card_states_every_figure_with_its_split_and_number(folder: Path, bundle: Bundle) -> None:
    card = (folder / publish.CARD_FILE).read_text()
    accuracy = bundle.sidecar["metrics"]["valid"]["accuracy"]
    low, high = accuracy["interval_95"]
    assert f"{accuracy['value']:.1%}, 95 % interval {low:.1%} to {high:.1%} | valid, n = {accuracy['n']}" in card
    assert all(f"| {genre} | " in card for genre in GENRES)
    assert "0x" not in card  # a function's address, which says nothing and differs in each run
    assert "2002" not in card and "GTZAN" not in card, "which is another data set"
    assert "corrections: none" in card and f"NumPy {np.__version__}" in card
    assert re.search(r"\n- code: (commit [0-9a-f]{40}(\+changes)?|version [0-9.]+)\n", card)


def test_a_card_says_what_its_figures_must_be_read_with_and_keeps_its_tables(tmp_path: Path) -> None:
    """Of rows without artists, with a correction among them, and a name that a table would break at."""
    task = made_up_task(60)
    names = tuple(f"correction.{row}" if row < 2 else name for row, name in enumerate(task.train.track_ids))
    table = replace(task.train, track_ids=names)
    with pytest.warns(splits.LeakySplitWarning):
        train.train(replace(task, train=table, tracks={}, split="A|B"), QUICK[1:], 0, tmp_path)
    card = (tmp_path / publish.CARD_FILE).read_text()
    assert "corrections: 2 among the tracks" in card
    assert "warning: artists are not known" in card
    assert "A\\|B" in card and "; A|B" not in card


def test_within_three_points_the_smaller_wins_and_beyond_the_better(monkeypatch: pytest.MonkeyPatch) -> None:
    task, small = made_up_task(), QUICK[0]
    large = replace(small, name="large", groups=(*small.groups, "zcr_mean"))
    wide = FeatureSpec(groups=large.groups)
    values = np.hstack([task.train.values, np.zeros((len(task.train), 1), dtype=np.float32)])
    task = replace(task, train=FeatureTable(task.train.track_ids, task.train.genres, wide.vector_names, values))
    targets = task.train.targets(task.labels)

    def chosen(n_wrong: int) -> str:
        def answers(_task: object, recipe: perceptron.PerceptronRecipe, *_arguments: object) -> dict[str, np.ndarray]:
            right = np.eye(len(task.labels))[targets]
            return {
                "as recorded": np.roll(right, 1, axis=1) * (np.arange(72) < n_wrong)[:, np.newaxis] + right / 2
                if recipe is small
                else right
            }

        monkeypatch.setattr(train.fitting, "out_of_fold", answers)
        return train.choose(task, [large, small], task.folds(task.train, 0), 0)[0].name

    assert (chosen(2), chosen(3)) == (small.name, "large")  # of 72: 2.8 points, and 4.2


def test_names_that_livegenre_shows_of_itself_are_no_genres(tmp_path: Path) -> None:
    task = made_up_task()
    renamed = [
        replace(table, genres=tuple("unsure" if genre == "folk" else genre for genre in table.genres))
        for table in (task.train, task.valid)
    ]
    with pytest.raises(DatasetError, match="a genre cannot be named unsure"):
        train.train(replace(task, train=renamed[0], valid=renamed[1]), QUICK[1:], 0, tmp_path)


def test_publishing_names_its_folder(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["publish", "my-model"])
    with pytest.raises(SystemExit):
        publish.main()
    assert "--out" in capsys.readouterr().err


def test_a_bundle_whose_probe_differs_is_refused_and_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    sidecar = json.loads((folder / SIDECAR_FILE).read_text())
    model = publish.networks_in(folder, sidecar)
    publish.install(model, sidecar, tmp_path / "good")
    assert run_probe(load_bundle(tmp_path / "good")).passed
    sidecar["probe"]["vector"][7] += 0.02 * sidecar["normalization"]["scale"][7]
    with pytest.raises(PublishError, match="mfcc_mean_07"):
        publish.install(model, sidecar, tmp_path / "bad")
    assert list((tmp_path / "bad").iterdir()) == []


def test_a_page_that_is_no_card_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    sidecar = json.loads((folder / SIDECAR_FILE).read_text())
    networks = publish.networks_in(folder, sidecar)
    (tmp_path / publish.CARD_FILE).write_text("# My project\n")
    with pytest.raises(PublishError, match=r"README\.md is no model card and would be overwritten"):
        publish.install(networks, sidecar, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [publish.CARD_FILE]
    assert (tmp_path / publish.CARD_FILE).read_text() == "# My project\n"
    (tmp_path / publish.CARD_FILE).write_text("# Model card: an older one\n")
    publish.install(networks, sidecar, tmp_path)
    assert (tmp_path / publish.CARD_FILE).read_text() == (folder / publish.CARD_FILE).read_text()


def test_a_sidecar_without_a_usable_probe_is_an_error(folder: Path, tmp_path: Path) -> None:
    sidecar = json.loads((folder / SIDECAR_FILE).read_text())
    model = publish.networks_in(folder, sidecar)
    for probe in (None, {}, {**sidecar["probe"], "recipe": {"minutes": 3}}, {**sidecar["probe"], "vector": [1, 2]}):
        with pytest.raises(BundleError, match="probe cannot be run"):
            publish.install(model, {**sidecar, "probe": probe}, tmp_path)


def test_the_probe_notices_probabilities_of_another_model(bundle: Bundle) -> None:
    assert run_probe(bundle).passed
    result = run_probe(replace(bundle, temperature=bundle.temperature * 50))
    features, probabilities = result.differences
    assert features.error == 0.0 and not probabilities.passed


def test_int8_follows_the_float_network_and_a_model_too_large_is_refused() -> None:
    table = made_up_table(300)
    rows, targets = table.values, table.targets(GENRES)
    fitted = QUICK[1].fit(rows, targets, n_labels=len(GENRES), seed=0)
    content = int8.to_int8(fitted.model, fitted.normalize(rows))
    agreement = int8.compare(content, fitted.normalize(rows), fitted.logits(rows), targets)
    assert agreement.same_answer >= 0.99
    assert agreement.int8_accuracy >= agreement.float_accuracy - 0.005
    large = perceptron.DenseWithDropout((2000, 200))(rows.shape[1], len(GENRES))
    with pytest.raises(ConversionError, match="more than 300,000"):
        int8.to_int8(large, fitted.normalize(rows[:10]))


def test_a_float_tensor_left_in_a_model_is_noticed() -> None:
    import tensorflow as tf

    model = perceptron.Dense(perceptron.SEED_LAYERS)(85, 3)
    with int8.quiet():
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    with pytest.raises(ConversionError, match="not fully quantized"):
        int8.require_int8(content)


def test_one_list_without_the_other_is_an_error(tmp_path: Path) -> None:
    write_csv(made_up_table(), tmp_path / "features.csv")
    with pytest.raises(DatasetError, match="go together"):
        read_task(tmp_path / "features.csv", tmp_path / "list.txt", None, None)


def test_a_test_list_is_scored_once_at_the_end_and_shares_no_track(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = made_up_table(120)
    write_csv(table, tmp_path / "features.csv")
    lists = {"train": table.keys[:60], "valid": table.keys[60:90], "test": table.keys[90:], "leaky": table.keys[89:]}
    for name, keys in lists.items():
        (tmp_path / f"{name}.txt").write_text("".join(f"{key}.wav\n" for key in keys))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "RECIPES", {recipe.name: recipe for recipe in QUICK})
    monkeypatch.setattr(splits, "N_FOLDS", 2)
    options = [
        "--recipe",
        "mlp",
        "--features",
        "features.csv",
        "--train-list",
        "train.txt",
        "--valid-list",
        "valid.txt",
    ]
    assert train.main([*options, "--test-list", "leaky.txt", "--out", "model"]) == 1
    assert f"{table.keys[89]} is also trained or chosen on" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
    with pytest.warns(splits.LeakySplitWarning):
        assert train.main([*options, "--test-list", "test.txt", "--out", "model"]) == 0
    bundle = load_bundle(tmp_path / "model")
    assert bundle.name == "mlp" and not bundle.sidecar["metrics"]["candidates"], "one was asked for by name"
    figure = bundle.sidecar["metrics"]["test"]["accuracy"]
    assert figure["n"] == 30 and figure["split"].endswith("test list")
    low, high = figure["interval_95"]
    line = f"{figure['value']:.1%}, 95 % interval {low:.1%} to {high:.1%}"
    assert f"test list: {line}" in capsys.readouterr().out
    assert f"kept apart | {line} | n = 30" in (tmp_path / "model" / publish.CARD_FILE).read_text()


@pytest.mark.filterwarnings("ignore::build.tables.splits.LeakySplitWarning")
def test_what_trained_a_model_is_known_of_it_and_set_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also under another name, and loudly where there is nothing else; a test list is no part of the split."""
    table = made_up_table(120)
    write_csv(table, tmp_path / "features.csv")
    (tmp_path / "test.txt").write_text("".join(f"{key}\n" for key in table.keys[:12]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "RECIPES", {"mlp": QUICK[1]})
    assert train.main(["--features", "features.csv", "--test-list", "test.txt", "--out", "model"]) == 0
    lists = {name: set(read_list(tmp_path / "model" / f"{name}.txt")) for name in ("train", "valid", "test")}
    assert lists["test"] == set(table.keys[:12]) and sum(map(len, lists.values())) == 120
    assert set.union(*lists.values()) == set(table.keys)
    capsys.readouterr()

    def evaluated(*options: str) -> tuple[str, dict]:
        monkeypatch.setattr(sys, "argv", ["evaluate", "--model", "model", *options])
        assert evaluate.main() == 0
        printed = capsys.readouterr().out
        monkeypatch.setattr(sys, "argv", ["evaluate", "--model", "model", *options, "--json"])
        assert evaluate.main() == 0
        return printed, json.loads(capsys.readouterr().out)

    printed, figures = evaluated("--features", "features.csv")
    n_trained = len(lists["train"])
    assert f"set apart: {n_trained} tracks trained this model" in printed
    assert figures["accuracy"]["n"] == 120 - n_trained and figures["trained"]["accuracy"]["n"] == n_trained
    others = replace(table, track_ids=tuple(f"other {name}" for name in table.track_ids))
    write_csv(others, tmp_path / "renamed.csv")
    assert evaluated("--features", "renamed.csv")[1]["trained"]["accuracy"]["n"] == n_trained
    (tmp_path / "all.txt").write_text("".join(f"{key}\n" for key in lists["train"]))
    printed, figures = evaluated("--features", "features.csv", "--list", "all.txt")
    assert f"ALL {n_trained} TRACKS TRAINED THIS MODEL" in printed and figures["trained"]["alone"]
    printed, figures = evaluated("--features", "features.csv", "--list", "test.txt")
    assert "trained" not in figures and figures["accuracy"]["n"] == 12


def test_errors_of_the_command_are_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build.train", "--features", str(tmp_path / "none.csv"), "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"build.train: {tmp_path / 'none.csv'}: No such file or directory"
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--features", "mine.csv"], "--features needs --out"),
        (["--recipe", "seed85"], "--recipe seed85 needs --out: no such model ships"),
        (["--recipe", "mlp", "--recipe", "timbre"], "without --features name one --recipe"),
        ([], "without --features name one --recipe"),
        (["--recipe", "listener", "--recipe", "mlp"], "cannot be compared with others"),
        (["--recipe", "listener", "--features", "mine.csv", "--out", "mine"], "is taught from --data"),
    ],
)
def test_no_model_is_replaced_or_compared_by_mistake(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        train.main(options)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_each_shipped_model_goes_where_it_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    written = {}

    def prepared(arguments: object) -> None:
        written[arguments.recipe[0]] = arguments.out
        raise DatasetError("far enough")

    monkeypatch.setattr(train, "_prepared", prepared)
    for name in ("listener", "timbre"):
        assert train.main(["--recipe", name]) == 1
    assert written == {"listener": publish.MODELS, "timbre": publish.MODELS / "classic"}


def test_a_listener_recipe_learns_from_every_condition_and_no_other_does() -> None:
    """Conditions weigh as ``TRAINING`` says, and all labels the same, however many tracks they have."""
    task = made_up_task()
    head = replace(own_head(), conditions=listening_conditions.TRAINING)
    wide = FeatureTable(
        task.train.track_ids,
        task.train.genres,
        head.columns,
        np.zeros((len(task.train), len(head.columns)), dtype=np.float32),
    )
    few = [row for row, genre in enumerate(wide.genres) if genre != "polka" or row % 2]
    names = [condition.name for condition in listening_conditions.TRAINING if condition.name != "as recorded"][:2]
    small_task = replace(task, train=wide.rows(few), train_conditions={name: wide.rows(few) for name in names})
    sample = head.sample(small_task)
    assert len(sample.rows) == 3 * len(few)
    of_label = np.bincount(sample.targets, sample.weights)
    np.testing.assert_allclose(of_label, of_label.mean())
    parts = sample.weights.reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(
        parts / parts[0], [1, *(weight / 3 for weight in list(listening_conditions.TRAINING.values())[1:3])]
    )
    assert len(QUICK[0].sample(task).rows) == len(task.train)


@pytest.mark.parametrize(
    "recipe", [discriminant.DiscriminantRecipe("linear", FeatureSpec().groups), replace(QUICK[1], min_steps=100)]
)
def test_two_genres_train_and_one_is_refused_by_name(recipe, tmp_path: Path) -> None:
    task = made_up_task()
    two, one = (
        replace(task, train=task.train.without(dropped), valid=task.valid.without(dropped))
        for dropped in (["folk"], ["folk", "house"])
    )
    bundle = train.train(two, [recipe], 0, tmp_path)
    assert bundle.labels == ("house", "polka") and bundle.sidecar["metrics"]["valid"]["accuracy"]["value"] > 0.9
    with pytest.raises(DatasetError, match="polka is the only genre: add other music"):
        train.train(one, [recipe], 0, tmp_path)


def test_few_rows_are_gone_over_more_often() -> None:
    table = made_up_table(30)
    targets = table.targets(GENRES)
    short = replace(perceptron.RECIPES[1], epochs=1, batch_size=30)
    right = [
        np.mean(recipe.fit(table.values, targets, n_labels=3, seed=0).logits(table.values).argmax(axis=1) == targets)
        for recipe in (short, replace(short, min_steps=200))
    ]
    assert right[0] < 0.8 and right[1] == 1.0


def test_inputs_saturate_where_the_recipe_says() -> None:
    table = made_up_table(30)
    recipe = replace(perceptron.RECIPES[1], epochs=1, clip=1.5)
    fitted = recipe.fit(table.values, table.targets(GENRES), n_labels=3, seed=0)
    assert np.abs(fitted.normalize(table.values)).max() == 1.5


def test_an_ensemble_is_the_weighted_sum_of_its_parts_also_in_int8() -> None:
    table = made_up_table(300)
    rows, targets = table.values, table.targets(GENRES)
    groups = FeatureSpec().groups
    linear = discriminant.DiscriminantRecipe("linear", groups)
    small = replace(perceptron.PERCEPTRON, groups=groups, min_steps=100)
    recipe = discriminant_and_perceptron.EnsembleRecipe("both", linear, small)
    together = recipe.fit(rows, targets, n_labels=3, seed=0)
    apart = [part.fit(rows, targets, n_labels=3, seed=0).logits(rows) for part in (linear, small)]
    expected = (
        apart[0] / discriminant_and_perceptron.DISCRIMINANT_TEMPERATURE
        + apart[1] / discriminant_and_perceptron.PERCEPTRON_TEMPERATURE
    )
    np.testing.assert_allclose(together.logits(rows), expected, atol=1e-4)
    content = int8.to_int8(together.model, together.normalize(rows))
    agreement = int8.compare(content, together.normalize(rows), together.logits(rows), targets)
    assert agreement.same_answer >= 0.99


def test_normalization_survives_a_constant_column() -> None:
    mean, scale = normalization(np.array([[1, 5], [3, 5]], dtype=np.float32))
    assert mean.tolist() == [2, 5] and scale.tolist() == [1, 1]
