"""``livegenre selftest``: does it work on this device, and if not, what to do."""

from __future__ import annotations

import argparse

from edge import words
from edge.commands import Subparsers, add_model_option


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "selftest",
        help="check that it works on this device",
        description="Check the model, its probe, the features' parity with librosa, and the microphone, which it "
        "listens to for three seconds. The exit status is that of the first failure: 2 microphone, 3 the rest.",
    )
    parser.add_argument("--mic", metavar="NAME", help="the microphone to check (default: the default one)")
    add_model_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line per check and a verdict; the first failure's exit status."""
    from edge.selftest import checks

    failed = []
    for check in checks(args.model, args.mic):
        print(f"{'ok' if check.passed else 'FAILED':8}{check.name:12}{words.safe(check.words)}", flush=True)
        if not check.passed:
            failed.append(check)
    if not failed:
        print("Everything works. Next: livegenre listen")
        return 0
    print(f"Mend this first: {failed[0].name}.")
    return failed[0].exit_status
