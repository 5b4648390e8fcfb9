"""What is shown is put right with keys, on a real terminal, and finds its way into the history."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.history.corrections import correct
from edge.history.reader import read_segments
from edge.history.segments import to_ms
from edge.sinks.terminal.chooser import Chooser
from edge.sinks.terminal.correcting import Correcting
from edge.sinks.terminal.drawing import render
from edge.sinks.terminal.keyboard import BACKSPACE, DOWN, ENTER, ESCAPE, UP, keys
from edge.sinks.view import View, view_after
from tests.edge.pseudo_terminal import MODERN, PseudoTerminal
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import LABELS, prediction, recorded, started

#: The bars of a first answer: from here on there is something to put right.
HEARD = r"\d+% sure"


def labels_of(history: Path) -> list[str | None]:
    return [segment.corrected for segment in read_segments(history)]


def after(*pressed: str, labels: tuple[str, ...] = LABELS) -> Chooser:
    chooser = Chooser(labels)
    for key in pressed:
        chooser = chooser.after(key)
    return chooser


def test_a_genre_is_put_right_on_the_real_display_and_taken_back(tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    terminal = PseudoTerminal("listen", "--demo", "--history", history, env=MODERN)
    terminal.read_until("c corrects  q quits")
    terminal.read_until(HEARD)
    terminal.press(b"c")
    terminal.read_until(r"What is it\?  ▏")
    terminal.press(b"q")  # a letter with which no label begins: nothing
    terminal.press(b"Re")
    terminal.read_until(r"What is it\?  re▏")
    terminal.press(b"\n")
    terminal.read_until("You say that it is reggae.")
    assert "reggae" in labels_of(history)
    terminal.press(b"u")
    terminal.read_until("Taken back.")
    assert set(labels_of(history)) == {None}
    terminal.press(b"c\x1b[A")
    terminal.read_until("▸ no music")
    terminal.press(b"\x1b")
    terminal.press(b"q")
    status, _ = terminal.end()
    assert status == 0
    assert set(labels_of(history)) == {None}, "Escape leaves all as it is"


def test_without_a_history_one_line_says_so() -> None:
    terminal = PseudoTerminal("listen", "--demo", env=MODERN)
    terminal.read_until(HEARD)
    terminal.press(b"c")
    written = terminal.read_until(r"Nothing can be put right: no history is kept. Listen with --history.")
    assert "corrects" not in written
    assert "What is it?" not in written
    terminal.press(b"q")
    status, _ = terminal.end()
    assert status == 0


def test_what_was_shown_when_the_choice_was_opened_is_put_right(tmp_path: Path) -> None:
    """Music goes on while one chooses: the record that has begun meanwhile is not meant."""
    history = recorded(tmp_path / "history.db")
    correcting = Correcting(history)
    correcting.press("c", LABELS)
    begins_ms = to_ms(datetime.now(UTC)) + 1
    with closing(sqlite3.connect(history)) as connection, connection:
        connection.execute("UPDATE segments SET duration_ms = ? - start_ms", (begins_ms,))
        values = f"SELECT id + 1, {begins_ms}, 60000, state, 'jazz', confidence, tempo_bpm FROM segments"
        connection.execute(f"INSERT INTO segments {values}")
    correcting.follow_change()
    wait_until(lambda: to_ms(datetime.now(UTC)) > begins_ms, 10, "the jazz has begun")
    correcting.press(ENTER, LABELS)
    correcting.close()
    assert correcting.said == "You say that it is blues."
    assert {segment.genre: segment.corrected for segment in read_segments(history)} == {"rock": "blues", "jazz": None}


def test_what_cannot_be_put_right_is_told_in_a_line(tmp_path: Path) -> None:
    correcting = Correcting(tmp_path / "none.db")
    correcting.press("u", LABELS)
    wait_until(lambda: "nothing has been recorded there yet" in correcting.said, 10, "it is told")
    correcting.press("x", LABELS)
    assert not correcting.said
    correcting.press("c", ())
    assert correcting.chooser is None, "before the model is known there is nothing to choose"
    correcting.close()


def test_undo_is_offered_once_there_is_something_to_undo(tmp_path: Path) -> None:
    history = recorded(tmp_path / "history.db")
    correct(history, "jazz")
    correcting = Correcting(history)
    assert correcting.help == "c corrects"
    correcting.press("c", LABELS)
    correcting.press("p", LABELS)
    correcting.press(ENTER, LABELS)
    wait_until(lambda: correcting.said == "You say that it is pop.", 10, "it is told")
    assert correcting.help == "c corrects  u undoes"
    correcting.press("u", LABELS)
    wait_until(lambda: correcting.said == "You say that it is jazz.", 10, "the correction before holds again")
    correcting.close()


def test_labels_are_chosen_by_their_letters() -> None:
    assert after("c").fitting == ("classical", "country")
    assert after("c", "O").marked == "country"
    assert after("c", "o", BACKSPACE).fitting == ("classical", "country")
    assert after("c", DOWN).marked == "country"
    assert after(UP).marked == "no_music"
    assert after(*"no m").marked == "no_music"
    assert after(*"xyz").fitting == LABELS
    assert after("r", DOWN, "e").marked == "reggae"
    assert after(*"80", labels=("80s", "9th symphony")).marked == "80s"


@given(st.lists(st.sampled_from([UP, DOWN, BACKSPACE, *"abcdmnopr \t"]), max_size=30), st.integers(1, 12))
def test_whatever_is_pressed_one_label_is_marked_and_seen(pressed: list[str], rows: int) -> None:
    chooser = after(*pressed)
    assert chooser.marked in LABELS
    console = Console(width=80, height=rows + 13, color_system=None)
    with console.capture() as capture:
        console.print(render(view_after(View(), started()), 80, rows + 13, chooser=chooser))
    lines = capture.get().splitlines()
    assert len([line for line in lines if line.strip() == f"▸ {chooser.marked.replace('_', ' ')}"]) == 1
    assert len(lines) < rows + 13


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (40, 16), (24, 12)])
def test_the_choice_fits_where_the_bars_were(width: int, height: int) -> None:
    view = view_after(view_after(View(), started()), prediction("jazz"))
    drawn = []
    for chooser in (None, Chooser(LABELS)):
        console = Console(width=width, height=height, color_system=None)
        with console.capture() as capture:
            console.print(render(view, width, height, chooser=chooser, keys="c corrects  u undoes"))
        drawn.append(capture.get().splitlines())
    bars, choice = drawn
    assert len(bars) == len(choice)
    assert max(map(len, choice)) <= width
    assert "q quits" in choice[0]
    assert bars[-2:] == choice[-2:], "nothing else moves"


def test_keys_are_told_apart() -> None:
    assert keys("c\x1b[A\x1bOBx\x7f\r\n\x1b[3~\x1b[1;5Cé\x1b") == [
        "c",
        UP,
        DOWN,
        "x",
        BACKSPACE,
        ENTER,
        ENTER,
        "é",
        ESCAPE,
    ]
