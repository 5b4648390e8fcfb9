"""``livegenre selftest``: check the installation, with remedies for failures."""

from __future__ import annotations

import argparse
import json

from edge import words
from edge.commands import Subparsers, add_model_option


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "selftest",
        help="check that it works on this device",
        description="Check the model, its probe, the features' parity with librosa, and the microphone, which it "
        "listens to for three seconds. The exit status is that of the first failure: 2 for the microphone, 3 for the "
        "rest. No microphone at all is only a warning.",
    )
    parser.add_argument("--mic", metavar="NAME", help="the microphone to check (default: the default one)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, at the end")
    add_model_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line per check and a verdict; the first failure's exit status."""
    from edge.diagnostics.selftest import checks

    outcomes = []
    for check in checks(args.model, args.mic):
        outcomes.append(check)
        if not args.json:
            print(f"{check.verdict:8}{check.name:12}{words.safe(check.words)}", flush=True)
    failed = [check for check in outcomes if not check.passed]
    status = failed[0].exit_status if failed else 0
    if args.json:
        print(json.dumps({"exit_status": status, "checks": [check.to_json() for check in outcomes]}))
    elif failed:
        print(f"Fix this first: {failed[0].name}.")
    elif any(check.is_warning for check in outcomes):
        print("Everything works but for the warning. Next: livegenre listen --demo, or livegenre classify FILE")
    else:
        print("Everything works. Next: livegenre listen")
    return status
