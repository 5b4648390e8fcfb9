"""The page in a real browser: wide and narrow, dark and light, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from edge.events import State
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter, new_id
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.colours import colours
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import LABELS, STYLES, change, lost, prediction, restored, started, tick

TOKEN = "a-token-of-24-characters"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
#: Milliseconds that a page under a loaded machine may take to show what has happened.
SOON = 30_000
expect.set_options(timeout=SOON)


bundle = cache(load_bundle)


def serve(host: str = "127.0.0.1", port: int = 0, history: Path | None = None) -> WebPage:
    sink = WebPage(Site(Address(host, port)), TOKEN, bundle(), history)
    for event in (started(), change("jazz"), prediction("jazz"), tick()):
        sink(event)
    return sink


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport=WIDE)
    yield found
    found.close()


@pytest.fixture
def web() -> Iterator[WebPage]:
    sink = serve()
    yield sink
    sink.close()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A day with some music in it."""
    file = tmp_path / "history.db"
    begin = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    writer = HistoryWriter(file)
    for n, label in enumerate(LABELS):
        start = begin + timedelta(hours=2 * n)
        state, genre = ("no_music", None) if label == "no_music" else ("music", label)
        writer.write({new_id(start.timestamp()) + n: Segment(start, 5400.0, state, genre, 0.5, 100.0)})
    writer.close()
    return file


