"""Several rooms on one server: each has its page and its API, behind the same access control."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from edge.events import SegmentBegun
from edge.history.reader import read_segments
from edge.http.address import Address
from edge.http.shared import Shared
from edge.model.bundle import load_bundle
from edge.rooms import RoomName
from edge.sinks.web.page import WebPage
from edge.sinks.web.settings_api import SECRET_PATHS
from edge.sinks.web.site import Site
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, prediction, recorded, started, tick
from tests.edge.sinks.web.test_web import BEARER, TOKEN, Answer, ask

expect.set_options(timeout=30_000)
SLUGS = ("kitchen", "living-room")
GENRES = {"kitchen": "jazz", "Living Room": "metal"}


class House:
    """The pages of two rooms, by name."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        shared = Shared()
        self.switches = {name: Switch() for name in GENRES}
        self.histories = {name: recorded(folder / f"{name}.db") for name in GENRES}
        self.pages = {
            name: WebPage(
                shared.take("page", lambda: Site(Address(host, 0))),
                TOKEN,
                load_bundle("classic"),
                self.histories[name],
                switch=self.switches[name],
                room=RoomName(name, place, SLUGS),
                on_close=lambda: shared.give_back("page"),
            )
            for place, name in enumerate(GENRES)
        }
        for name, genre in GENRES.items():
            segment = read_segments(self.histories[name])[-1]
            for event in (started(), change(genre), prediction(genre), tick()):
                self.pages[name](event)
            self.pages[name](SegmentBegun(time=event.time, audio_s=1.0, segment=str(segment.id), corrected=None))
        self.url = self.pages["kitchen"].url

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        return ask(self.pages["kitchen"], path, method, headers)

    def now(self, path: str) -> Any:
        return self.ask(f"{path}api/now").json()

    def corrected(self, name: str) -> set[str | None]:
        return {segment.corrected for segment in read_segments(self.histories[name])}

    def close(self) -> None:
        for page in self.pages.values():
            page.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


def test_each_room_has_a_place_and_the_first_is_at_the_root_too(house: House) -> None:
    wait_until(lambda: house.now("/rooms/living-room/")["genre"] == "metal", 20, "the second is shown")
    assert house.now("/")["genre"] == house.now("/rooms/kitchen/")["genre"] == "jazz"
    for path in ("/", "/rooms/kitchen/", "/rooms/living-room/"):
        told = house.ask(f"{path}api/rooms").json()
        assert [(room["name"], room["path"], room["shown"]) for room in told] == [
            ("kitchen", "/rooms/kitchen/", "jazz"),
            ("Living Room", "/rooms/living-room/", "metal"),
        ]
        assert house.ask(path).body == house.ask("/").body
        assert house.ask(f"{path}rooms.js").status == 200
    for path in ("/rooms/", "/rooms/hall/", "/rooms/hall/api/now", "/rooms/kitchen/rooms/living-room/api/now"):
        assert house.ask(path).status == 404
    house.pages["Living Room"].close()
    assert house.ask("/rooms/living-room/api/now").status == 404
    assert [room["name"] for room in house.ask("/api/rooms").json()] == ["kitchen"]
    house.pages["Living Room"].close = lambda: None  # type: ignore[method-assign]


@pytest.mark.parametrize("room", ["", *(f"/rooms/{slug}" for slug in SLUGS)])
def test_a_room_needs_the_token_wherever_a_page_alone_does(house: House, room: str) -> None:
    for path in SECRET_PATHS:
        for written in (path, f"{path}%0a", f"{path}%0A", path.replace("s", "%73")):
            assert house.ask(room + written).status in (401, 404), written
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/", "/api/listening", "/api/correction", "/api/settings"):
            assert house.ask(room + path, method).status == 401
    assert house.ask(f"{room}/api/now", headers={"X-Forwarded-For": "10.0.0.1"}).status == 401
    assert house.ask(f"{room}/api/now", headers={"Host": "evil.example"}).status == 421
    assert house.ask(f"{room}/", headers={"X-Forwarded-For": "10.0.0.1"}).status == 200


def test_from_elsewhere_rooms_need_the_token(tmp_path: Path) -> None:
    house = House(tmp_path, "0.0.0.0")
    try:
        for room in ("", *(f"/rooms/{slug}" for slug in SLUGS)):
            assert house.ask(f"{room}/").status == 200
            for path in ("/api/now", "/api/rooms", "/api/model", "/api/segments", "/api/settings", "/nothing"):
                assert house.ask(room + path).status == 401
            assert house.ask(f"{room}/api/now", headers=BEARER).status == 200
    finally:
        house.close()


def test_whatever_path_is_asked_for_nothing_is_open_that_a_page_alone_keeps(tmp_path: Path) -> None:
    house = House(tmp_path, "0.0.0.0")
    odd = st.sampled_from(["..", ".", "", "%2e%2e", "%2f", "%0a", "?", "rooms", "hall"])
    places = st.sampled_from([[], *(["rooms", slug] for slug in SLUGS)])
    ends = st.sampled_from([["api", "now"], ["api", "settings"], ["api", "rooms"], [""]])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(places, st.lists(odd, max_size=2), ends, st.lists(odd, max_size=1))
    def try_out(place: list[str], between: list[str], end: list[str], after: list[str]) -> None:
        path = "/" + "/".join([*place, *between, *end, *after])
        answer = house.ask(path)
        assert answer.status == 401 or answer.body == page, path
        assert house.ask(path, headers=BEARER).status in (200, 404)

    page = house.ask("/").body
    try:
        try_out()
    finally:
        house.close()


def test_in_a_browser_each_page_is_about_its_room(house: House, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{house.url}#token={TOKEN}")
    links = page.get_by_role("navigation", name="Rooms").get_by_role("link")
    expect(links).to_have_text(["kitchen jazz", "Living Room metal"])
    expect(links.nth(0)).to_have_attribute("aria-current", "page")
    expect(page).to_have_title("jazz · kitchen · livegenre")
    links.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rooms/living-room/")
    expect(page.locator("#genre")).to_have_text("metal")
    expect(page).to_have_title("metal · Living Room · livegenre")
    expect(page.locator("#rooms [aria-current]")).to_have_text("Living Room metal")
    assert Axe().run(page).violations_count == 0
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.get_by_role("button", name="That is right").click()
    wait_until(lambda: house.corrected("Living Room") != {None}, 30, "it is in the history of this room")
    assert house.corrected("kitchen") == {None}
    page.get_by_role("button", name="Pause listening").click()
    wait_until(lambda: not house.switches["Living Room"].is_on, 30, "this room is paused")
    assert house.switches["kitchen"].is_on

    house.pages["kitchen"](change("blues"))
    expect(links.nth(0)).to_have_text("kitchen blues")
    page.close()


def test_a_page_alone_shows_no_rooms(tmp_path: Path, browser: Browser) -> None:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle("classic"), None)
    for event in (started(), change("jazz"), prediction("jazz")):
        sink(event)
    try:
        page = browser.new_page()
        page.goto(sink.url)
        expect(page).to_have_title("jazz · livegenre")
        expect(page.locator("#rooms")).to_be_hidden()
        assert [(room["name"], room["path"]) for room in ask(sink, "/api/rooms").json()] == [("", "/")]
        page.close()
    finally:
        sink.close()
