"""``livegenre correct``: correct the genre of what was heard."""

from __future__ import annotations

import argparse
from datetime import timedelta

from edge.commands import Subparsers
from edge.commands.history import add_file_options, history_of, parse_moment


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "correct",
        help="correct or confirm a genre",
        description="Correct or confirm the genre of what is playing, or of what was playing at some time. The history "
        "keeps it beside the model's answer, with the head's input (never audio): `livegenre learn` learns from them.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("label", nargs="?", metavar="LABEL", help="one of the model's labels, such as jazz or 'no music'")
    what.add_argument("--right", action="store_true", help="confirm the model's answer, from which it learns, too")
    what.add_argument("--undo", action="store_true", help="undo the last correction of that")
    parser.add_argument("--own", action="store_true", help="LABEL may be a genre of your own, such as tango")
    parser.add_argument(
        "--at",
        metavar="WHEN",
        help="what was heard then: 20:15, 2026-11-21T20:15, or 30m for half an hour ago (default: what is playing)",
    )
    add_file_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Correct, or undo a correction, and print the segment."""
    from edge import words
    from edge.errors import ConfigError
    from edge.history.corrections import confirm, correct, undo

    if args.own and args.label is None:
        raise ConfigError("--own: name the genre, livegenre correct tango --own")

    file = history_of(args)
    at = None if args.at is None else parse_moment(args.at, "--at")
    if args.undo:
        done = undo(file, at)
    else:
        done = confirm(file, at) if args.right else correct(file, args.label, at, own=args.own)
    segment = done.segment
    heard = f"{segment.start.astimezone():%a %d %b %Y %H:%M:%S}, {words.duration(segment.duration_s)}"
    said = words.label(words.shown(segment.state, segment.genre))
    if segment.corrected is None:
        print(f"{heard}: {said}, as the model answered")
        return 0
    label = words.label(segment.corrected)
    verb = "is right" if label == said else f"is {label}"
    within = segment.start.astimezone() + timedelta(seconds=1)  # truncated to seconds
    print(f"{heard}: {said} {verb}. To undo: livegenre correct --undo --at {within:%Y-%m-%dT%H:%M:%S}")
    if not done.teaches:
        print("It is too long ago to learn from: the numbers that the model heard then are no longer kept.")
    return 0