def complaints(page: Page) -> list[str]:
    """The browser's errors from now on, and its requests to other servers."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if _is_complaint(message) else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda request: found.append(request.url) if "127.0.0.1" not in request.url else None)
    return found


def _is_complaint(message: ConsoleMessage) -> bool:
    """All but that there is no history, which a page may ask for at any time."""
    is_history = message.location["url"].endswith("/api/history")
    return message.type in ("error", "warning") and not is_history


def opened(context: BrowserContext, sink: WebPage) -> Page:
    page = context.new_page()
    page.goto(sink.url)
    expect(page.locator("#genre")).to_have_text("jazz", timeout=SOON)
    return page


def test_it_shows_what_happens_when_it_happens(context: BrowserContext, web: WebPage) -> None:
    page = context.new_page()
    found = complaints(page)
    page.goto(web.url)
    text = {"#genre": "jazz", "#confidence": "62 %", "#tempo": "112 BPM", "#source-name": "USB Mic"}
    for place, words in text.items():
        expect(page.locator(place)).to_have_text(words, timeout=SOON)
    expect(page.locator("#bars li.shown .value")).to_have_text("60 %")
    web(change("hiphop", "jazz"))
    web(prediction("hiphop"))
    expect(page.locator("#genre")).to_have_text("hiphop", timeout=SOON)
    expect(page.locator("#announce")).to_have_text("Now: hiphop")
    expect(page).to_have_title("hiphop · livegenre")
    web(tick(-6.0))
    expect(page.locator("#level-value")).to_have_text("\N{MINUS SIGN}6 dBFS", timeout=SOON)
    web(lost("unplugged"))
    expect(page.locator("#source-name")).to_have_text("USB Mic: unplugged; trying again", timeout=SOON)
    web(restored())
    web(prediction(None, State.NO_MUSIC))
    expect(page.locator("#genre")).to_have_text("no music", timeout=SOON)
    assert found == []


def test_a_style_leads_where_no_genre_fits(context: BrowserContext, web: WebPage) -> None:
    page = opened(context, web)
    web(change("disco", "jazz"))
    web(prediction("disco", styles=STYLES))
    expect(page.locator("#genre")).to_have_text("disco")
    expect(page.locator("#beneath")).to_have_text("sounds like Techno, House music")
    for _ in range(6):  # seconds: what leads for one alone is not shown
        web(prediction("disco", styles=STYLES, nearest=True, provisional=True))
    expect(page.locator("#genre")).to_have_text("Techno")
    expect(page).to_have_title("Techno · livegenre")
    expect(page.locator("#announce")).to_have_text("Now: Techno")
    expect(page.locator("#beneath")).to_have_text(
        "nearest of 10: disco · first impression · also sounds like House music"
    )
    expect(page.locator("#bars li.shown .name")).to_have_text("disco")
    for _ in range(6):
        web(prediction("disco"))
    expect(page.locator("#genre")).to_have_text("disco")
    expect(page.locator("#beneath")).to_have_text("")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_genre_has_the_colour_that_it_has_everywhere(browser: Browser, history: Path, scheme: str) -> None:
    sink = serve(history=history)
    context = browser.new_context(viewport=WIDE, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = opened(context, sink)
        expect(page.locator("#totals li")).to_have_count(len(LABELS))
        colour = getattr(colours(bundle().labels)["jazz"], f"on_{scheme}")
        as_css = f"rgb({', '.join(map(str, bytes.fromhex(colour[1:])))})"
        expect(page.locator("#genre")).to_have_css("color", as_css)
        expect(page.locator("#bars li.shown .bar")).to_have_css("background-color", as_css)
        expect(page.locator("#totals li", has_text="jazz").locator(".swatch")).to_have_css("background-color", as_css)
        drawn = page.evaluate(
            "() => { const canvas = document.getElementById('timeline');"
            "const seen = canvas.getContext('2d').getImageData(0, canvas.height - 1, canvas.width, 1).data;"
            "return [...Array(canvas.width).keys()].map(x => `rgb(${[...seen.slice(4 * x, 4 * x + 3)].join(', ')})`); }"
        )
        assert as_css in drawn, "in the day, too"
    finally:
        context.close()
        sink.close()


def test_the_first_paint_comes_within_a_second(browser: Browser, web: WebPage) -> None:
    def first_paint_ms() -> float:
        context = browser.new_context(viewport=WIDE)
        page = opened(context, web)
        (found,) = page.evaluate("performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)")
        context.close()
        return float(found)

    wait_until(lambda: first_paint_ms() < 1000, 60, "a first paint within a second, of a machine that has one to spare")


def test_it_comes_back_when_the_device_does(context: BrowserContext, web: WebPage) -> None:
    page = opened(context, web)
    port = int(web.url.rpartition(":")[2].strip("/"))
    web.close()
    expect(page.locator("#source-name")).to_have_text("no connection to the device; trying again", timeout=SOON)
    again = serve(port=port)
    try:
        again(change("metal", "jazz"))
        expect(page.locator("#genre")).to_have_text("metal", timeout=SOON)
        expect(page.locator("body")).to_have_class("live")
    finally:
        again.close()


def test_nobody_looks_nobody_is_served(context: BrowserContext, web: WebPage) -> None:
    page = opened(context, web)
    wait_until(lambda: web._board._readers, 30, "the page reads")
    hide = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); "
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    wait_until(lambda: not web._board._readers, 30, "a hidden page does not")
    page.evaluate(hide, False)
    wait_until(lambda: web._board._readers, 30, "it does again")


def test_the_day(context: BrowserContext, history: Path) -> None:
    sink = serve(history=history)
    try:
        page = opened(context, sink)
        expect(page.locator("#totals li")).to_have_count(len(LABELS), timeout=SOON)
        assert "jazz 1 h 30 min" in page.locator("#totals").inner_text()
        drawn = page.evaluate(
            "() => { const canvas = document.getElementById('timeline');"
            "const seen = canvas.getContext('2d').getImageData(0, canvas.height - 1, canvas.width, 1).data;"
            "return seen.filter((value, place) => place % 4 === 3 && value > 0).length / canvas.width; }"
        )
        assert 0.6 < drawn < 0.75, "11 times an hour and a half"
    finally:
        sink.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_to_complain_of(browser: Browser, history: Path, scheme: str, size: dict[str, int]) -> None:
    sink = serve(history=history)
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    try:
        page = opened(context, sink)
        expect(page.locator("#totals li")).to_have_count(len(LABELS), timeout=SOON)
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
        page.evaluate("document.getElementById('choose').showModal()")
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()
    finally:
        context.close()
        sink.close()


@pytest.mark.parametrize("name", ["progressive metalcore", "R&B", "k", "Ülkü & Çağ", "<img src=x onerror=alert(1)>"])
def test_any_genre_fits_and_none_is_markup(context: BrowserContext, web: WebPage, name: str) -> None:
    page = opened(context, web)
    found = complaints(page)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    labels = (name, "jazz")
    web(started(source=name, labels=labels))
    web(prediction(name, labels=labels))
    expect(page.locator("#genre")).to_have_text(name, timeout=SOON)
    expect(page.locator("#bars li.shown .name")).to_have_text(name)
    expect(page.locator("#source-name")).to_have_text(name)
    wait_until(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"), 30, "nothing sticks out")
    assert page.locator("img").count() == 0
    assert found == []


def test_from_elsewhere_it_asks_for_the_token_once(context: BrowserContext) -> None:
    sink = serve("0.0.0.0")
    url = sink.url.replace(sink.url.split("/")[2].rpartition(":")[0], "127.0.0.1")
    try:
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#token")).to_be_focused(timeout=SOON)
        page.keyboard.type("not-the-token-at-all")
        page.keyboard.press("Enter")
        expect(page.locator("#token-why")).to_contain_text("is not the device's", timeout=SOON)
        page.locator("#token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#genre")).to_have_text("jazz", timeout=SOON)
        expect(page.locator("#token-wanted")).to_be_hidden()
        page.reload()
        expect(page.locator("#genre")).to_have_text("jazz", timeout=SOON)
        assert context.cookies() == []
    finally:
        sink.close()


def test_a_link_can_bring_the_token_and_does_not_keep_it(context: BrowserContext) -> None:
    sink = serve("0.0.0.0")
    url = sink.url.replace(sink.url.split("/")[2].rpartition(":")[0], "127.0.0.1")
    try:
        page = context.new_page()
        page.goto(f"{url}#token={TOKEN}")
        expect(page.locator("#genre")).to_have_text("jazz", timeout=SOON)
        assert page.url == url
    finally:
        sink.close()
