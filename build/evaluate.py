"""Score a model bundle through the classifier that runs on the device: what is reported is what ships.

``python -m build.evaluate --list LIST`` scores a feature table's rows, ``--audio DIR`` the recordings themselves.
TensorFlow is not needed and not loaded.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console

from build import report, scoring
from build.datasets import GTZAN, FeatureTable, read_list, read_tracks
from build.errors import run_command
from build.logmel import load_with_frames
from build.scoring import Scores, TempoScores
from build.splits import FAULT_FILTERED
from edge.bundle import Bundle, load_bundle

TEMPO = "tempo_bpm"


def split_name(list_: Path) -> str:
    """Return the name that figures on a list carry."""
    published = list_.resolve().parent == (GTZAN / "splits").resolve()
    return f"{list_.stem}: {FAULT_FILTERED}" if published else f"list {list_.name}"


def evaluate_features(bundle: Bundle, table: FeatureTable, split: str) -> Scores:
    """Classify a table's rows."""
    return scoring.score(bundle, table, split)


def tempo_of_features(table: FeatureTable, tracks: Path, split: str) -> TempoScores | None:
    """Return the table's tempi beside those that ``tracks`` annotates; None if it annotates none of them."""
    known = read_tracks(tracks)
    rows = [row for row, key in enumerate(table.keys) if key in known and known[key].tempo_bpm]
    if not rows:
        return None
    chosen = table.rows(rows)
    annotated = np.array([known[key].tempo_bpm for key in chosen.keys], dtype=np.float64)
    return TempoScores(split, chosen.matrix([TEMPO])[:, 0].astype(np.float64), annotated)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of a bundle (default: the shipped model)")
    parser.add_argument("--features", type=Path, default=GTZAN / "features", help="features CSV or folder of tables")
    parser.add_argument("--list", type=Path, dest="list_", help="tracks to score, a line each (default: all)")
    parser.add_argument("--tracks", type=Path, help="tracks.csv with annotated tempi, to score the tempo too")
    parser.add_argument("--plots", type=Path, help="folder for the confusion matrix and the reliability diagram")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()

    def body() -> None:
        bundle = load_bundle(arguments.model)
        table = load_with_frames(arguments.features)
        split = f"all of {arguments.features.name}"
        if arguments.list_:
            table, split = table.select(read_list(arguments.list_)), split_name(arguments.list_)
        scores = evaluate_features(bundle, table, split)
        tempo = tempo_of_features(table, arguments.tracks, split) if arguments.tracks else None
        show(scores, tempo, as_json=arguments.json, plots=arguments.plots)

    return run_command(body, "build.evaluate")


def show(scores: Scores, tempo: TempoScores | None, *, as_json: bool, plots: Path | None) -> None:
    """Print figures for a person or a machine, and draw them into the folder ``plots``."""
    if as_json:
        print(json.dumps(report.to_dict(scores, tempo)))
    else:
        report.print_scores(scores, tempo, Console())
    if plots:
        plots.mkdir(parents=True, exist_ok=True)
        report.save_confusion(scores, plots / report.CONFUSION_FILE)
        report.save_reliability(scores, plots / report.RELIABILITY_FILE)


if __name__ == "__main__":
    raise SystemExit(main())
