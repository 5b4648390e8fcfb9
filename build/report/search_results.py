"""The results of a search: a table for people, a CSV, and the plots that the seed shows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from optuna.trial import FrozenTrial
from rich.console import Console
from rich.table import Table

from build.errors import DatasetError
from build.files import written_whole
from build.score import metrics

RESULTS_FILE = "results.csv"
MODELS_FILE = "accuracy_by_model.png"
#: Of the seed's grid, and of the search.
GRID_FILE, SEARCH_FILE = "comparison_by_hyperparameter.png", "search_by_hyperparameter.png"
N_BEST = 10
SCORES = ("accuracy", "precision", "recall")

Result = dict[str, Any]


def write(
    comparison: Sequence[FrozenTrial],
    search: Sequence[FrozenTrial],
    left_out: Sequence[str],
    folder: Path,
    console: Console,
) -> None:
    """Print the tables; write ``results.csv`` and the plots into ``folder``; ``DatasetError`` if nothing was tried."""
    compared, searched = ([{**trial.params, **trial.user_attrs} for trial in study] for study in (comparison, search))
    if not (compared or searched):
        raise DatasetError("the features hold none of the seed's sets and no trial was wanted: nothing to compare")
    first = (compared or searched)[0]
    split, n_tracks = first["split"], first["n"]
    print_line = partial(console.print, soft_wrap=True, highlight=False)  # do not wrap lines in a pipe
    print_line(f"accuracy in % on valid of {split}, {n_tracks} tracks (95 % interval, bootstrap over tracks)\n")
    if compared:
        console.print(comparison_table(compared))
        print_line(f"best of the seed's networks: {_describe(best(compared)[0])}")
    for name in left_out:
        print_line(f"left out: {name}, whose columns these features lack")
    if searched:
        print_line()
        console.print(search_table(best(searched)[:N_BEST]))
        print_line(f"best of {len(searched)} regularized networks: {_describe(best(searched)[0])}")
    print_line("The best of many was chosen on these tracks, so its figure is too optimistic.")
    write_csv(compared, searched, folder / RESULTS_FILE)
    if compared:
        plot_models(compared, folder / MODELS_FILE)
        plot_hyperparameters(compared, ("features", "epochs", "batch_size"), folder / GRID_FILE)
    if searched:
        plot_hyperparameters(searched, tuple(search[0].params), folder / SEARCH_FILE)
    print_line(f"written to {folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


def best(results: Sequence[Result]) -> list[Result]:
    """Return results sorted by accuracy, the best first; of equals the smaller network is first."""
    return sorted(results, key=lambda result: (-result["accuracy"], result["parameters"]))


def comparison_table(results: Sequence[Result]) -> Table:
    """Return accuracy by feature set and batch size (rows) and epochs (columns)."""
    cells = {(item["features"], item["batch_size"], item["epochs"]): item for item in results}
    epochs = sorted({item["epochs"] for item in results})
    table = Table("features", box=None, pad_edge=False)
    for heading in ("parameters", "batch size", *(f"{n} epochs" for n in epochs)):
        table.add_column(heading, justify="right")
    for features, batch_size in dict.fromkeys((item["features"], item["batch_size"]) for item in results):
        row = [cells[features, batch_size, n] for n in epochs if (features, batch_size, n) in cells]
        table.add_row(features, f"{row[0]['parameters']:,}", str(batch_size), *(_interval(item) for item in row))
    return table


def search_table(results: Sequence[Result]) -> Table:
    """Return the figures and the main choices of some trials."""
    table = Table(box=None, pad_edge=False)
    columns = ("accuracy", "precision", "recall", "features", "width", "layers", "dropout", "epochs")
    for heading in columns:
        table.add_column(heading, justify="right")
    for item in results:
        scores = (f"{100 * item['precision']:.1f}", f"{100 * item['recall']:.1f}")
        network = (item["features"], str(item["width"]), str(item["layers"]), f"{item['dropout']:.2f}")
        table.add_row(_interval(item), *scores, *network, str(item["epochs"]))
    return table


def _interval(item: Result) -> str:
    return f"{100 * item['accuracy']:.1f} ({100 * item['low']:.1f}-{100 * item['high']:.1f})"


def _describe(item: Result) -> str:
    figure = metrics.Figure(f"valid of {item['split']}", item["n"], item["accuracy"], item["low"], item["high"])
    return f"{item['features']} features, {item['epochs']} epochs, batches of {item['batch_size']}: {figure}"


def write_csv(compared: Sequence[Result], searched: Sequence[Result], path: Path) -> None:
    """Write every result as a row; what a study does not vary is empty."""
    rows = [{"study": name, **item} for name, results in (("seed", compared), ("search", searched)) for item in results]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def plot_models(results: Sequence[Result], path: Path) -> None:
    """Draw accuracy by model (feature set) and epochs, a panel for each batch size, with intervals."""
    models = list(dict.fromkeys(item["features"] for item in results))
    epochs = sorted({item["epochs"] for item in results})
    batch_sizes = sorted({item["batch_size"] for item in results})
    picture = Picture(figsize=(4.5 * len(batch_sizes), 4.5), layout="constrained")
    panels = picture.subplots(1, len(batch_sizes), sharey=True, squeeze=False)[0]
    for axes, batch_size in zip(panels, batch_sizes, strict=True):
        for index, n_epochs in enumerate(epochs):
            chosen = [item for item in results if (item["epochs"], item["batch_size"]) == (n_epochs, batch_size)]
            places = [models.index(item["features"]) + 0.18 * (index - (len(epochs) - 1) / 2) for item in chosen]
            values = np.array([[item[name] for name in ("accuracy", "low", "high")] for item in chosen]) * 100
            errors = (values[:, 0] - values[:, 1], values[:, 2] - values[:, 0])
            axes.errorbar(places, values[:, 0], yerr=errors, fmt="o", capsize=2, label=f"{n_epochs} epochs")
        axes.set_title(f"batches of {batch_size}")
        axes.set_xticks(range(len(models)), models, rotation=30, ha="right")
        axes.set_xlabel("model, by its features")
        axes.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("accuracy on valid, % (95 % interval)")
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(epochs))
    picture.suptitle(_scope(results), x=0.01, ha="left", fontsize="medium")
    picture.savefig(path, dpi=120)


def plot_hyperparameters(results: Sequence[Result], names: Sequence[str], path: Path) -> None:
    """Draw accuracy, macro precision and macro recall of every network against each hyperparameter."""
    n_columns = min(4, len(names))
    n_rows = -(-len(names) // n_columns)
    picture = Picture(figsize=(3.6 * n_columns, 3.0 * n_rows + 0.6), layout="constrained")
    panels = picture.subplots(n_rows, n_columns, sharey=True, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        _scatter(axes, [item[name] for item in results], results)
        axes.set_xlabel(name.replace("_", " "))
        axes.grid(axis="y", alpha=0.3)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("on valid, %")
    picture.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=len(SCORES))
    picture.suptitle(_scope(results), x=0.01, ha="left", fontsize="medium")
    picture.savefig(path, dpi=120)


def _scope(results: Sequence[Result]) -> str:
    return f"{results[0]['split']}, {results[0]['n']} tracks"


def _scatter(axes: Axes, choices: Sequence[Any], results: Sequence[Result]) -> None:
    """Draw one panel: few or named choices as categories with their means, numbers as they are."""
    distinct = list(dict.fromkeys(choices)) if isinstance(choices[0], (str, bool)) else sorted(set(choices))
    categorical = isinstance(choices[0], (str, bool)) or len(distinct) <= 3
    places = np.array([distinct.index(choice) if categorical else choice for choice in choices], dtype=np.float64)
    for index, score in enumerate(SCORES):
        values = np.array([item[score] for item in results]) * 100
        shifted = places + 0.2 * (index - 1) if categorical else places
        axes.scatter(shifted, values, s=12, alpha=0.6, label=score if score == "accuracy" else f"macro {score}")
        if categorical:
            means = [values[places == place].mean() for place in range(len(distinct))]
            axes.scatter(np.arange(len(distinct)) + 0.2 * (index - 1), means, s=120, marker="_", color="black")
    if categorical:
        axes.set_xticks(
            range(len(distinct)), [str(choice) for choice in distinct], rotation=30 if len(distinct) > 3 else 0
        )
    elif max(distinct) > 20 * max(min(distinct), 1e-9) and min(distinct) > 0:
        axes.set_xscale("log")
