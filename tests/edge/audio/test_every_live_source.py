"""The same outages for every kind of live source, at the other end of the real command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.edge.audio.ear import Ear
from tests.edge.audio.feeds import CommandFeed, Feed, MicrophoneFeed, NamedPipeFeed, StandardInputFeed

PLAYERS = {"command": CommandFeed, "standard input": StandardInputFeed, "named pipe": NamedPipeFeed}
#: The first words of a command on a machine that has much else to do.
START_S = 60.0
#: Long enough for anything that is to happen soon.
SOON_S = 20.0


@pytest.fixture
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    if request.param == "microphone":
        made: Feed = MicrophoneFeed(request.getfixturevalue("playing"))
    else:
        made = PLAYERS[request.param](tmp_path)
    yield made
    made.close()


def began(event: dict[str, object]) -> float:
    """When the source's timeline was at 0, by this event: always the same, if every second is accounted for."""
    return datetime.fromisoformat(str(event["time"])).timestamp() - float(str(event["audio_s"]))


def one_outage(ear: Ear) -> None:
    (restored,), (gap,) = ear.of("source_restored"), ear.of("gap")
    assert len(ear.of("source_lost")) == 1
    assert gap["lost_s"] == restored["away_s"]
    back_s = float(str(restored["audio_s"]))
    before = [event for event in ear.of("prediction") if float(str(event["audio_s"])) < back_s][-1]
    after = next(event for event in ear.of("prediction") if float(str(event["audio_s"])) > back_s)
    assert abs(began(after) - began(before)) < 1.0, "the outage counts as long as it was"
    states = [event["state"] for event in ear.of("change")]
    assert "no_source" in states
    assert states[-1] != "no_source"


@pytest.mark.slow
@pytest.mark.parametrize("feed", [*PLAYERS, "microphone"], indirect=True)
def test_one_that_falls_still_is_noticed_and_so_is_its_return(feed: Feed) -> None:
    ear = Ear(feed.listen())
    ear.wait_for("prediction", 2, START_S)
    feed.fall_still()
    assert ear.wait_for("source_lost", 1, SOON_S)["stalled"] is True
    feed.go_on()
    ear.wait_for("source_restored", 1, SOON_S)
    ear.wait_for_more("prediction", 3, START_S)
    assert ear.end() == ""
    one_outage(ear)


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["command", "named pipe", "microphone"], indirect=True)
def test_one_that_goes_away_is_waited_for(feed: Feed) -> None:
    ear = Ear(feed.listen())
    ear.wait_for("prediction", 2, START_S)
    feed.go_away()
    assert ear.wait_for("source_lost", 1, SOON_S)["stalled"] is False
    feed.come_back()
    ear.wait_for("source_restored", 1, SOON_S)
    ear.wait_for_more("prediction", 3, START_S)
    assert ear.end() == ""
    one_outage(ear)


@pytest.mark.slow
@pytest.mark.parametrize("feed", [*PLAYERS, "microphone"], indirect=True)
def test_it_can_be_ended_while_nothing_comes(feed: Feed) -> None:
    ear = Ear(feed.listen())
    ear.wait_for("prediction", 1, START_S)
    feed.fall_still()
    ear.wait_for("source_lost", 1, SOON_S)
    asked = time.monotonic()
    assert ear.end() == ""
    assert time.monotonic() - asked < 5.0
    assert ear.of("stopped")


def test_a_named_pipe_waits_for_somebody_who_writes(tmp_path: Path) -> None:
    feed = NamedPipeFeed(tmp_path)
    feed.go_away()
    try:
        ear = Ear(feed.listen())
        assert ear.wait_for("source_lost", 1, START_S)
        feed.come_back()
        ear.wait_for("source_restored", 1, SOON_S)
        assert ear.end() == ""
    finally:
        feed.close()


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_standard_input_that_is_closed_is_an_error_in_one_line(closed: str) -> None:
    livegenre = Path(sys.executable).with_name("livegenre")
    shell = ["sh", "-c", f'"$0" listen --json --source - {closed}', str(livegenre)]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "livegenre: standard input is closed: pipe s16le audio into it, as in `arecord -f cd | ...`\n"
    )
    assert done.stdout == ""
