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

from build.audio.simulated_microphone import Part
from build.corpora.gtzan import load_joined
from build.errors import run_command
from build.extract import heard_rows
from build.report.evaluation import CONFUSION_FILE, RELIABILITY_FILE, Evaluation, save_confusion, save_reliability
from build.score import scoring
from build.score.scoring import MicrophoneScores, Scores, TempoScores
from build.tables.feature_table import AUDIO_SUFFIXES, GTZAN, FeatureTable, read_list, read_tracks, track_key
from build.tables.splits import FAULT_FILTERED
from edge.model.bundle import Bundle, load_bundle

TEMPO = "tempo_bpm"
#: Shorter recordings say little of a model that hears 30 s; GTZAN's clips of 2 to 3 s are among them.
SHORTEST_S = 10.0
#: Rooms, noises and gains that each track is heard in.
MICROPHONE_DRAWS = 3


def split_name(list_: Path) -> str:
    """Return the name that figures on a list carry."""
    published = list_.resolve().parent == (GTZAN / "splits").resolve()
    return f"{list_.stem}: {FAULT_FILTERED}" if published else f"list {list_.name}"


def tempo_of_features(table: FeatureTable, tracks: Path, split: str) -> TempoScores | None:
    """Return the table's tempi beside those that ``tracks`` annotates; None if it annotates none of them."""
    known = read_tracks(tracks)
    rows = [row for row, key in enumerate(table.keys) if key in known and known[key].tempo_bpm]
    if not rows:
        return None
    chosen = table.rows(rows)
    annotated = np.array([known[key].tempo_bpm for key in chosen.keys], dtype=np.float64)
    return TempoScores(split, chosen.matrix([TEMPO])[:, 0].astype(np.float64), annotated)


def evaluate_audio(bundle: Bundle, recordings: dict[str, Path], split: str) -> tuple[Scores, FeatureTable]:
    """Classify recordings; returns their features too."""
    table = heard_rows.features_of(recordings, bundle.spec)
    return scoring.score(bundle, table, split), table


def evaluate_microphone(bundle: Bundle, recordings: dict[str, Path], clean: Scores) -> MicrophoneScores:
    """Classify recordings as simulated microphones hear them, in rooms and noises that no model is trained with."""
    draws = [heard_rows.Microphone(Part.EVALUATION, draw) for draw in range(MICROPHONE_DRAWS)]
    tables = heard_rows.features_after(recordings, bundle.spec, draws)
    return MicrophoneScores(clean, tuple(scoring.score(bundle, table, clean.split) for table in tables))


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of a bundle (default: the shipped model)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--features", type=Path, default=GTZAN / "features", help="features CSV or folder of tables")
    source.add_argument("--audio", type=Path, help="folder of recordings, GENRE/TRACK.wav, instead of features")
    parser.add_argument("--list", type=Path, dest="list_", help="tracks to score, a line each (default: all)")
    parser.add_argument("--mic", action="store_true", help="with --audio: through a simulated microphone as well")
    parser.add_argument("--tracks", type=Path, help="tracks.csv with annotated tempi, to score the tempo too")
    parser.add_argument("--plots", type=Path, help="folder for the confusion matrix and the reliability diagram")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.mic and not arguments.audio:
        parser.error("--mic needs --audio: a microphone is simulated on recordings")
    return run_command(lambda: _run(arguments), "build.evaluate")


def _run(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.model)
    microphone = None
    if arguments.audio:
        keys = read_list(arguments.list_) if arguments.list_ else _keys_of_folder(arguments.audio)
        recordings = heard_rows.find_recordings(arguments.audio, keys, SHORTEST_S)
        name = split_name(arguments.list_) if arguments.list_ else f"all of {arguments.audio.name}"
        split = f"{name}; the {len(recordings)} of {len(keys)} with {SHORTEST_S:g} s of audio or more"
        scores, table = evaluate_audio(bundle, recordings, split)
        microphone = evaluate_microphone(bundle, recordings, scores) if arguments.mic else None
    else:
        table, split = load_joined(arguments.features), f"all of {arguments.features.name}"
        if arguments.list_:
            table, split = table.select(read_list(arguments.list_)), split_name(arguments.list_)
        scores = scoring.score(bundle, table, split)
    tempo = tempo_of_features(table, arguments.tracks, split) if arguments.tracks else None
    show(Evaluation(scores, tempo, microphone), as_json=arguments.json, plots=arguments.plots)


def _keys_of_folder(folder: Path) -> list[str]:
    return sorted(track_key(path) for path in folder.glob("*/*") if path.suffix.lower() in AUDIO_SUFFIXES)


def show(evaluation: Evaluation, *, as_json: bool, plots: Path | None) -> None:
    """Print figures for a person or a machine, and draw them into the folder ``plots``."""
    if as_json:
        print(json.dumps(evaluation.to_dict()))
    else:
        evaluation.print(Console())
    if plots:
        plots.mkdir(parents=True, exist_ok=True)
        save_confusion(evaluation.scores, plots / CONFUSION_FILE)
        save_reliability(evaluation.scores, plots / RELIABILITY_FILE)


if __name__ == "__main__":
    raise SystemExit(main())
