"""Memory and touch of the window: the hour before it opened, and a finger that puts a genre right."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.history.reader import read_segments
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter, new_id
from edge.sinks.colours import colours
from edge.sinks.view import View
from edge.sinks.window.fullscreen import before, picture
from edge.sinks.window.tk_screen import box_of
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import LABELS
from tests.edge.sinks.window.screen import screen

ROOT = Path(__file__).resolve().parents[4]
BACK = (0x0D, 0x11, 0x16)
SCRIPT = """
import sys, time
from pathlib import Path
from edge.sinks.window.fullscreen import Window
from tests.edge.sinks.happenings import Room
file = Path(sys.argv[1])
window = Window(history=file)
room = Room(file, window)
while True:
    room.hears("rock", 1)
    time.sleep(0.1)
"""


def heard(file: Path) -> Path:
    """A history in which jazz was heard until a quarter of an hour ago."""
    writer, now = HistoryWriter(file), datetime.now(UTC)
    for minutes, label in ((90, "pop"), (40, "jazz")):
        start = now - timedelta(minutes=minutes)
        writer.write({new_id(start.timestamp()): Segment(start, 25 * 60.0, "music", label)})
    writer.close()
    return file


def test_the_hour_before_it_opened_is_there(tmp_path: Path) -> None:
    view = View(probabilities=dict.fromkeys(LABELS, 0.0), audio_s=60.0)
    earlier = before(heard(tmp_path / "h.db"))
    assert earlier.opened is not None
    shown = picture(view, earlier.placed(60.0, earlier.opened + timedelta(seconds=60)))
    tints = colours(LABELS)
    assert {cell and cell[0] for cell in shown["hour"]} == {None, tints["jazz"].on_dark}
    assert sum(cell is not None for cell in shown["hour"]) in range(74, 78), "25 of 60 minutes"
    assert shown["hour"][-1] is None
    assert shown["legend"] == [("jazz", tints["jazz"].on_dark)]
    assert before(tmp_path / "none.db").stretches_before == ()


def test_a_touch_offers_the_labels_and_another_says_what_it_was(tmp_path: Path) -> None:
    file = heard(tmp_path / "h.db")
    with screen() as on:
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(file)], env=on.env, cwd=ROOT)
        try:
            rock, metal = (tuple(bytes.fromhex(colours(LABELS)[one].on_dark[1:])) for one in ("rock", "metal"))
            wait_until(lambda: rock in on.colours(), 60, "it is there")

            def touched() -> bool:
                on.touch(400, 200)
                return metal in on.colours()

            wait_until(touched, 60, "the labels are offered")
            left, top, right, bottom = box_of(LABELS.index("blues"), len(LABELS) + 1, 800, 480)
            on.touch(round(left + right) // 2, round(top + bottom) // 2)
            wait_until(lambda: read_segments(file)[-1].corrected == "blues", 60, "it is put right")
            wait_until(lambda: metal not in on.colours(), 60, "the labels are gone")
        finally:
            process.kill()
            process.wait()
