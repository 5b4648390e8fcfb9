"""Write the manual page from the options as they are declared: ``python -m tests.edge.manual``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from edge import cli
from edge.commands.history import SERVICE_FILE
from edge.service.systemd_unit import CONFIG
from edge.switch import PAUSED_FILE

PAGE = Path(__file__).resolve().parents[2] / "edge" / "livegenre.1"
FILES = {
    str(CONFIG): "The service's configuration; `livegenre service show --config` prints a commented example.",
    str(SERVICE_FILE): "The service's history; that of a room with a name is history-NAME.db beside it.",
    str(SERVICE_FILE.with_name(PAUSED_FILE)): "There while somebody has paused the service.",
    "~/.local/state/livegenre/history.db": "Your own history; $XDG_STATE_HOME moves it.",
}


def manual() -> str:
    """Return the page in the man macros of troff, man(7)."""
    top = cli.parser()
    lines = [
        ".\\\" Written by python -m tests.edge.manual; change the options' help instead.",
        '.TH LIVEGENRE 1 "" livegenre "User Commands"',
        ".SH NAME",
        f"livegenre \\- {escaped(str(top.description).removesuffix('.').lower())}",
        ".SH SYNOPSIS",
        *(f".br\n.B livegenre {name}\n[OPTION]..." for name, parser in commands(top) if not any(commands(parser))),
        ".SH OPTIONS",
        *options(top),
        ".SH COMMANDS",
    ]
    for name, parser in commands(top):
        lines += [
            f".SS livegenre {name}",
            *paragraphs(parser.description),
            *options(parser),
            *paragraphs(parser.epilog),
        ]
    statuses = re.search(r"Exit statuses: (.*)\.\n", str(cli.__doc__), flags=re.DOTALL)
    assert statuses, "edge.cli says no more what the exit statuses are"
    lines.append(".SH EXIT STATUS")
    for status in " ".join(statuses[1].replace("``", "").split()).split("; "):
        number, _, meaning = status.partition(" ")
        lines += [".TP", f".B {number}", escaped(meaning)]
    lines.append(".SH FILES")
    for path, meaning in FILES.items():
        lines += [".TP", f".I {escaped(path)}", escaped(meaning)]
    lines += [".SH SEE ALSO", ".BR ffmpeg (1),", ".BR arecord (1),", ".BR systemctl (1)"]
    return "\n".join(lines) + "\n"


def commands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield the name and the parser of each command, those of commands included."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"{before}{name}", command
                yield from commands(command, f"{before}{name} ")


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield lines for the arguments of one command."""
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            yield ".TP"
            yield name_of(action)
            yield escaped(action.help or "")


def name_of(action: argparse.Action) -> str:
    """Return an option's names and what follows them, as bold and italic text."""
    value = action.metavar or action.dest.upper()
    assert isinstance(value, str)
    if not action.option_strings:
        return f"\\fI{escaped(value)}\\fR" + ("..." if action.nargs in ("+", "*") else "")
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in action.option_strings)
    if action.nargs == 0:
        return names
    return f"{names} [\\fI{escaped(value)}\\fR]" if action.nargs == "?" else f"{names} \\fI{escaped(value)}\\fR"


def paragraphs(text: str | None) -> list[str]:
    """Return lines for a paragraph, or none."""
    return [".PP", escaped(text)] if text else []


def escaped(text: str) -> str:
    """Return text on one line of which troff takes nothing as its own."""
    text = " ".join(text.replace("%%", "%").split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
