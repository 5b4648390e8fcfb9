"""``livegenre daemon``: listen as a service."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "daemon",
        help="listen as a service",
        description="Listen as a service: no screen, a history of what was heard, messages on stderr. SIGHUP reads "
        "the configuration again, SIGTERM ends in order. `livegenre service install` sets it up.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration in TOML")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until the source ends or a signal asks to stop; status 78 for errors that a restart cannot fix."""
    from edge.service import daemon

    return daemon.run(args.config)
