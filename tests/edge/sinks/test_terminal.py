"""The live display at the sizes people have, and the picture of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rich.console import Console

from edge.events import Prediction, SourceLost, SourceRestored, Started, State, Tick
from edge.sinks.bigtext import big
from edge.sinks.terminal import render
from edge.sinks.view import View, view_after

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
