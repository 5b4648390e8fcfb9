"""``livegenre learn``: learn on this device from corrections and confirmations."""

from __future__ import annotations

import argparse

from edge import stdio
from edge.commands import Subparsers, add_model_option
from edge.commands.history import add_file_options, history_of


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "learn",
        help="learn from your corrections, on this device",
        description="Learn from your corrections and confirmations (`livegenre correct`, also --right): fit a personal "
        "layer over the model, in seconds. It is evaluated on records that it did not learn from, and used only if it "
        "is better there and no worse on the model's reference rows. A genre of your own takes ten corrections to it. "
        "Whatever listens with this history uses the layer at once.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--status", action="store_true", help="show the layer in use, and the outcome of the last learning"
    )
    what.add_argument("--undo", action="store_true", help="undo the last learning; corrections stay")
    add_file_options(parser)
    add_model_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Learn and print the outcome; returns 0 also if the result is rejected."""
    from edge.learning import keeping
    from edge.model.bundle import load_bundle
    from edge.words import safe

    file = history_of(args)
    if args.undo:
        left = keeping.undo(file)
        print(f"undone; {'the layer before it is in use' if left else 'the model answers alone'}")
        return 0
    bundle = load_bundle(args.model)
    if args.status:
        print(safe(keeping.status(file, bundle)))
        return 0
    judged, trouble = keeping.learn(file, bundle, args.model)
    for words in trouble:
        stdio.tell(words)
    print(safe(judged))
    return 0
