"""The page on a telephone, after a lost connection, and on the day that clocks change."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from edge.events import Stopped
from edge.history.periods import period
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter, new_id
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web.history_api import day_of as day_answer
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.sinks.happenings import change, prediction, started, tick

expect.set_options(timeout=30_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 375, "height": 740})
    yield context.new_page()
    context.close()


def serve(history: Path | None = None) -> WebPage:
    sink = WebPage(Site(Address("127.0.0.1", 0)), "a-token-of-24-characters", load_bundle(), history)
    for event in (started(), change("metal"), prediction("metal", confidence=0.97), tick()):
        sink(event)
    return sink


@pytest.fixture
def web() -> Iterator[WebPage]:
    sink = serve()
    yield sink
    sink.close()


def box(found: Locator) -> dict[str, float]:
    """Return its place in pixels."""
    return dict(found.bounding_box() or {})


def shows_nothing(page: Page, words: str) -> None:
    """No genre and no figure is there that somebody could take for the present."""
    expect(page.locator("#genre")).to_have_text(words)
    expect(page).to_have_title(f"{words} · livegenre")
    for place in ("#confidence", "#tempo", "#since", "#level-value", "#bars li:first-child .value"):
        expect(page.locator(place)).to_have_text("\N{EN DASH}")
    expect(page.locator("#bars li.shown")).to_have_count(0)
    expect(page.locator("#now")).to_have_class("card no-genre")


def test_without_a_connection_no_genre_is_shown(page: Page, web: WebPage) -> None:
    page.goto(web.url)
    expect(page.locator("#genre")).to_have_text("metal")
    web.close()
    shows_nothing(page, "no connection")


def test_once_listening_has_stopped_no_genre_is_shown(page: Page, web: WebPage) -> None:
    page.goto(web.url)
    expect(page.locator("#genre")).to_have_text("metal")
    event = tick()
    web(Stopped(time=event.time, audio_s=event.audio_s, reason="the source ended"))
    shows_nothing(page, "stopped")
    expect(page.locator("#source-name")).to_have_text("USB Mic: stopped")


def test_a_hundred_per_cent_takes_one_line_and_moves_nothing(page: Page, web: WebPage) -> None:
    page.goto(web.url)
    row = page.locator("#bars li", has_text="metal")
    expect(row.locator(".value")).to_have_text("60 %")
    before = [box(part) for part in page.locator("#bars li").all()]
    web(prediction("metal", probabilities={label: float(label == "metal") for label in load_bundle().labels}))
    expect(row.locator(".value")).to_have_text("100 %")
    assert [box(part) for part in page.locator("#bars li").all()] == before
    track, value = box(row.locator(".track")), box(row.locator(".value"))
    assert track["x"] + track["width"] < value["x"]
    assert row.locator(".value").evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_figures_stand_apart(page: Page, web: WebPage, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(web.url)
    expect(page.locator("#genre")).to_have_text("metal")
    web(prediction("metal", confidence=1.0, tempo_bpm=129.3))
    expect(page.locator("#tempo")).to_have_text("129 BPM")
    page.evaluate("document.getElementById('since').textContent = '23 h 59 min'")
    figures = page.locator("#figures dd").all()
    right = box(page.locator("#figures"))
    for one, other in pairwise(figures):
        here, there = box(one), box(other)
        words = one.evaluate(
            "e => { const text = document.createRange(); text.selectNodeContents(e);"
            "return text.getBoundingClientRect().right; }"
        )
        assert words + 8 <= there["x"] or there["y"] >= here["y"] + here["height"], "beside it, or below"
        assert words <= right["x"] + right["width"]


def colours_of(page: Page, label: str) -> str:
    return str(
        page.locator("#totals li", has_text=label)
        .locator(".swatch")
        .evaluate("e => getComputedStyle(e).backgroundColor")
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_silence_no_music_and_not_sure_look_different(page: Page, tmp_path: Path, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    begin = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    writer = HistoryWriter(tmp_path / "h.db")
    parts = [("silence", None), ("no_music", None), ("unsure", None), ("music", "constructor"), ("music", "a\u202eb")]
    for n, (state, genre) in enumerate(parts):
        start = begin + timedelta(hours=2 * n)
        writer.write({new_id(start.timestamp()) + n: Segment(start, 7000.0, state, genre, 0.5, 100.0)})
    writer.close()
    sink = serve(tmp_path / "h.db")
    try:
        page.goto(sink.url)
        expect(page.locator("#totals li")).to_have_count(5)
        assert len({colours_of(page, label) for label in ("silence", "no music", "not sure")}) == 3
        heights = page.evaluate(
            "() => { const canvas = document.getElementById('timeline'), context = canvas.getContext('2d');"
            "return [1, 3, 5].map(hour => context.getImageData(hour * 60, 0, 1, canvas.height).data"
            ".filter((value, place) => place % 4 === 3 && value > 0).length); }"
        )
        assert len(set(heights)) == 3
        told = page.locator("#totals").inner_text()
        assert "constructor 1 h 57 min" in told, "a label is a name and nothing else"
        assert "a\\u202eb" in told
        assert "\u202e" not in told
    finally:
        sink.close()


def test_names_are_escaped_as_everywhere(page: Page, web: WebPage) -> None:
    page.goto(web.url)
    labels = ("ro\u202eck", "constructor", "__proto__", "no_music")
    web(started(source="\u202eciM", labels=labels))
    web(prediction("ro\u202eck", labels=labels))
    expect(page.locator("#genre")).to_have_text(r"ro\u202eck")
    expect(page.locator("#source-name")).to_have_text(r"\u202eciM")
    names = [name.inner_text() for name in page.locator("#bars .name").all()]
    assert names == [r"ro\u202eck", "constructor", "proto", "no music"]
    assert "\u202e" not in page.locator("body").inner_text()


def day_of(file: Path, day: str) -> Any:
    """A day as the page gets it from a device in Berlin."""
    HistoryWriter(file).close()
    when = datetime.fromisoformat(day).date()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        answer = day_answer(file, period("day", when))
    time.tzset()
    return answer


@pytest.mark.parametrize(
    ("day", "hours", "at"),
    [
        ("2026-03-29", 23, [0, 3, 7, 11, 15, 19, 23]),
        ("2026-06-21", 24, [0, 4, 8, 12, 16, 20, 24]),
        ("2026-10-25", 25, [0, 5, 9, 13, 17, 21, 25]),
    ],
)
def test_a_day_has_as_many_hours_as_it_has(page: Page, tmp_path: Path, day: str, hours: int, at: list[int]) -> None:
    answer = day_of(tmp_path / "h.db", day)
    start = datetime.fromisoformat(answer["start"])
    assert datetime.fromisoformat(answer["end"]) - start == timedelta(hours=hours)
    assert [mark["label"] for mark in answer["hours"]] == [f"{hour}:00" for hour in range(0, 25, 4)]
    assert [datetime.fromisoformat(mark["time"]) - start for mark in answer["hours"]] == [
        timedelta(hours=h) for h in at
    ]
    page.route("**/api/history", lambda route: route.fulfill(body=json.dumps(answer), content_type="application/json"))
    sink = serve(tmp_path / "h.db")
    try:
        page.goto(sink.url)
        expect(page.locator("#hours li")).to_have_count(7)
        line = box(page.locator("#hours"))
        for mark, hour in list(zip(page.locator("#hours li").all(), at, strict=True))[1:-1]:
            middle = box(mark)["x"] + box(mark)["width"] / 2 - line["x"]
            assert middle / line["width"] == pytest.approx(hour / hours, abs=0.005)
        visible = [mark for mark in page.locator("#hours li").all() if mark.is_visible()]
        assert len(visible) >= 4
        assert all(box(one)["x"] + box(one)["width"] < box(other)["x"] for one, other in pairwise(visible))
    finally:
        sink.close()
