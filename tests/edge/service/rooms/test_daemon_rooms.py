"""A daemon with several rooms, as a real process: what happens in one does not reach the others."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from edge import progress
from edge.progress import Progress
from tests.edge.pulse import Pulse, wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.rooms.house import House
from tests.edge.service.test_daemon import LIVEGENRE, daemon, is_open, manager  # noqa: F401 - a fixture

#: Code that runs in the kitchen's thread alone, at each of its ticks.
IN_THE_KITCHEN = """
import pathlib, sys, threading, time
from edge import errors
from edge.live import pipeline
tick = pipeline.Pipeline._tick
def patched(self, level):
    if threading.current_thread().name == "listening kitchen":
        {do}
    return tick(self, level)
pipeline.Pipeline._tick = patched
"""
#: The same, once in all.
ONCE = "mark = pathlib.Path({mark!r}); found = mark.exists(); mark.touch()\n        if not found: {do}"


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    found.furnish("kitchen", "Living Room")
    return found


def test_a_source_that_ends_and_a_reload_leave_the_other_rooms_alone(house: House, manager: Manager) -> None:  # noqa: F811
    def gains(room: str) -> None:
        before = house.seconds(room)
        wait_until(lambda: house.seconds(room) > before, 60, f"the history of {room} goes on")

    with daemon(house.config, manager) as process:
        told = manager.wait_for("READY")
        assert [name for name, _ in told].count("READY") == 1
        log = process.log
        assert "<6>kitchen: listening to python" in log()
        assert "<6>Living Room: listening to python" in log()
        assert ("WATCHDOG", "1") in manager.wait_for("WATCHDOG")
        for room in ("kitchen", "Living Room"):
            wait_until(lambda: house.history(room).exists(), 30, "it is made")  # noqa: B023
            gains(room)
        (_, status) = next(got for got in manager.wait_for("STATUS") if got[0] == "STATUS")
        assert status.startswith("kitchen: ")
        assert " | Living Room: " in status

        house.break_radio("kitchen")
        wait_until(lambda: "<4>kitchen: python is lost" in log(), 30, "the loss is told")
        gains("Living Room")
        wait_until(lambda: "<4>kitchen: python is back" in log(), 60, "it is back")
        gains("kitchen")
        assert "Living Room: python is" not in log()

        first = house.radios("Living Room")
        house.furnish("Living Room", "hall")
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")
        wait_until(lambda: house.history("hall").exists(), 30, "the hall has a history")
        gains("hall")
        gains("Living Room")
        assert "<6>configuration read again; listening starts anew in hall" in log()
        wait_until(lambda: not house.radios("kitchen"), 30, "nobody listens to the kitchen")
        wait_until(lambda: not is_open(process, "history-kitchen.db"), 30, "its history is closed")
        assert house.radios("Living Room") == first
        assert log().count("Living Room: listening to") == 1
        assert ("WATCHDOG", "1") in manager.wait_for("WATCHDOG")
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert not house.radios("hall")

    def livegenre(*words: str) -> str:
        command = [LIVEGENRE, *words]
        return subprocess.run(command, capture_output=True, text=True, env=manager.env, check=True).stdout

    livegenre("correct", "--right", "--room", "living room")
    choice = subprocess.run([LIVEGENRE, "history"], capture_output=True, text=True, env=manager.env, check=False)
    assert choice.returncode == 2
    assert "choose one with --room (hall, kitchen, living-room)" in choice.stderr
    told = [livegenre("history", "--json", "--room", room) for room in ("hall", "Living Room")]
    assert [text.count('"corrected": null') < text.count("\n") for text in told] == [False, True]


def test_a_room_that_hangs_no_longer_feeds_the_watchdog(house: House, manager: Manager) -> None:  # noqa: F811
    hang = "print('hanging', file=sys.stderr, flush=True); time.sleep(3600)"
    with daemon(house.config, manager, **house.patch(IN_THE_KITCHEN.format(do=hang))) as process:
        manager.wait_for("READY")
        wait_until(lambda: "hanging" in process.log(), 30, "the hang begins")
        manager.messages(1)
        before = house.seconds("Living Room")
        wait_until(lambda: house.seconds("Living Room") > before, 60, "the other room is still heard")
        assert "WATCHDOG" not in dict(manager.messages(2))


def test_a_room_that_fails_is_tried_again_while_the_others_go_on(house: House, manager: Manager) -> None:  # noqa: F811
    fail = ONCE.format(mark=str(house.folder / "failed"), do="raise errors.SourceError('no such thing')")
    code = "import edge.service.room\nedge.service.room.RETRY_S = 1.0\n" + IN_THE_KITCHEN.format(do=fail)
    with daemon(house.config, manager, **house.patch(code)) as process:
        wait_until(lambda: process.log().count("kitchen: listening to") == 2, 60, "it is opened again")
        assert "<3>kitchen: no such thing; tried again in 1 s" in process.log()
        assert process.log().count("Living Room: listening to") == 1
        wait_until(lambda: house.seconds("kitchen") > 1, 60, "and heard")
        assert ("WATCHDOG", "1") in manager.wait_for("WATCHDOG")


def test_a_new_process_goes_on_with_every_room(house: House, manager: Manager) -> None:  # noqa: F811
    stick = ONCE.format(mark=str(house.folder / "stuck"), do="raise errors.SoundSystemStuck('it hangs', 12.5)")
    given = house.folder / "given"
    code = f"import os\nif 'LIVEGENRE_PROGRESS' in os.environ: os.system('printenv LIVEGENRE_PROGRESS > {given}')\n"
    with daemon(house.config, manager, **house.patch(code + IN_THE_KITCHEN.format(do=stick))) as process:
        wait_until(lambda: process.log().count("listening to") == 4, 60, "both rooms are listened to again")
        assert process.poll() is None
        handed = json.loads(given.read_text())
        assert handed["kitchen"]["away_since"] == 12.5
        assert handed["living-room"]["away_since"] > 12.5
        assert handed["living-room"]["restarts"] == 1
        wait_until(lambda: len(house.radios("kitchen")) == len(house.radios("Living Room")) == 1, 30, "once each")
        for room in ("kitchen", "Living Room"):
            before = house.seconds(room)
            wait_until(lambda: house.seconds(room) > before, 60, "its history goes on")  # noqa: B023


def test_progress_is_handed_over_by_room_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(progress.VARIABLE, "")
    kept = {"kitchen": Progress(audio_s=3.0, gaps=1), "": Progress(updates=2)}
    progress.hand_over(kept)
    assert progress.take_over_all() == kept
    assert progress.take_over_all() == {}


def test_two_microphones_are_listened_to_at_once(house: House, manager: Manager, pulse: Pulse) -> None:  # noqa: F811
    tables = [f'[[source]]\nname = "{name}"\nuri = "mic:{name}.monitor"\n' for name in ("kitchen", "hall")]
    house.config.write_text("".join(tables) + "[history]\ncheckpoint_s = 0.1\n")
    manager.env |= pulse.env
    for name in ("kitchen", "hall"):
        pulse.add_room(name)
    music = pulse.play(house.recording(), "kitchen")

    def states(room: str) -> set[str]:
        return {segment.state for segment in house.segments(room)}

    try:
        with daemon(house.config, manager) as process:
            wait_until(lambda: "music" in states("kitchen"), 60, "there is music in the kitchen")
            wait_until(lambda: "silence" in states("hall"), 60, "and none in the hall")
            assert "music" not in states("hall")
            process.terminate()
            assert process.wait(timeout=20) == 0
    finally:
        music.kill()
        music.wait()
