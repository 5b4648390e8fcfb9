"""Learning once a night: in its hour, in a process of its own, and its end is told."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

import pytest

from edge.learning import keeping
from edge.model.personal import LayerWatch, layer_beside
from edge.service.nightly import LearningConfig, Nightly
from tests.edge.learning.household import CLASSIC, keep
from tests.edge.learning.test_learning import two_kinds
from tests.edge.pulse import wait_until

NIGHT, DAY = datetime(2026, 11, 28, 4, 30), datetime(2026, 11, 28, 12)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    keep(tmp_path / "h.db", *two_kinds(12))
    return tmp_path / "h.db"


def ended(nightly: Nightly, now: datetime = NIGHT) -> bool:
    nightly.look(now)
    return nightly._child is None


def test_it_learns_in_its_hour_and_what_listens_uses_it(history: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    nightly, watch = Nightly(LearningConfig(enabled=True), history, "classic"), LayerWatch(history, CLASSIC)
    nightly.look(DAY)
    assert nightly._child is None, "not by day"
    nightly.look(NIGHT)
    wait_until(lambda: ended(nightly), 300, "it has ended")
    assert "24 after; kept" in caplog.text
    wait_until(watch.look, 30, "it is noticed")
    assert watch.layer is not None
    nightly.look(NIGHT.replace(minute=45))
    assert nightly._child is None, "once a night"
    caplog.clear()
    nightly.look(NIGHT.replace(day=29))
    wait_until(lambda: ended(nightly), 300, "it has ended")
    assert not caplog.text, "nothing is new, and nothing is said"
    nightly.close()


def test_what_fails_is_told_and_does_not_come_through(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    nightly = Nightly(LearningConfig(enabled=True), tmp_path / "none.db", "classic")
    nightly.look(NIGHT)
    wait_until(lambda: ended(nightly), 300, "it has ended")
    assert "learning failed (status 1)" in caplog.text
    assert "nothing has been recorded there yet" in caplog.text


def test_its_process_ends_with_what_started_it(history: Path) -> None:
    nightly = Nightly(LearningConfig(enabled=True), history, "classic")
    nightly.look(NIGHT)
    assert nightly._child is not None
    child = nightly._child.pid
    nightly.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not layer_beside(history).exists() or keeping.notes(history)
