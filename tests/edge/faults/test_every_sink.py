"""Every sink of the configuration against every fault: listening goes on.

A new sink needs only its peer in ``OTHER_ENDS`` to get all of these tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.sinks.every_face import FACES
from tests.edge.faults.nursery import KEPT, Life
from tests.edge.faults.other_ends import OTHER_ENDS, Disk, OtherEnd, Wall

SINKS = ["history", *(face.section for face in FACES)]


def is_opened_late(life: Life, end: OtherEnd) -> None:
    life.begin()
    life.hears()
    life.reload(end.table)
    life.wait(lambda: end.sees(life), "it is told what is heard though it came late")


def is_there(life: Life, end: OtherEnd) -> None:
    life.begin(end.table)
    life.wait(lambda: end.sees(life), "it is told what is heard")


def loses_its_other_end(life: Life, end: OtherEnd) -> None:
    is_there(life, end)
    end.go_away(life)
    life.hears()
    if end.missed is not None:
        life.wait(
            lambda: re.search(f"^<4>.*{end.missed}", life.log, flags=re.MULTILINE), "the log says that it is gone"
        )


def has_it_back(life: Life, end: OtherEnd) -> None:
    loses_its_other_end(life, end)
    end.come_back(life)
    life.wait(lambda: end.sees(life), "it is told what is heard once it is back")


def has_a_slow_other_end(life: Life, end: OtherEnd) -> None:
    is_there(life, end)
    end.be_slow(life)
    life.hears()
    end.come_back(life)
    life.wait(lambda: end.sees(life), "it is told what is heard once it is slow no longer")


def has_its_settings_changed(life: Life, end: OtherEnd) -> None:
    is_there(life, end)
    life.reload(end.other_table)
    end.change(life)
    life.wait(lambda: end.sees(life), "it is told what is heard as it is configured now")


def is_closed(life: Life, end: OtherEnd) -> None:
    is_there(life, end)
    life.reload()
    life.wait(lambda: end.sees_nothing(life), "it is closed")


FAULTS = (is_opened_late, loses_its_other_end, has_it_back, has_a_slow_other_end, has_its_settings_changed, is_closed)


def test_every_sink_has_another_end() -> None:
    assert OTHER_ENDS.keys() == set(SINKS)


@pytest.fixture
def end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OtherEnd]:
    found = OTHER_ENDS[request.param](tmp_path)  # type: ignore[call-arg]
    yield found
    found.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("end", SINKS, indirect=True)
def test_listening_goes_on_when_a_sink(fault: Callable[[Life, OtherEnd], None], end: OtherEnd, tmp_path: Path) -> None:
    with closing(Life(tmp_path, "" if isinstance(end, Disk) else KEPT)) as life:
        if isinstance(end, Wall):
            life.env |= end.screen.env
        fault(life, end)
        life.hears()
        life.wait(lambda: life.shown in life.labels, "the service manager is told what is heard")
        life.end()
        life.has_kept_all()
