"""``livegenre classify``: the genre of audio files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edge import streams, words
from edge.commands import Subparsers, add_model_option

if TYPE_CHECKING:
    from edge.live.whole_file import Verdict


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "classify",
        help="say the genre of audio files",
        description="Say the genre of audio files: wav, flac, ogg, mp3, at any rate and channel count.",
        epilog="A file that cannot be read is named on stderr, the others still go through, and the exit status is 1.",
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_model_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Classify each file; status 1 if any could not be read."""
    from edge.errors import AudioFileError
    from edge.live.whole_file import classify_file
    from edge.model.bundle import load_bundle

    bundle = load_bundle(args.model)
    status = 0
    width = max(words.n_columns(words.safe(path)) for path in args.paths)
    if not args.json:
        print(f"{'FILE':{width}}  {'GENRE':12} {'SURE':>5}  {'TEMPO':>7}  {'LENGTH':>7}  NEXT")
    for path in args.paths:
        try:
            verdict = classify_file(path, bundle)
        except AudioFileError as error:
            streams.tell(error)
            status = 1
            continue
        print(json.dumps(verdict.to_json()) if args.json else _row(verdict, width), flush=True)
    return status


def _row(verdict: Verdict, width: int) -> str:
    from edge.live.decision import NO_MUSIC

    tempo_bpm = None if verdict.genre == NO_MUSIC else verdict.tempo_bpm
    ranked = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    following = f"{words.label(ranked[1][0])} {ranked[1][1]:.0%}" if len(ranked) > 1 else ""
    path, genre = words.table_cell(verdict.path, width), words.table_cell(words.label(verdict.genre), 12)
    tempo, length = words.tempo(tempo_bpm), words.clock(verdict.duration_s)
    return f"{path}  {genre} {verdict.confidence:>5.0%}  {tempo:>7}  {length:>7}  {following}"
