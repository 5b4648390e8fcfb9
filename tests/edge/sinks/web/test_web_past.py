"""The past on the page: other days, weeks and years, and the list that corrects each stretch where it stands."""

from __future__ import annotations

import csv
import json
import re
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from edge.history import listing
from edge.history.reader import read_segments
from edge.history.segments import Segment
from edge.history.writer import HeadInput, HistoryWriter, ModelIdentity, new_id
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web import history_api
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, prediction, started

TOKEN = "a-token-of-24-characters"
#: A Wednesday, in the middle of a month.
WEDNESDAY = datetime(2026, 7, 15, 20).astimezone()
bundle = cache(load_bundle)
expect.set_options(timeout=30_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two evenings, a week apart."""
    parts = [
        (0, "jazz", 3000.0),
        (1, "rock", 1200.0),
        (2, None, 600.0),
        (-7 * 24, "jazz", 600.0),
        (-7 * 24 + 1, "pop", 900.0),
    ]
    path, model = tmp_path / "history.db", ModelIdentity("m", "i", bundle().labels)
    writer = HistoryWriter(path)
    for hours, genre, seconds in sorted(parts, key=lambda part: part[0]):
        start = WEDNESDAY + timedelta(hours=hours)
        segment = Segment(start, seconds, "music" if genre else "silence", genre, 0.5, 100.0)
        key = new_id(start.timestamp())
        writer.write({key: segment}, {key: HeadInput(model, 5.0, b"")})
    writer.close()
    return path


@pytest.fixture
def web(file: Path) -> Iterator[WebPage]:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, bundle(), file)
    for event in (started(), change("metal"), prediction("metal")):
        sink(event)
    yield sink
    sink.close()


@pytest.fixture(params=[("dark", 1180), ("light", 375)], ids=["dark-wide", "light-narrow"])
def page(browser: Browser, web: WebPage, request: pytest.FixtureRequest) -> Iterator[Page]:
    scheme, width = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True, accept_downloads=True
    )
    found = context.new_page()
    found.goto(f"{web.url}#token={TOKEN}")
    expect(found.locator("#nothing-heard")).to_be_visible()
    yield found
    context.close()


def is_fine(page: Page) -> None:
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def test_any_day_week_and_year_is_shown(page: Page) -> None:
    page.locator("#date").fill("2026-07-15")
    expect(page.locator("#day-title")).to_have_text(re.compile("Wednesday,? 15 July 2026"))
    expect(page.locator("#totals li").first).to_have_text("jazz 50 min")
    page.get_by_role("button", name="Week", exact=True).click()
    expect(page.locator("#day-title")).to_have_text("13 July to 19 July 2026")
    expect(page.locator("#totals li")).to_have_text(["jazz 50 min+40 min", "rock 20 min+20 min", "silence 10 min"])
    expect(page.locator("#compared")).to_have_text(
        "Music for 1 h 10 min; 25 min in the week before, up to the same time; none of pop this time."
    )
    cells = page.locator("#heat tbody tr").nth(2).locator("td")
    expect(cells).to_have_count(24)
    expect(cells.nth(20)).to_have_text("jazz 50 min")
    expect(cells.nth(19)).to_have_text("")
    cells.nth(21).hover()
    expect(page.locator("#tip")).to_have_text("Wed 15 Jul, 21:00: rock 20 min")
    is_fine(page)
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("#totals li").first).to_have_text("pop 15 min")
    page.get_by_role("button", name="Year", exact=True).click()
    expect(page.locator("#day-title")).to_have_text("2026")
    expect(page.locator("#heat tbody tr").nth(6).locator("td").nth(20)).to_have_text("jazz 1 h 0 min")
    page.get_by_role("button", name="Jul", exact=True).click()
    expect(page.locator("#day-title")).to_have_text("July 2026")
    page.get_by_role("button", name="Wed 15", exact=True).click()
    expect(page.locator("#day-title")).to_have_text(re.compile("Wednesday,? 15 July 2026"))
    page.get_by_role("button", name="Today", exact=True).click()
    expect(page.locator("#day-title")).to_have_text("Today")
    expect(page.locator("#now-mark")).to_be_visible()


class OnWednesday(datetime):
    """The clock of a device on the day of the first evening."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return WEDNESDAY.astimezone(tz) if tz else WEDNESDAY.replace(tzinfo=None)


@pytest.mark.parametrize("clock", ["00:01", "12:00", "23:58"])
def test_the_mark_of_now_stays_on_a_narrow_page_at_any_time(
    browser: Browser, web: WebPage, monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    monkeypatch.setattr(history_api, "datetime", OnWednesday)
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.clock.set_fixed_time(datetime.fromisoformat(f"2026-07-15T{clock}").astimezone())
    page.goto(web.url)
    expect(page.locator("#now-mark")).to_be_visible()
    is_fine(page)
    mark, line = page.locator("#now-mark").bounding_box(), page.locator("#timeline").bounding_box()
    assert mark is not None
    assert line is not None
    assert line["x"] <= mark["x"] + 1
    assert mark["x"] + mark["width"] <= line["x"] + line["width"] + 1
    context.close()


def labels(file: Path) -> list[str | None]:
    return [segment.corrected for segment in read_segments(file)]


def test_each_stretch_is_put_right_where_it_stands(page: Page, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_api, "PAGE_SEGMENTS", 3)
    page.locator("#list summary").click()
    rows = page.locator("#segments li")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="More").click()
    expect(rows).to_have_count(5)
    expect(page.locator("#more")).to_be_hidden()
    expect(rows.first.get_by_role("button")).to_have_count(0)  # nobody judges silence
    is_fine(page)
    page.get_by_role("button", name="rock is right").press("Enter")
    expect(rows.nth(1)).to_contain_text("confirmed")
    assert labels(file) == [None, None, None, "rock", None]
    page.get_by_role("button", name="Correct jazz").first.click()
    expect(page.locator("#choose-what")).to_contain_text("This is about jazz of Wed")
    page.locator("#choices").get_by_role("button", name="blues").click()
    expect(rows.nth(2)).to_contain_text("the model said jazz")
    assert labels(file) == [None, None, "blues", "rock", None]
    page.get_by_role("button", name="Take back: blues").click()
    expect(rows.nth(2)).not_to_contain_text("the model said")
    assert labels(file) == [None, None, None, "rock", None]
    page.locator("#filter-text").fill("JAZ")
    expect(rows).to_have_count(2)
    page.locator("#filter-from").fill("2026-07-15")
    expect(rows).to_have_count(1)
    page.locator("#filter-text").fill("<b>")
    expect(page.locator("#list-problem")).to_have_text("Nothing like that was heard.")


def test_what_is_listed_is_downloaded(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_api, "ROWS_A_PART", 1)
    page.locator("#list summary").click()
    page.locator("#filter-label").select_option("jazz")
    for name in ("CSV", "JSON"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Download {name}").click()
        text = Path(waiting.value.path()).read_text()
        rows = list(csv.DictReader(text.splitlines())) if name == "CSV" else json.loads(text)
        assert [row["genre"] for row in rows] == ["jazz", "jazz"]
        assert float(rows[1]["duration_s"]) == 3000.0
        assert waiting.value.suggested_filename == f"livegenre-history.{name.lower()}"


def test_a_download_of_everything_is_no_more_in_memory_than_a_part(web: WebPage, file: Path) -> None:
    parts: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.history.listing.AT_ONCE", 2)
        select = listing._select

        def counted(*asked: Any, **further: Any) -> Any:
            found = select(*asked, **further)
            parts.append(len(found))
            return found

        patch.setattr("edge.history.listing._select", counted)
        with urllib.request.urlopen(f"{web.url}api/download?format=json", timeout=30) as answer:
            assert len(json.loads(answer.read())) == 5
    wait_until(lambda: parts == [2, 2, 1], 30, "it is read in parts")
