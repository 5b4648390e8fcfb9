"""The live display at the sizes people have, and the picture of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.events import Change, Prediction, SourceLost, SourceRestored, Started, State, Tick
from edge.sinks.colours import colours
from edge.sinks.last_hour import HOUR_S, Stretch, cells, extended
from edge.sinks.terminal.bigtext import big
from edge.sinks.terminal.drawing import render
from edge.sinks.view import View, view_after
from tests.edge.pseudo_terminal import MODERN, PseudoTerminal
from tests.edge.sinks.happenings import STYLES, prediction, started

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


def jazz() -> View:
    view = View()
    for event in (
        Started(time=NOON, audio_s=0.0, source="USB Mic", model="m", runtime="r", window_s=10.0, labels=LABELS),
        Prediction(
            time=NOON,
            audio_s=205.0,
            state=State.MUSIC,
            genre="jazz",
            confidence=0.62,
            probabilities={label: 0.64 if label == "jazz" else 0.04 for label in LABELS},
            tempo_bpm=112.0,
            level_dbfs=-18.0,
            window_s=10.0,
            provisional=False,
        ),
        Tick(time=NOON, audio_s=205.1, level_dbfs=-18.0, backlog_s=0.0),
    ):
        view = view_after(view, event)
    return view


def drawn(view: View, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as capture:
        console.print(render(view, width, height))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 50), (60, 20), (40, 16), (24, 12)])
def test_it_fits_and_says_what_matters(width: int, height: int) -> None:
    lines = drawn(jazz(), width, height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "62% sure" in text
    assert "03:25" in text
    assert "jazz" in text
    assert "-18 dBFS" in text


def test_all_genres_have_a_bar_at_80_by_24() -> None:
    text = "\n".join(drawn(jazz(), 80, 24))
    assert all(label in text for label in LABELS)
    assert "112 BPM" in text
    assert big("jazz", 76)[0] in text


def test_a_bar_is_as_long_as_its_probability() -> None:
    lengths = {line.split()[0]: line.count("█") for line in drawn(jazz(), 80, 24) if "%" in line and "█" in line}
    assert 14 <= lengths["jazz"] / lengths["rock"] <= 18 or lengths["rock"] <= 2
    assert lengths["jazz"] == pytest.approx(0.64 * 61, abs=2)


def letters(lines: list[str]) -> list[str]:
    """The rows of the large letters."""
    width = max(len(line) for line in lines[3:6])
    return [line.ljust(width)[2:] for line in lines[3:6]]


def test_a_style_leads_where_no_genre_fits() -> None:
    view = view_after(View(), started())
    known = drawn(view_after(view, prediction("disco", styles=STYLES)), 80, 24)
    assert letters(known) == big("disco", 76)
    assert known[7].strip() == "sounds like Techno, House music"
    nearest = drawn(view_after(view, prediction("disco", styles=STYLES, nearest=True)), 80, 24)
    assert letters(nearest) == big("Techno", 76)
    assert nearest[6].strip() == "62% sure   112 BPM"
    assert nearest[7].strip() == "nearest of 10: disco · also sounds like House music"


def test_a_genre_has_the_colour_that_it_has_everywhere() -> None:
    console = Console(width=80, height=24, color_system="truecolor", force_terminal=True)
    with console.capture() as capture:
        console.print(render(evening(), 80, 24))
    for genre in ("jazz", "rock"):
        red, green, blue = bytes.fromhex(colours(LABELS)[genre].on_dark[1:])
        assert f"48;2;{red};{green};{blue}m{genre}" in capture.get(), "in the strip"
        assert f"38;2;{red};{green};{blue}m  ■" in capture.get(), "and below it"
    assert f"1;38;2;{red};{green};{blue}m  █" in capture.get(), "and in the large letters"


def test_a_lost_source_is_said_with_its_reason_until_it_is_back() -> None:
    lost = view_after(jazz(), SourceLost(time=NOON, audio_s=206.0, source="USB Mic", stalled=False, reason="unplugged"))
    assert "USB Mic: unplugged; trying again" in "\n".join(drawn(lost, 80, 24))
    back = view_after(lost, SourceRestored(time=NOON, audio_s=209.0, source="USB Mic", away_s=3.0))
    assert "unplugged" not in "\n".join(drawn(back, 80, 24))


def test_a_word_without_letters_or_room_is_written_small() -> None:
    assert big("naïve", 80) == ["N A Ï V E"]
    assert big("classical", 20) == ["C L A S S I C A L"]
    assert big("classical", 10) == ["CLASSICAL"]
    assert len(big("classical", 76)) == 3


def evening() -> View:
    """Two records and a pause, 20 minutes in all."""
    view = jazz()
    for audio_s, state, genre in (
        (800.0, State.SILENCE, None),
        (860.0, State.MUSIC, "rock"),
        (1_200.0, State.MUSIC, "rock"),
    ):
        previous = {"previous_state": view.state, "previous_genre": view.genre}
        shown = {"state": state, "genre": genre, "confidence": None, "tempo_bpm": None}
        view = view_after(view, Change(time=NOON, audio_s=audio_s, **shown, **previous))
    return view


def test_the_strip_shows_what_was_heard_before_and_for_how_long() -> None:
    lines = drawn(evening(), 80, 24)
    strip, totals = lines[-2:]
    assert re.match(r" +30 min ·+ *jazz +rock +$", strip)
    assert totals.split() == ["■", "jazz", "10", "min", "■", "rock", "6", "min", "■", "silence", "1", "min"]
    n_columns = [len(part) for part in re.findall(r"jazz +|rock +", strip)]
    assert n_columns[0] / n_columns[1] == pytest.approx((595 + 60) / 340, rel=0.1)  # the silence has no room for a name


def test_where_else_it_is_to_be_seen_stays_below_the_source() -> None:
    console = Console(width=80, height=24, color_system=None)
    with console.capture() as capture:
        console.print(render(jazz(), 80, 24, notice="the page is at http://127.0.0.1:8730/"))
    assert capture.get().splitlines()[2].strip() == "the page is at http://127.0.0.1:8730/"


def test_a_low_terminal_has_no_strip() -> None:
    assert "jazz 10 min" not in "\n".join(drawn(evening(), 80, 17))
    assert "jazz 10 min" in "\n".join(drawn(evening(), 80, 18))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 2_000)), min_size=1, max_size=50), st.integers(1, 90))
def test_the_last_hour_is_kept_and_no_more(parts: list[tuple[str, float]], n_cells: int) -> None:
    heard: tuple[Stretch, ...] = ()
    now_s = 0.0
    for label, seconds in parts:
        heard = extended(heard, label, now_s, now_s + seconds)
        now_s += seconds
    assert heard[-1].to_s == now_s
    assert heard[0].from_s == 0 or heard[0].to_s > now_s - HOUR_S >= heard[0].from_s
    for one, following in pairwise(heard):
        assert one.to_s == following.from_s
        assert one.label != following.label
    drawn_cells = cells(heard, n_cells, now_s - HOUR_S, now_s)
    assert len(drawn_cells) == n_cells
    assert drawn_cells[-1] is not None
    assert all(drawn_cells) or now_s < HOUR_S


def test_q_ends_the_display_and_gives_the_terminal_back() -> None:
    terminal = PseudoTerminal("listen", "--demo", env=MODERN)
    terminal.read_until(r"music by livegenre")
    terminal.press(b"xq")
    status, written = terminal.end()
    assert status == 0
    entered, left = written.index("\x1b[?1049h"), written.index("\x1b[?1049l")
    assert entered < left
    after = written[left:]
    assert "\x1b[?25h" in written[entered:], "the cursor is hidden"
    assert "Heard in 00:0" in after or "Nothing was heard" in after
    assert "xq" not in written, "what is typed is not to be seen"
    assert "That was the demo, which livegenre synthesizes: classical, metal, talk," in after


def test_p_pauses_and_resumes() -> None:
    terminal = PseudoTerminal("listen", "--demo", env=MODERN)
    terminal.read_until(r"music by livegenre")
    terminal.press(b"p")
    terminal.read_until(r"○ .*by livegenre\): paused")
    terminal.read_until(r"(?s)p pauses.*p resumes")
    terminal.press(b"p")
    terminal.read_until(r"(?s)p resumes.*p pauses")
    terminal.press(b"q")
    assert terminal.end()[0] == 0


def test_an_interrupt_leaves_no_second_header() -> None:
    terminal = PseudoTerminal("listen", "--demo", env=MODERN)
    terminal.read_until(r"music by livegenre")
    terminal.press(b"\x03")
    status, written = terminal.end()
    assert status == 130
    after = written[written.index("\x1b[?1049l") :]
    assert "q quits" not in after
    assert "^C" not in written
    assert "Traceback" not in written


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() -> None:
    script = 'set -m; "$0" listen --demo; echo STOPPED; stty -a; fg; echo ENDED'
    terminal = PseudoTerminal(env=MODERN, shell_script=script)
    terminal.read_until(r"music by livegenre")
    terminal.press(b"\x1a")
    written = terminal.read_until(r"(?s)STOPPED.*music by livegenre")
    assert written.index("\x1b[?1049l") < written.index("STOPPED") < written.rindex("\x1b[?1049h")
    assert " icanon" in written
    assert "-icanon" not in written
    terminal.press(b"q")
    assert "That was the demo" in terminal.read_until("ENDED")
    terminal.end()


def test_in_the_background_it_leaves_the_keyboard_alone() -> None:
    """A program in the background that changes a terminal's settings is stopped until it is brought to the front."""
    script = 'set -m; "$0" listen --demo --fast & wait $!'
    terminal = PseudoTerminal(env=MODERN, shell_script=script)
    status, written = terminal.end()
    assert status == 0
    assert "That was the demo" in written
