"""``livegenre completion``: scripts for shells that complete commands and options."""

from __future__ import annotations

import argparse

from edge.commands import Subparsers

SHELLS = ("bash", "zsh", "fish")
#: Values of these names are files or folders.
PATHS, FOLDERS = ("FILE", "PATH"), ("FOLDER", "MODEL")


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print a script that lets a shell complete livegenre's options",
        description="Print a script that lets a shell complete livegenre's commands, options and file names. It needs "
        "the extra: pip install 'livegenre[completion]'.",
        epilog="bash: livegenre completion bash > ~/.local/share/bash-completion/completions/livegenre. "
        "zsh: livegenre completion zsh > a folder of $fpath/_livegenre. "
        "fish: livegenre completion fish > ~/.config/fish/completions/livegenre.fish.",
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from edge.errors import ConfigError

    try:
        import shtab
    except ImportError as error:
        raise ConfigError("shtab is not installed; pip install 'livegenre[completion]'") from error
    _name_paths(args.command_line, shtab.FILE, shtab.DIRECTORY)
    print(shtab.complete(args.command_line, shell=args.shell), end="")
    return 0


def _name_paths(parser: argparse.ArgumentParser, file: object, folder: object) -> None:
    """Mark every option that takes a path as such, in ``parser`` and the commands below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _name_paths(command, file, folder)
        elif action.metavar in PATHS + FOLDERS:
            action.complete = folder if action.metavar in FOLDERS else file  # type: ignore[attr-defined]
