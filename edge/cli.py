"""The ``livegenre`` command: one module for each subcommand, and one place where errors become words.

Exit statuses: 0 done (also: the reader of the output went away, or ``listen`` was stopped by a signal); 1 a file
could not be read or written; 2 a wrong option, or no source; 3 no usable model; 78 a daemon whose configuration or
model cannot work; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

from edge.audio import native_stderr
from edge.commands import bench, classify, daemon, devices, history, listen, selftest, service
from edge.errors import EdgeError, SoundSystemStuck

COMMANDS = (listen, classify, devices, selftest, bench, daemon, service, history)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # slow to import, and rarely asked for

        print(f"livegenre {version('livegenre')}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser for the whole command line."""
    top = argparse.ArgumentParser(prog="livegenre", description="Says what genre of music is playing, on this device.")
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return top


def _start_anew(args: argparse.Namespace) -> NoReturn:
    """Replace this process by a new one of the same command; threads stuck in the sound system end with it."""
    sys.stdout.flush()
    native_stderr.hand_over()
    must_wait = getattr(args, "wait", None) is False  # the microphone was there once, and should be again
    os.execv(sys.executable, [*sys.orig_argv, *(["--wait"] if must_wait else [])])


def _reader_is_gone() -> bool:
    """Whether nobody reads standard output any more; any other pipe or socket can break as well."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):  # no file at all
        return False
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in poll.poll(0))


def _spare_openssl() -> None:
    """Let hashlib, which NumPy imports, do with Python's own hashes: OpenSSL's library takes 4 MB of memory."""
    if any(find_spec(name) for name in ("_sha2", "_sha256")):  # some distributions build Python without
        sys.modules.setdefault("_hashlib", None)  # type: ignore[arg-type]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    # The matrices here are small: more threads cost memory and wake-ups, and save no time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _spare_openssl()
    args = parser().parse_args(argv)
    native_stderr.silence()
    try:
        status: int = args.run(args)
        print(end="", flush=True)  # what cannot be written should be told here, not by Python at exit
    except SoundSystemStuck as error:
        if argv is None:
            _start_anew(args)
        print(f"livegenre: {error}", file=sys.stderr)
        return error.exit_status
    except EdgeError as error:
        print(f"livegenre: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        quietly = isinstance(error, BrokenPipeError) and _reader_is_gone()
        if not quietly:
            print(f"livegenre: {error}", file=sys.stderr)
        # What is left for it would make Python complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if quietly else 1
    except KeyboardInterrupt:
        return 130
    return status
