"""``livegenre classify``: the genre of audio files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from edge import stdio, words
from edge.commands import Subparsers, add_model_option, add_styles_option

if TYPE_CHECKING:
    from edge.files.batch import Outcome
    from edge.files.found_files import Found
    from edge.files.whole_file import Verdict


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "classify",
        help="classify audio files",
        description="Say the genre of audio files: wav, flac, ogg, mp3, at any rate and channel count; m4a, aac, wma "
        "and more where ffmpeg is installed.",
        epilog="A file that cannot be read is named on stderr, all others are still classified, and the exit status "
        "is 1; with --json it is an object with path and error. A file that is damaged or cut short is judged by what "
        "is there, and named on stderr too. A genre in brackets is only the nearest one that the model knows: the "
        "style that leads is none of its genres.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="file, folder (with everything in it), playlist (.m3u, .m3u8), or - for a file on standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="work in N processes (default 1)")
    add_model_option(parser)
    add_styles_option(parser)
    parser.set_defaults(run=run)


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: write a number of processes, from 1 on")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Classify each file; status 1 if any could not be read."""
    from edge.files.batch import Failure, classify_all
    from edge.files.found_files import found_files
    from edge.model.bundle import load_bundle

    bundle = load_bundle(args.model)
    n_failed = 0
    styles = "  STYLES" if bundle.styles and not args.no_styles else ""
    with ExitStack() as kept:
        files = found_files(args.paths, kept)
        width = max(words.n_columns(words.safe(found.name)) for found in files)
        if not args.json:
            header = f"{'FILE':{width}}  {'GENRE':12} {'SURE':>5}  {'TEMPO':>7}  {'LENGTH':>7}  {'NEXT':15}{styles}"
            print(header.rstrip(), flush=True)
        with _progress(files) as done, closing(classify_all(files, bundle, args.model, args.jobs)) as outcomes:
            for outcome in outcomes:
                n_failed += isinstance(outcome, Failure)
                if args.no_styles and not isinstance(outcome, Failure):
                    outcome = replace(outcome, styles=None, nearest=False)  # noqa: PLW2901
                done(partial(_tell, outcome, width, as_json=args.json))
    return 1 if n_failed else 0


def _tell(outcome: Outcome, width: int, *, as_json: bool) -> None:
    from edge.files.batch import Failure

    problem = outcome if isinstance(outcome, Failure) else outcome.warning
    if problem is not None:
        stdio.tell(problem)
    if as_json:
        print(json.dumps(outcome.to_json()), flush=True)
    elif not isinstance(outcome, Failure):
        print(_row(outcome, width), flush=True)


def _row(verdict: Verdict, width: int) -> str:
    from edge.live.decision import NO_MUSIC

    tempo_bpm = None if verdict.genre == NO_MUSIC else verdict.tempo_bpm
    ranked = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
    following = f"{words.label(ranked[1][0])} {ranked[1][1]:.0%}" if len(ranked) > 1 else ""
    genre = f"({words.label(verdict.genre)})" if verdict.nearest else words.label(verdict.genre)
    path, genre = words.table_cell(verdict.path, width), words.table_cell(genre, 12)
    tempo, length = words.tempo(tempo_bpm), words.clock(verdict.duration_s)
    styles = words.styles(verdict.styles or {})
    return f"{path}  {genre} {verdict.confidence:>5.0%}  {tempo:>7}  {length:>7}  {following:15}  {styles}".rstrip()


@contextmanager
def _progress(files: Sequence[Found]) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Yield a function that prints a file's outcome; on a terminal, above a progress bar."""
    if len(files) < 2 or not stdio.can_be_drawn_on(sys.stderr):
        yield lambda tell: tell()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("", total=len(files))

        def done(tell: Callable[[], None]) -> None:
            bar.stop()  # which erases the bar: both streams may be the same terminal
            tell()
            bar.advance(task)
            bar.start()

        yield done
