"""Settings of every run: Ctrl-C works, and one line at the end lists skipped tests and reasons.

A clone has no recordings to test with.
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.shared_data import NEEDS_DATA


def pytest_configure() -> None:
    """Restore the default handling of Ctrl-C and SIGHUP, also for the programs under test.

    Background jobs of a shell, and nohup, ignore them. Examples have no deadline: the machine may be busy.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests that use librosa in one worker.

    Numba compiles some of librosa's functions on the first call. Several processes that did so at once have corrupted
    its cache, so that later calls crashed. It also saves compiling more than once.
    """
    texts = {path: path.read_text() for path in {item.path for item in items}}
    asks_librosa = {path for path, text in texts.items() if "librosa" in text or "tolerances" in text}
    for item in items:
        if item.path in asks_librosa:
            item.add_marker(pytest.mark.xdist_group("librosa"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the line, if anything was skipped."""
    reasons = [
        str(report.longrepr[2]).removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", [])
    ]
    without_data = sum(NEEDS_DATA in reason for reason in reasons)
    others = sorted({reason for reason in reasons if NEEDS_DATA not in reason})
    told = []
    if without_data:
        told.append(f"{without_data} need recordings that may not be redistributed (../shared/data)")
    if others:
        told.append(f"{len(reasons) - without_data} {'; '.join(others)}")
    if told:
        terminalreporter.write_line(f"skipped, while all else ran: {'; '.join(told)}")
