"""Processor time and memory of ``livegenre history`` over ten years, 300,000 segments, beside a bare read of the file;
and of what the page asks of it.

python -m tests.benchmarks.history
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from edge.history.listing import Wanted, page_of
from edge.history.periods import period
from edge.history.writer import HistoryWriter
from edge.sinks.web.history_api import day_of, period_of

N_SEGMENTS, STEP_MS = 300_000, 1_052_000
BARE_READ = "import sqlite3; list(sqlite3.connect(sys.argv[3]).execute('SELECT * FROM segments'))"
COMMAND = "sys.argv[0] = 'livegenre'; from edge.cli import main; main(sys.argv[1:])"
USED = (
    "used = resource.getrusage(resource.RUSAGE_SELF); "
    "peak_kb = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]; "  # maxrss has the parent's too
    "print(used.ru_utime + used.ru_stime, int(peak_kb) / 1024, file=sys.stderr)"
)


@dataclass(frozen=True)
class Used:
    """Processor seconds and peak resident memory of a process."""

    seconds: float
    mebibytes: float


def ten_years(path: Path) -> Path:
    """Make a history of ``N_SEGMENTS``."""
    HistoryWriter(path).close()
    rows = (
        (number + 1, 1_450_000_000_000 + number * STEP_MS, 60_000 + number % 900_000, f"genre {number % 10}")
        for number in range(N_SEGMENTS)
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO segments VALUES (?, ?, ?, 'music', ?, 0.5, 120.5)", rows)
    return path


def run_on_ten_years(path: Path, *form: str, code: str = COMMAND) -> tuple[str, Used]:
    """Run the command, or ``code``, in a process of its own; returns what it printed and what it used."""
    command = [
        sys.executable,
        "-P",
        "-c",
        f"import resource, sys; {code}; {USED}",
        "history",
        "--file",
        str(path),
        *form,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, Used(*map(float, done.stderr.split()))


def main() -> None:
    """Print a line for each form, and its ratio to reading the rows alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = ten_years(Path(folder) / "history.db")
        for _ in range(3):
            bare = run_on_ten_years(path, code=BARE_READ)[1]
            print(f"bare read: {bare.seconds:.2f} s, {bare.mebibytes:.0f} MB")
            for form in ((), ("--json",), ("--csv",)):
                used = run_on_ten_years(path, *form)[1]
                ratio = used.seconds / bare.seconds
                print(f"{' '.join(('history', *form))}: {used.seconds:.2f} s ({ratio:.1f} x), {used.mebibytes:.0f} MB")
        print_page(path)


def print_page(path: Path) -> None:
    """Print the longest of five answers to each question of the page, while a recorder has the file open."""
    writer, day = HistoryWriter(path), date(2020, 10, 28)
    questions: dict[str, Callable[[], object]] = {
        "day": lambda: day_of(path, period("day", day)),
        **{span: partial(period_of, path, period(span, day)) for span in ("week", "month", "year")},
        "newest 50": lambda: page_of(path, Wanted(), None, 50),
        "a genre's newest 50": lambda: page_of(path, Wanted(label="genre 3"), None, 50),
        "a text that is nowhere": lambda: page_of(path, Wanted(text="polka"), None, 50),
    }
    for name, ask in questions.items():
        seconds = []
        for _ in range(5):
            began, used = time.perf_counter(), time.process_time()
            ask()
            seconds.append((time.perf_counter() - began, time.process_time() - used))
        longest, used = map(max, zip(*seconds, strict=True))
        print(f"page, {name}: {1000 * longest:.0f} ms, {1000 * used:.0f} ms of processor time")
    writer.close()


if __name__ == "__main__":
    main()
