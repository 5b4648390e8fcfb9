"""The subcommands of ``livegenre``, a module each.

``add_parser(subparsers)`` declares the options and sets ``run``; ``run(args)`` does the work and returns the exit
status. Modules import at their top only what declaring options needs, so that ``livegenre --help`` is quick.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--model``, which every command that classifies has."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="folder of your own model, or classic for the small one without a listener (default: the shipped one)",
    )


def add_styles_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--no-styles``, for the commands that print styles."""
    parser.add_argument(
        "--no-styles", action="store_true", help="say only the model's genres, not the styles that it sounds like"
    )
