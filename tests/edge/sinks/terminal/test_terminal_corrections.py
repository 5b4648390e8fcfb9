"""Corrections by keys, on a real terminal, are stored in the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.audio.demo import classical
from edge.audio.demo.tones import RATE
from edge.events import Change, Event
from edge.history.corrections import correct
from edge.history.reader import read_segments
from edge.sinks.lead import Lead
from edge.sinks.terminal.chooser import Chooser, question
from edge.sinks.terminal.correcting import Correcting
from edge.sinks.terminal.drawing import render
from edge.sinks.terminal.keyboard import BACKSPACE, DOWN, ENTER, ESCAPE, UP, keys
from edge.sinks.view import View, view_after
from tests.edge.pseudo_terminal import MODERN, PseudoTerminal
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import LABELS, Room, prediction, started

#: The bars of a first answer: from here on there is something to put right.
HEARD = r"\d+% sure"


def long_music(folder: Path) -> Path:
    """Write a piece that stays the same for longer than any machine takes to press the keys."""
    piece = classical.play(12.0)
    path = folder / "music.wav"
    soundfile.write(path, np.tile(0.3 * piece / np.abs(piece).max(), 30), RATE)
    return path


def labels_of(history: Path) -> list[str | None]:
    return [segment.corrected for segment in read_segments(history)]


def after(*pressed: str, labels: tuple[str, ...] = LABELS) -> Chooser:
    chooser = Chooser(labels)
    for key in pressed:
        chooser = chooser.after(key)
    return chooser


def test_a_genre_is_put_right_on_the_real_display_and_taken_back(tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    terminal = PseudoTerminal("listen", "--source", f"file:{long_music(tmp_path)}", "--history", history, env=MODERN)
    terminal.read_until("r is right  c corrects  q quits")  # it is in the history from here on
    terminal.press(b"c")
    terminal.read_until(r"What is it\?  ▏")
    terminal.press(b"q")  # a letter with which no label begins: nothing
    terminal.press(b"Re")
    terminal.read_until(r"What is it\?  re▏")
    terminal.press(b"\n")
    terminal.read_until(r"You say that .+ is reggae\.")
    terminal.read_until("you said reggae")  # beneath the genre, as on every face
    assert "reggae" in labels_of(history)
    terminal.press(b"u")
    terminal.read_until("Taken back: ")
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


class Faced:
    """The view and what puts it right, as the display has them."""

    def __init__(self, history: Path) -> None:
        self.view = View()
        self.correcting = Correcting(history)
        self.room = Room(history, self._take)

    def _take(self, event: Event) -> None:
        self.view = view_after(self.view, event)
        if isinstance(event, Change):
            self.correcting.follow_change()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.correcting.press(key, self.view)

    def waits_for(self, said: str) -> None:
        self.room.is_told(lambda: self.correcting.said == said, said)


@pytest.fixture
def faced(tmp_path: Path) -> Iterator[Faced]:
    found = Faced(tmp_path / "history.db")
    yield found
    found.correcting.close()
    found.room.history.close()


def corrected(faced: Faced) -> dict[str | None, str | None]:
    return {segment.genre: segment.corrected for segment in read_segments(faced.room.history._path)}


def test_what_was_shown_when_the_choice_was_opened_is_put_right(faced: Faced) -> None:
    """Music goes on while one chooses: the record that has begun meanwhile is not meant."""
    faced.room.hears("rock")
    faced.press("c")
    assert faced.correcting.was(faced.view) == ""
    faced.room.hears("jazz")
    assert faced.correcting.was(faced.view) == "rock"
    chooser = faced.correcting.chooser
    assert chooser is not None
    assert question(chooser, "rock").startswith("What was it, when rock was shown?")
    faced.press(ENTER)
    faced.waits_for("You say that rock is blues.")
    assert corrected(faced) == {"rock": "blues", "jazz": None}
    assert faced.view.corrected is None
    faced.press("u")
    faced.waits_for("Taken back: rock.")
    assert corrected(faced) == {"rock": None, "jazz": None}


def test_a_key_confirms_what_is_shown(faced: Faced) -> None:
    faced.room.hears("rock")
    faced.press("r")
    faced.waits_for("You say that rock is rock.")
    faced.room.is_told(lambda: faced.view.corrected == "rock", "it is shown")
    assert corrected(faced) == {"rock": "rock"}
    assert faced.correcting.help(faced.view) == "c corrects  u undoes"


def test_a_style_that_is_no_genre_of_the_models_is_not_confirmed(faced: Faced) -> None:
    faced.room.hears("rock")
    faced.view = replace(faced.view, lead=Lead("rock", "Techno"))
    assert faced.view.lead_style == "Techno"
    assert "is right" not in faced.correcting.help(faced.view)
    faced.press("r")
    assert faced.correcting.said.startswith("What is shown is none of the model's genres")
    assert corrected(faced) == {"rock": None}


def test_undo_reaches_no_further_than_what_is_seen(faced: Faced) -> None:
    faced.room.hears("rock")
    faced.press("c", ENTER)
    faced.waits_for("You say that rock is blues.")
    faced.room.hears("jazz")
    assert faced.correcting.help(faced.view) == "r is right  c corrects"
    faced.press("u")
    assert faced.correcting.said == "There is nothing to take back."
    assert corrected(faced) == {"rock": "blues", "jazz": None}


def test_what_another_face_said_is_seen_and_can_be_taken_back(faced: Faced) -> None:
    faced.room.hears("rock")
    correct(faced.room.history._path, "pop", int(str(faced.view.segment)))
    faced.room.is_told(lambda: "you said pop" in faced.view.beneath, "it is shown")
    assert faced.correcting.help(faced.view) == "c corrects  u undoes"
    faced.press("u")
    faced.room.is_told(lambda: faced.view.corrected is None, "it is taken back")
    assert corrected(faced) == {"rock": None}


def test_what_is_not_in_the_history_yet_cannot_be_put_right(faced: Faced) -> None:
    faced.room.hears("rock", 0)
    faced.press("c", ENTER)
    wait_until(lambda: "what has just begun is there in a second" in faced.correcting.said, 10, "it is told")
    faced.view = View()
    faced.press("c")
    assert faced.correcting.chooser is None, "before the model is known there is nothing to choose"
    faced.view = view_after(View(), started())
    faced.press("c")
    assert faced.correcting.chooser is None
    assert "not in the history" in faced.correcting.said


def test_what_cannot_be_put_right_is_told_in_a_line(tmp_path: Path) -> None:
    correcting = Correcting(tmp_path / "none.db")
    view = replace(view_after(View(), started()), segment="5", corrected="jazz")
    correcting.press("u", view)
    wait_until(lambda: "nothing has been recorded there yet" in correcting.said, 10, "it is told")
    correcting.press("x", view)
    assert not correcting.said
    correcting.press("c", View())
    assert correcting.chooser is None, "before the model is known there is nothing to choose"
    correcting.close()


def test_undo_is_offered_once_there_is_something_to_undo(faced: Faced) -> None:
    faced.room.hears("rock")
    correct(faced.room.history._path, "jazz", int(str(faced.view.segment)))
    assert faced.correcting.help(faced.view) == "r is right  c corrects"
    faced.press("c", "p", ENTER)
    faced.waits_for("You say that rock is pop.")
    assert faced.correcting.help(faced.view) == "c corrects  u undoes"
    faced.press("u")
    faced.waits_for("You say that rock is jazz.")  # the correction before holds again


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
