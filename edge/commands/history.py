"""``livegenre history``: what was heard, day by day, or segment by segment for another program."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import Subparsers

if TYPE_CHECKING:
    from edge.sinks.history_file import Segment

#: Where the service writes (its StateDirectory), and where a person's own runs do.
SERVICE_FILE = Path("/var/lib/livegenre/history.db")


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "history",
        help="show what was heard",
        description="Show what was heard: hours per genre for each day, or every segment with --json or --csv.",
    )
    parser.add_argument(
        "--file",
        type=Path,
        help=f"history file (default: {SERVICE_FILE}, the service's, if it exists; otherwise your own)",
    )
    moment = "a local date or time (2026-11-21, 2026-11-21T20:30), today or yesterday"
    parser.add_argument("--since", metavar="WHEN", help=f"from {moment}")
    parser.add_argument("--until", metavar="WHEN", help=f"to {moment}; a day counts to its end")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per segment and line; times in UTC")
    form.add_argument("--csv", action="store_true", help="one line per segment, under a header; times in UTC")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the history; 0 also when nothing was heard."""
    from edge.sinks.history_file import daily_totals, read_segments

    since = None if args.since is None else parse_moment(args.since, "--since")
    until = None if args.until is None else parse_moment(args.until, "--until", end_of_day=True)
    segments = read_segments(args.file or _default_file(), since, until)
    if args.json:
        for segment in segments:
            print(json.dumps(segment.to_json()))
    elif args.csv:
        _print_csv(segments)
    else:
        for day, totals in daily_totals(segments, since, until).items():
            print(f"{day:%a %d %b %Y}  {summary(totals)}")
        if not segments:
            print("Nothing was heard then.", file=sys.stderr)
    return 0


def _default_file() -> Path:
    from edge.sinks.history_file import own_file

    try:
        return SERVICE_FILE if SERVICE_FILE.exists() else own_file()
    except PermissionError:  # it is there, and for the service alone: reading it will say so
        return SERVICE_FILE


def parse_moment(text: str, option: str, end_of_day: bool = False) -> datetime:
    """Return a moment for ``text``; a time without a zone is local, a day alone its start (or its end)."""
    from edge.errors import ConfigError

    words = {"today": 0, "yesterday": 1}
    if text in words:
        text = (date.today() - timedelta(days=words[text])).isoformat()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text}: write a date as 2026-11-21 or a time as 2026-11-21T20:30") from error
    if end_of_day and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        moment += timedelta(days=1)
    return moment.astimezone()


def summary(totals: dict[str, float]) -> str:
    """Return one day in words: genres first, the longest first, ``jazz 3 h 20 min``; without the warming up."""
    from edge.events import State
    from edge.words import STATE_WORDS, shown

    told = [(label, seconds) for label, seconds in totals.items() if label != State.WARMING_UP and seconds >= 1]
    ordered = sorted(told, key=lambda item: (item[0] in STATE_WORDS, -item[1]))
    return ", ".join(f"{shown(label, None)} {in_words(seconds)}" for label, seconds in ordered)


def in_words(seconds: float) -> str:
    """Return a duration for people: ``3 h 20 min``, ``5 min``, ``40 s``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _print_csv(segments: Sequence[Segment]) -> None:
    from edge.words import safe

    columns = ("start", "end", "duration_s", "state", "genre", "confidence", "tempo_bpm")
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for segment in segments:
        row = segment.to_json()
        writer.writerow({**row, "state": safe(row["state"]), "genre": row["genre"] and safe(row["genre"])})
