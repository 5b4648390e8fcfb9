"""The ``livegenre`` command: one module for each subcommand, and one place that turns errors into messages.

Exit statuses: 0 done (also: the reader of the output went away, or ``listen`` was stopped by SIGTERM); 1 a file
could not be read or written; 2 a wrong option, or no source; 3 no usable model; 70 a defect of ours
(``PYTHONDEVMODE=1`` shows where); 78 a daemon whose configuration or model cannot work; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import NoReturn

from edge import stdio
from edge.audio import native_stderr
from edge.audio.recovery.attempt import any_under_way
from edge.commands import (
    bench,
    classify,
    completion,
    correct,
    daemon,
    devices,
    history,
    learn,
    listen,
    selftest,
    service,
)
from edge.errors import EdgeError, SoundSystemStuck
from edge.progress import hand_over
from edge.words import safe

COMMANDS = (listen, classify, devices, selftest, bench, daemon, service, history, correct, learn, completion)

#: Exit statuses that no exception carries.
MISUSED, DEFECT, INTERRUPTED = 2, 70, 130


class _Parser(argparse.ArgumentParser):
    """A parser whose messages escape control characters, since names come from the command line."""

    def error(self, message: str) -> NoReturn:
        with suppress(OSError):  # if standard error is unwritable; newer releases of Python ignore it themselves
            super().error(safe(message))
        raise SystemExit(MISUSED)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # slow to import, and rarely asked for

        print(f"livegenre {version('livegenre')}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser for the whole command line."""
    top = _Parser(prog="livegenre", description="Says what genre of music is playing, on this device.")
    top.add_argument("-V", "--version", action=_Version, nargs=0, help="print the version and end")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    top.set_defaults(command_line=top)  # which ``completion`` describes
    return top


def _start_anew(args: argparse.Namespace, stuck: SoundSystemStuck) -> NoReturn:
    """Replace this process by a new one of the same command; threads stuck in the sound system end with it."""
    sys.stdout.flush()
    native_stderr.hand_over()
    hand_over(stuck.rooms or {"": stuck.progress})
    must_wait = getattr(args, "wait", None) is False  # the microphone was there once, and should be again
    os.execv(sys.executable, [*sys.orig_argv, *(["--wait"] if must_wait else [])])


def _hash_without_openssl() -> None:
    """Restrict hashlib to Python's own hashes, so that OpenSSL's library is not loaded for them.

    NumPy imports it (``numpy.random``, ``secrets``, ``hmac``), so deferring our own imports would not help.
    ``listen`` then has 64.5 MB resident instead of 68.4, of which 1.0 MB could be shared with no other process.
    TLS is as before: ``ssl`` loads the library itself.
    """
    if any(find_spec(name) for name in ("_sha2", "_sha256")):  # some builds of Python lack it
        sys.modules.setdefault("_hashlib", None)  # type: ignore[arg-type]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    status = _main(argv)
    if argv is None and any_under_way():
        # Python and the C library would clean up under a thread that is still inside the sound system, and crash.
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        os._exit(status)
    return status


def _main(argv: Sequence[str] | None) -> int:
    # The matrices are small: more threads cost memory and wake-ups without saving time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _hash_without_openssl()
    stdio.make_usable()
    args = argparse.Namespace()
    try:
        status = _run(argv, args)
        print(end="", flush=True)  # report write errors here, not by Python at exit
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, SoundSystemStuck) and argv is None:
            _start_anew(args, error)
        return _tell(error)
    return status


def _tell(error: Exception) -> int:
    """Print one line about an error and return the exit status; all commands use it."""
    from features_np.errors import FeatureError  # brings NumPy along

    if isinstance(error, EdgeError | FeatureError):
        stdio.tell(error)
        return getattr(error, "exit_status", EdgeError.exit_status)
    if isinstance(error, OSError):
        quietly = isinstance(error, BrokenPipeError) and stdio.reader_is_gone()
        if not quietly:
            stdio.tell(error)
        stdio.send_nowhere(sys.stdout)
        return 0 if quietly else EdgeError.exit_status
    if sys.flags.dev_mode:  # python -X dev
        raise error
    stdio.tell(f"a defect of livegenre, please report it: {type(error).__name__}: {error}")
    return DEFECT


def _run(argv: Sequence[str] | None, args: argparse.Namespace) -> int:
    try:
        parser().parse_args(argv, args)
    except SystemExit as end:  # --help, --version, or a wrong option, which argparse has told
        stdio.discard_unwritable_stderr()
        return end.code if isinstance(end.code, int) else 0
    native_stderr.silence()
    status: int = args.run(args)
    return status
