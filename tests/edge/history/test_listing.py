"""The list of segments: pages without gaps or repetitions, and filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.history import listing
from edge.history.corrections import correct
from edge.history.listing import Wanted, each_matching, page_of, parse_cursor
from edge.history.segments import Segment
from edge.history.writer import HeadInput, HistoryWriter, ModelIdentity

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LABELS = ("jazz", "hip_hop", "no_music")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twelve segments, three of which began at the same moment; one was corrected."""
    path = tmp_path / "h.db"
    writer = HistoryWriter(path)
    rows = {}
    for n in range(12):
        label = LABELS[n % 3]
        start = NOON + timedelta(minutes=n if n < 9 else 9)
        state, genre = ("no_music", None) if label == "no_music" else ("music", label)
        rows[n + 1] = Segment(start, 60.0, state, genre, 0.5, 100.0)
    writer.write(rows, {1: HeadInput(ModelIdentity("m", "i", LABELS), 5.0, b"")})
    writer.close()
    correct(path, "no_music", 1)
    return path


@pytest.mark.parametrize("n_segments", [1, 2, 5, 12, 50])
def test_pages_miss_and_repeat_nothing(file: Path, n_segments: int) -> None:
    found, cursor = list[int | None](), None
    while True:
        page = page_of(file, Wanted(), cursor and parse_cursor(cursor), n_segments)
        found += [segment.id for segment in page.segments]
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.segments) == n_segments
    assert found == list(range(12, 0, -1))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(label="jazz"), [10, 7, 4]),
        (Wanted(label="no_music", corrected=True), [1]),
        (Wanted(label="no_music", corrected=False), [12, 9, 6, 3]),
        (Wanted(text="Hip Hop"), [11, 8, 5, 2]),
        (Wanted(text="jaz"), [10, 7, 4, 1]),
        (Wanted(text="%"), []),
        (Wanted(text="' OR 1"), []),
        (Wanted(since=NOON + timedelta(minutes=3), until=NOON + timedelta(minutes=5)), [5, 4]),
    ],
)
def test_what_is_looked_for_is_found(
    file: Path, wanted: Wanted, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "AT_ONCE", 2)
    assert [segment.id for segment in page_of(file, wanted, None, 50).segments] == ids
    assert len(list(each_matching(file, wanted))) == len(ids)


@pytest.mark.parametrize("text", ["", "5", "1.x", "1.2.3", "9" * 20 + ".1", "1.-1"])
def test_what_is_no_place_in_the_list(text: str) -> None:
    with pytest.raises(ValueError, match="no place in the list"):
        parse_cursor(text)


def test_letters_of_any_alphabet_are_found_in_either_case(file: Path) -> None:
    correct(file, "Ülkü", 2, own=True)
    assert [segment.id for segment in page_of(file, Wanted(text="ÜLK"), None, 50).segments] == [2]
