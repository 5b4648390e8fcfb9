"""The parts of a model card that only a model with a listener has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def more_tables(metrics: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the sections on robustness, other music, confidence, ablation, styles and own genres."""
    if not (listening := metrics.get("listening")):
        return
    yield from _section("Windows, microphones, talking people", _heard(listening))
    folds = [(name, metrics[key]) for key, name in _FOLDS.items() if key in metrics]
    yield from _section("Other artists, other collections", _held_out(folds))
    yield from _section("How sure it is", _confidence(metrics["confidence"]))
    for key, (title, introduction, heading) in _TABLES.items():
        if rows := metrics.get(key):
            yield from _section(title, _table(introduction, heading, rows))


_FOLDS = {
    "folds": "five folds inside train",
    "folds, microphone": "the same, one simulated microphone",
    "folds, train and valid": "five folds inside train and valid",
}
_TABLES = {
    "ablation": (
        "What each part is worth",
        "Five folds by artist inside train, whole tracks of GTZAN; the microphone is one of evaluation. Where nothing "
        "else is said, discriminants alone.",
        ("head hears", "recordings", "microphone", "songs, balanced"),
    ),
    "learning": (
        "Own genres",
        "The listener stays as it is and a head alone is fitted, to so many tracks a genre of GTZAN's train list and "
        "of the other collections; judged on whole valid tracks, mean of five draws.",
        ("tracks a genre", "accuracy", "balanced", "worst of five", "best of five"),
    ),
    "zero_shot": (
        "Styles",
        "The best of the styles that name a genre, nothing trained: what is known of how right they are. YAMNet's "
        "authors state a mean average precision of 0.306 over AudioSet's 521 classes.",
        ("on", "accuracy", "tracks"),
    ),
}


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from lines
    yield ""


def _heard(listening: dict[str, Any]) -> Iterator[str]:
    yield "| heard | accuracy | balanced over genres | tracks |\n|---|---|---|---|"
    ways = {"whole recordings": listening["whole"], "through microphones": listening["microphones"]}
    ways |= {f"windows of {name}": figures for name, figures in listening["windows"].items()}
    ways |= {f"people talking, music at {name}": figures for name, figures in listening["talkers"].items()}
    if "recorded room" in listening:
        ways["in rooms that a phone recorded"] = listening["recorded room"]
    if "clips" in listening:
        ways["clips, where there is no more"] = listening["clips"]
    for name, figures in ways.items():
        yield f"| {name} | {_both(figures)} | {figures['accuracy']['n']} |"
    drop = listening["microphones"]["drop"]
    low, high = drop["interval_95"]
    yield f"\nMicrophones cost {100 * drop['value']:.1f} points ({100 * low:.1f} to {100 * high:.1f})."


def _held_out(folds: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    yield "| held out | collection | accuracy | balanced over genres | pieces |\n|---|---|---|---|---|"
    for what, collections in folds:
        for name, figures in collections.items():
            yield f"| {what} | {name} | {_both(figures)} | {figures['accuracy']['n']} |"


def _both(figures: dict[str, Any]) -> str:
    return " | ".join(_percent(figures[name]) for name in ("accuracy", "balanced"))


def _percent(figure: dict[str, Any]) -> str:
    low, high = figure["interval_95"]
    return f"{figure['value']:.1%} ({low:.1%} to {high:.1%})"


def _confidence(figures: dict[str, Any]) -> Iterator[str]:
    yield "Mean confidence of its answers; where it was not made for what it hears, it should fall.\n"
    yield "| of | confidence |\n|---|---|"
    for name, value in figures.items():
        if name != "calibration error":
            yield f"| {name.removeprefix('of ')} | {value:.1%} |"


def _table(introduction: str, heading: tuple[str, ...], rows: list[list[Any]]) -> Iterator[str]:
    yield f"{introduction}\n"
    yield f"| {' | '.join(heading)} |\n|{'---|' * len(heading)}"
    for row in rows:
        cells = [f"{cell:.1%}" if isinstance(cell, float) else str(cell) for cell in row]
        yield f"| {' | '.join(cells)} |"
