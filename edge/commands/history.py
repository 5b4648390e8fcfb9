"""``livegenre history``: what was heard, day by day, or segment by segment for another program."""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import Subparsers

if TYPE_CHECKING:
    from edge.history.segments import Row

#: Where the service writes (its StateDirectory), and where a person's own runs do.
SERVICE_FILE = Path("/var/lib/livegenre/history.db")
#: The first and the last moment that Python has.
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
#: Units of relative times.
AGO = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "history",
        help="show what was heard",
        description="Show what was heard: hours per genre for each day, or every segment with --json or --csv.",
    )
    add_file_options(parser)
    moment = "a local date or time (2026-11-21, 2026-11-21T20:30), today, yesterday, or how long ago (30m, 2h, 7d)"
    parser.add_argument("--since", metavar="WHEN", help=f"from {moment}")
    parser.add_argument("--until", metavar="WHEN", help=f"to {moment}; a day counts to its end")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per segment, each on a line; times in UTC")
    form.add_argument("--csv", action="store_true", help="one line per segment, under a header; times in UTC")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the history; 0 also when nothing was heard."""
    from edge.history.reader import daily_agreement, each_row, each_span
    from edge.history.segments import daily_totals, json_line

    since = None if args.since is None else parse_moment(args.since, "--since")
    until = None if args.until is None else parse_moment(args.until, "--until", end_of_day=True)
    asked = (history_of(args), since, until)
    if args.json:
        sys.stdout.writelines(map(json_line, each_row(*asked)))
    elif args.csv:
        _print_csv(each_row(*asked))
    else:
        days = daily_totals(each_span(*asked), since, until)
        agreement = daily_agreement(*asked)
        for day, totals in days.items():
            judged, right = agreement.get(day, (0, 0))
            agreed = f"; right in {right} of {judged} that you judged" if judged else ""
            print(f"{day:%a %d %b %Y}  {summary(totals)}{agreed}")
        if not days:
            print("Nothing was heard then.", file=sys.stderr)
    return 0


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say which history is meant; see ``history_of``."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--file",
        type=path_of,
        metavar="FILE",
        help=f"history file (default: {SERVICE_FILE}, the service's, if it exists; otherwise your own)",
    )
    which.add_argument("--room", metavar="NAME", help="that of a room with this name, beside the default one")


def history_of(args: argparse.Namespace) -> Path:
    """Return the history that is meant."""
    from edge.errors import ConfigError
    from edge.rooms import RoomName, room_name

    if args.file is not None:
        return Path(args.file)
    if args.room is None:
        return _only_file()
    try:
        return RoomName(room_name(args.room)).file(default_file())
    except ValueError as error:
        raise ConfigError(f"--room {error}") from error


def _only_file() -> Path:
    """Return the default history; ``ConfigError`` where there are those of rooms in its place."""
    from edge.errors import ConfigError
    from edge.rooms import files_of_rooms

    file = default_file()
    rooms = files_of_rooms(file)
    if rooms and not file.exists():
        raise ConfigError(f"{file}: no such file, but those of rooms: choose one with --room ({', '.join(rooms)})")
    return file


def path_of(text: str) -> Path:
    """Return a path with ~ expanded, which shells do not do in ``--file=~/history.db``."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser fails for a user who does not exist


def default_file() -> Path:
    """Return the service's history where there is one, otherwise one's own."""
    from edge.history.database import own_file
    from edge.rooms import files_of_rooms

    try:
        has_service = SERVICE_FILE.exists() or bool(files_of_rooms(SERVICE_FILE))
        return SERVICE_FILE if has_service else own_file()
    except PermissionError:  # it exists and is readable by the service only: reading it will report that
        return SERVICE_FILE


def parse_moment(text: str, option: str, end_of_day: bool = False) -> datetime:
    """Return a moment for ``text``; a time without a zone is local, a day alone its start (or its end).

    A moment that the local calendar does not have becomes the first or the last there is.
    """
    from edge.errors import ConfigError

    if ago := re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|d|w)", text):
        now = datetime.now(UTC)
        return now - min(int(ago[1]) * AGO[ago[2]], now - EARLIEST)
    try:
        moment, is_day = _local(text)
    except ValueError as error:
        remedy = "write a date as 2026-11-21, a time as 2026-11-21T20:30, or how long ago as 2h"
        raise ConfigError(f"{option} {text}: {remedy}") from error
    try:
        return (moment + timedelta(days=end_of_day and is_day)).astimezone()
    except (OverflowError, ValueError):
        return EARLIEST if moment.year == 1 else LATEST


def _local(text: str) -> tuple[datetime, bool]:
    """Return a moment, and whether it is a whole day."""
    days = {"today": 0, "yesterday": 1}
    try:
        day = date.today() - timedelta(days=days[text]) if text in days else date.fromisoformat(text)
    except ValueError:
        if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
            return datetime.combine(date.today(), time.fromisoformat(text)), False
        return datetime.fromisoformat(text), False
    return datetime.combine(day, datetime.min.time()), True


def summary(totals: dict[str, float]) -> str:
    """Return one day in words: genres first, sorted by duration, ``jazz 3 h 20 min``; without warming up."""
    from edge.events import State
    from edge.words import STATE_WORDS, duration, shown

    told = [(label, seconds) for label, seconds in totals.items() if label != State.WARMING_UP and seconds >= 1]
    ordered = sorted(told, key=lambda item: (item[0] in STATE_WORDS, -item[1]))
    return ", ".join(f"{shown(label, None)} {duration(seconds)}" for label, seconds in ordered)


def _print_csv(rows: Iterable[Row]) -> None:
    from edge.history.segments import FIELDS, export_values
    from edge.words import safe

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow([safe(value) if isinstance(value, str) else value for value in export_values(row)])
