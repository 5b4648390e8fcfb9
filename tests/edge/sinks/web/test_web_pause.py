"""Listening is paused and resumed on the page, with the token alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from edge.events import State
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from edge.switch import Switch
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, lost, prediction, started, tick
from tests.edge.sinks.web.browser import chromium

TOKEN = "a-token-of-24-characters"
SOON = 30_000


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def web(switch: Switch) -> Iterator[WebPage]:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle("classic"), None, switch=switch)
    for event in (started(), change("jazz"), prediction("jazz"), tick()):
        sink(event)
    yield sink
    sink.close()


def turn(web: WebPage, body: bytes, token: str | None = TOKEN) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{web.url}api/listening", body, headers), timeout=30
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_token_alone_turns_it(web: WebPage, switch: Switch) -> None:
    for token in (None, "not-the-token-at-all"):
        assert turn(web, b'{"on": false}', token)[0] == 401
    for body in (b"", b"off", b"[]", b'{"on": 0}', b'{"on": "false"}', b"{}"):
        assert turn(web, body)[0] == 400
    assert turn(web, b" " * 2000)[0] == 413
    assert switch.is_on
    assert turn(web, b'{"on": false}') == (200, {"on": False})
    assert not switch.is_on
    assert turn(web, b'{"on": true}') == (200, {"on": True})
    assert switch.is_on


def test_a_button_does_and_the_page_says_so(web: WebPage, switch: Switch) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{web.url}#token={TOKEN}")
        button = page.locator("#listening")
        expect(button).to_have_text("Pause listening", timeout=SOON)
        web(lost("unplugged"))
        expect(page.locator("#source-name")).to_have_text("USB Mic: unplugged; trying again", timeout=SOON)
        button.click()
        wait_until(lambda: not switch.is_on, 30, "it is off")
        web(change(None, "jazz", State.PAUSED))
        web(tick(None))
        expect(page.locator("#genre")).to_have_text("paused", timeout=SOON)
        expect(page.locator("#source-name")).to_have_text("USB Mic: paused")
        page.set_viewport_size({"width": 375, "height": 800})
        word, card = page.locator("#genre").bounding_box(), page.locator("#now").bounding_box()
        assert word is not None and card is not None
        assert word["x"] + word["width"] <= card["x"] + card["width"], "the word fits"
        expect(page.locator("#level-value")).to_have_text("\N{EN DASH}")
        expect(page.locator("body")).to_have_class("paused")
        expect(button).to_have_text("Listen again")
        button.click()
        wait_until(lambda: switch.is_on, 30, "it is on")
        web(change(None, None, State.WARMING_UP))
        expect(button).to_have_text("Pause listening", timeout=SOON)
        expect(page.locator("body")).to_have_class("live")
