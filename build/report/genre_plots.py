"""Plot of the mean and the spread of every feature in every genre."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure as Picture
from numpy.typing import NDArray

from build.tables import style_columns
from build.tables.feature_table import FeatureTable
from features_np.vector.parameters import PITCH_CLASSES

#: Units of a group's values, by the first word of its name; the others have a unit of their own or none.
UNITS = {
    "mfcc": "dB (orthonormal DCT)",
    "chroma": "share of the strongest",
    "tempo": "BPM",
    "zcr": "crossings per sample",
    "rolloff": "Hz",
    "centroid": "Hz",
}
#: Coefficient 0 is the level and an order of magnitude larger than the others: it has a panel of its own.
LEVEL = re.compile(r"^mfcc_\w+_00$")
ELEMENT = re.compile(r"^(?P<group>.+)_(?P<element>\d+|[A-G]#?)$")
N_COLUMNS = 3
#: They distinguish genres without colour.
MARKERS, LINES = ("o", "s", "^", "v", "D", "P", "X", "*", "<", ">"), ("-", "--", ":")


def plot_genre_averages(table: FeatureTable) -> Picture:
    """Draw the mean of every feature in every genre: a line a genre where a group has many elements, else bars.

    Bars and bands are one standard deviation of the genre's tracks to either side. Genres differ in marker and line as
    well as in colour.
    """
    table = table.of_columns([name for name in table.columns if not name.startswith(style_columns.PREFIX)])
    genres, groups = table.labels, group_columns(table.columns)
    means, spreads = genre_means(table), genre_deviations(table)
    colours = colormaps["tab10" if len(genres) <= 10 else "tab20"].resampled(max(10, len(genres)))
    n_rows = -(-len(groups) // N_COLUMNS)
    picture = Picture(figsize=(5.5 * N_COLUMNS, 3.4 * n_rows + 0.8), layout="constrained")
    panels = list(picture.subplots(n_rows, N_COLUMNS, squeeze=False).flat)
    for axes, (group, elements) in zip(panels, groups.items(), strict=False):
        columns = [table.columns.index(column) for column in elements]
        values, spread = means[:, columns], spreads[:, columns]
        if len(elements) == 1:
            colour = [colours(row) for row in range(len(genres))]
            axes.bar(range(len(genres)), values[:, 0], yerr=spread[:, 0], color=colour, capsize=3)
            axes.set_xticks(range(len(genres)), genres, rotation=45, ha="right")
        else:
            _lines(
                axes, dict(zip(genres, zip(values, spread, strict=True), strict=True)), list(elements.values()), colours
            )
        axes.set_title(group.replace("_", " "))
        axes.set_ylabel(UNITS.get(group.partition("_")[0], ""))
        axes.grid(axis="y", alpha=0.3)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    handles = {text: handle for axes in panels for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    if handles:
        picture.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=min(10, len(genres)))
    picture.suptitle(f"averages of {len(table)} tracks by genre")
    return picture


def genre_means(table: FeatureTable) -> NDArray[np.float64]:
    """Return the mean of each column in each genre, shape (genres, columns), genres as in ``table.labels``."""
    row_genres = np.array(table.genres)
    return np.array([table.values[row_genres == genre].mean(axis=0, dtype=np.float64) for genre in table.labels])


def genre_deviations(table: FeatureTable) -> NDArray[np.float64]:
    """Return the standard deviation of each column over the tracks of each genre, shape (genres, columns)."""
    row_genres = np.array(table.genres)
    return np.array([table.values[row_genres == genre].std(axis=0, dtype=np.float64) for genre in table.labels])


def group_columns(columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the columns of each panel, with the name of each within it: ``chroma_mean_C`` is C of chroma_mean."""
    groups: dict[str, dict[str, str]] = {}
    for column in columns:
        match = None if LEVEL.match(column) else ELEMENT.match(column)
        group, element = (match["group"], match["element"]) if match else (column, column)
        groups.setdefault(group, {})[column] = element
    return groups


def _lines(
    axes: Axes,
    of_genres: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    elements: Sequence[str],
    colours: Colormap,
) -> None:
    """Draw the mean of each element and the band around it, a line a genre."""
    places = np.arange(len(elements))
    for row, (genre, (mean, spread)) in enumerate(of_genres.items()):
        marker, line = MARKERS[row % len(MARKERS)], LINES[row // len(MARKERS) % len(LINES)]
        axes.plot(places, mean, line, marker=marker, color=colours(row), markersize=4, linewidth=1, label=genre)
        axes.fill_between(places, mean - spread, mean + spread, color=colours(row), alpha=0.07)
    values = np.array([mean for mean, _ in of_genres.values()])
    ticks = range(0, len(elements), 1 if len(elements) <= 12 else 4)
    axes.set_xticks(ticks, [elements[place].lstrip("0") or "0" for place in ticks])
    axes.set_xlabel("pitch class" if elements[0] in PITCH_CLASSES else "coefficient")
    typical = float(np.median(np.abs(values)))
    if np.abs(values).max() > 10 * typical > 0:  # more labels would overlap
        axes.set_yscale("symlog", linthresh=4 * typical)
        axes.yaxis.set_major_formatter("{x:g}")
