"""The parts of a model card that only a model with a listener has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def more_tables(metrics: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the sections on robustness, other music, confidence, styles and own genres."""
    if not (listening := metrics.get("listening")):
        return
    yield from _section("Windows, microphones, talking people", _by_condition(listening))
    if folds := {heading: metrics[key] for key, heading in _FOLDS.items() if key in metrics}:
        yield from _section("Other artists, other collections", _held_out(folds))
    yield from _confidence(metrics["confidence"], metrics.get("zero_shot", ()))
    for key, (title, introduction, heading) in _TABLES.items():
        if rows := metrics.get(key):
            yield from _section(title, _table(introduction, heading, rows))


_FOLDS = {"folds": "train", "folds, microphone": "microphone", "folds, train and valid": "train and valid"}
_TABLES = {
    "learning": (
        "Own genres",
        "A head alone is fitted beside the listener, to so many tracks a genre; judged on whole valid tracks, mean of "
        "five draws.",
        ("tracks a genre", "accuracy", "balanced", "worst of five", "best of five"),
    ),
}


def table_cell(text: str) -> str:
    """Return text escaped for a table's cell."""
    return text.replace("|", "\\|")


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from lines
    yield ""


def _by_condition(listening: dict[str, Any]) -> Iterator[str]:
    yield "| condition | accuracy | balanced over genres | tracks |\n|---|---|---|---|"
    conditions = {"whole recordings": listening["whole"], "through microphones": listening["microphones"]}
    conditions |= {f"windows of {name}": figures for name, figures in listening["windows"].items()}
    conditions |= {f"people talking, music at {name}": figures for name, figures in listening["talkers"].items()}
    if "recorded room" in listening:
        conditions["in rooms that a phone recorded"] = listening["recorded room"]
    if "clips" in listening:
        conditions["clips, where there is no more"] = listening["clips"]
    for name, figures in conditions.items():
        yield f"| {name} | {_both(figures)} | {figures['accuracy']['n']} |"
    for genre, figure in listening.get("phone", {}).items():
        yield f"| recordings that a phone made of {genre}, people talking | {_percent(figure)} | | {figure['n']} |"
    drop = listening["microphones"]["drop"]
    low, high = drop["interval_95"]
    yield f"\nMicrophones cost {100 * drop['value']:.1f} points ({100 * low:.1f} to {100 * high:.1f})."


def _held_out(folds: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "Five folds by artist or song, each by a head that none of the artist's music trained: inside train, the same"
    yield "through one simulated microphone, and inside train and valid. The listener was taught with all this music,"
    yield "without its labels. mn04 was taught anew for each of five folds (700 steps), without the fold's music:"
    yield "tracks of train are then right 1.3 points less often (0.0 to 3.2), through a microphone 4.0 (1.8 to 6.5).\n"
    columns = ("collection", *folds, "balanced over genres", "pieces")
    yield f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    *others, last = folds.values()
    for name, figures in last.items():
        cells = [f"{each[name]['accuracy']['value']:.1%}" for each in others]
        yield f"| {' | '.join((table_cell(name), *cells, _both(figures)))} | {figures['accuracy']['n']} |"


def _both(figures: dict[str, Any]) -> str:
    return f"{_percent(figures['accuracy'])} | {figures['balanced']['value']:.1%}"


def _percent(figure: dict[str, Any]) -> str:
    low, high = figure["interval_95"]
    return f"{figure['value']:.1%} ({low:.1%} to {high:.1%})"


def _confidence(figures: dict[str, Any], styles: Iterable[list[Any]]) -> Iterator[str]:
    """Yield the mean confidence on music of the genres and on other sound, and the accuracy of the styles."""
    means = (f"{value:.1%} on {name.removeprefix('of ')}" for name, value in figures.items() if name.startswith("of "))
    yield f"Its mean confidence is {', '.join(means)}."
    rights = (f"{right:.1%} of {name}'s {n_tracks} tracks" for name, right, n_tracks in styles)
    if words := ", ".join(rights):
        yield f"The best of the styles that name a genre, for which nothing was trained, is right for {words}."
    yield ""


def _table(introduction: str, heading: tuple[str, ...], rows: list[list[Any]]) -> Iterator[str]:
    yield f"{introduction}\n"
    yield f"| {' | '.join(heading)} |\n|{'---|' * len(heading)}"
    for row in rows:
        cells = [f"{cell:.1%}" if isinstance(cell, float) else table_cell(str(cell)) for cell in row]
        yield f"| {' | '.join(cells)} |"
