"""Score a model bundle through the classifier that runs on the device.

``python -m build.evaluate --list LIST`` scores a feature table's rows, ``--audio DIR`` the recordings themselves.
TensorFlow is not needed and not loaded.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console

from build.audio.dataset import find_tracks
from build.corpora.gtzan import load_joined
from build.errors import run_command
from build.extract.rows import find_recordings
from build.report.evaluation import CONFUSION_FILE, RELIABILITY_FILE, Evaluation, save_confusion, save_reliability
from build.score import scoring
from build.score.scoring import TempoScores
from build.score.whole_recordings import score_recordings, score_through_microphones
from build.tables import splits
from build.tables.edition import edition_of
from build.tables.feature_table import GTZAN, FeatureTable, Track, read_list, read_tracks
from build.tables.provenance import have_trained
from edge.audio import native_stderr
from edge.model.bundle import load_bundle
from edge.words import safe

TEMPO = "tempo_bpm"
#: Shorter recordings, like GTZAN's clips of 2 to 3 s, say little about a model of 30 s windows.
SHORTEST_S = 10.0


def split_name(list_: Path, tracks: dict[str, Track]) -> str:
    """Return the name of the split for figures on a list; for GTZAN's lists, with the edition of the data."""
    if list_.resolve().parent != (GTZAN / "splits").resolve():
        return f"list {list_.name}"
    edition = f"; {edition_of(tracks)}" if tracks else ""
    return f"{list_.stem}: {splits.FAULT_FILTERED}{edition}"


def tempo_of_features(table: FeatureTable, tracks: dict[str, Track], split: str) -> TempoScores | None:
    """Return the table's tempi beside those that ``tracks`` annotates; None if it annotates none of them."""
    rows = [row for row, key in enumerate(table.keys) if key in tracks and tracks[key].tempo_bpm]
    if not rows:
        return None
    chosen = table.rows(rows)
    annotated = np.array([tracks[key].tempo_bpm for key in chosen.keys], dtype=np.float64)
    return TempoScores(split, chosen.matrix([TEMPO])[:, 0].astype(np.float64), annotated)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of a bundle (default: the shipped model)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--features", type=Path, default=GTZAN / "features", help="features CSV or folder of tables")
    source.add_argument("--audio", type=Path, help="folder of recordings, GENRE/TRACK.wav, instead of features")
    parser.add_argument("--list", type=Path, dest="list_", help="tracks to score, a line each (default: all)")
    parser.add_argument("--mic", action="store_true", help="with --audio: through a simulated microphone as well")
    parser.add_argument("--tracks", type=Path, help="tracks.csv with artists (for intervals) and annotated tempi")
    parser.add_argument("--plots", type=Path, help="folder for the confusion matrix and the reliability diagram")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.mic and not arguments.audio:
        parser.error("--mic needs --audio: a microphone is simulated on recordings")
    return run_command(lambda: _run(arguments), "build.evaluate")


def _run(arguments: argparse.Namespace) -> None:
    tracks = known_tracks(arguments)
    evaluate = evaluate_audio if arguments.audio else evaluate_table
    show(evaluate(arguments, tracks), as_json=arguments.json, plots=arguments.plots)


def known_tracks(arguments: argparse.Namespace) -> dict[str, Track]:
    """Return the metadata of the tracks: from ``--tracks``, or for GTZAN's features from its table."""
    if arguments.tracks is None and arguments.audio is None and arguments.features == GTZAN / "features":
        arguments.tracks = GTZAN / "tracks.csv"
    return read_tracks(arguments.tracks) if arguments.tracks else {}


def evaluate_table(arguments: argparse.Namespace, tracks: dict[str, Track]) -> Evaluation:
    """Score the rows of a feature table."""
    bundle = load_bundle(arguments.model)
    table, split = load_joined(arguments.features), f"all of {arguments.features.name}"
    if arguments.list_:
        table, split = table.select(read_list(arguments.list_)), split_name(arguments.list_, tracks)
    seen = have_trained(bundle.sidecar["training"], table.keys, table.matrix(bundle.vector_names))
    known, unknown = (table.rows(np.flatnonzero(chosen)) for chosen in (seen, ~seen))
    trained = scoring.score(bundle, known, split, tracks) if len(known) else None
    if trained and not len(unknown):
        return Evaluation(trained, tempo_of_features(known, tracks, split), trained=trained)
    scores = scoring.score(bundle, unknown, split, tracks)
    return Evaluation(scores, tempo_of_features(unknown, tracks, split), trained=trained)


def evaluate_audio(arguments: argparse.Namespace, tracks: dict[str, Track]) -> Evaluation:
    """Score recordings as ``livegenre classify`` does, and on request through microphones."""
    keys = read_list(arguments.list_) if arguments.list_ else tuple(find_tracks(arguments.audio))
    recordings = find_recordings(arguments.audio, keys, SHORTEST_S)
    if missing := sorted(set(keys) - find_tracks(arguments.audio).keys()):
        text = f"{len(missing)} of {len(keys)} tracks of {arguments.list_} are not there, the first is {missing[0]}"
        print(safe(f"{arguments.audio}: {text}"), file=sys.stderr)
    name = split_name(arguments.list_, tracks) if arguments.list_ else f"all of {arguments.audio.name}"
    split = f"{name}; the {len(recordings)} of {len(keys)} with {SHORTEST_S:g} s of audio or more"
    seen = have_trained(load_bundle(arguments.model).sidecar["training"], list(recordings))
    known, unknown = (dict(itertools.compress(recordings.items(), chosen)) for chosen in (seen, ~seen))
    trained = score_recordings(known, tracks, arguments.model, split) if known else None
    judged_scores = score_recordings(unknown, tracks, arguments.model, split) if unknown or not trained else trained
    judged = unknown or known
    microphone = (
        score_through_microphones(judged, tracks, arguments.model, judged_scores.scores) if arguments.mic else None
    )
    return Evaluation(judged_scores.scores, judged_scores.tempo, microphone, trained.scores if trained else None)


def show(evaluation: Evaluation, *, as_json: bool, plots: Path | None) -> None:
    """Print figures as text or JSON, and draw them into the folder ``plots``."""
    if as_json:
        print(json.dumps(evaluation.to_dict()))
    else:
        evaluation.print(Console())
    if plots:
        plots.mkdir(parents=True, exist_ok=True)
        save_confusion(evaluation.scores, plots / CONFUSION_FILE)
        save_reliability(evaluation.scores, plots / RELIABILITY_FILE)


if __name__ == "__main__":
    native_stderr.silence()  # what a TFLite runtime says of itself
    raise SystemExit(main())
