"""Fixtures that several tests of the device program share."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.pulse import Pulse


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    """A running PulseAudio server of this test's own, without any sink."""
    with tempfile.TemporaryDirectory(prefix="pulse-") as folder:  # short: a socket's path has 108 characters at most
        server = Pulse(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.end()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process whose local time is Berlin's, which has summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
