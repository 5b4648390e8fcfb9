"""Putting a genre right on the page: with the token alone, into the history, and back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from edge.events import Event, Sound
from edge.history.reader import read_segments
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web.page import WebPage
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, prediction, recorded, started
from tests.edge.sinks.web.browser import chromium

TOKEN = "a-token-of-24-characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
bundle = cache(load_bundle)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A history of the last ten seconds: rock, it says."""
    return recorded(tmp_path / "history.db")


@pytest.fixture
def web(file: Path) -> Iterator[WebPage]:
    sink = WebPage(Address("127.0.0.1", 0), TOKEN, bundle(), file)
    for event in (started(), change("rock"), prediction("rock")):
        sink(event)
    yield sink
    sink.close()


def ask(sink: WebPage, method: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(sink.url.split("/")[2], timeout=30)
    path = "/api/now" if method == "GET" else "/api/correction"
    connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), headers or BEARER)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def labels(file: Path) -> list[str]:
    return [segment.label for segment in read_segments(file)]


def test_it_goes_into_the_history_and_back(web: WebPage, file: Path) -> None:
    status, answer = ask(web, "POST", {"genre": "Jazz"})
    assert (status, answer["corrected"], labels(file)) == (200, "jazz", ["jazz"])
    assert ask(web, "GET", None)[1]["corrected"] == "jazz"
    status, answer = ask(web, "DELETE", None)
    assert (status, answer["corrected"], labels(file)) == (200, None, ["rock"])
    assert ask(web, "DELETE", None)[0] == 409, "nothing is left to take back"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"genre": "polka"}, 409),
        ({"genre": 5}, 400),
        ({"genre": None}, 400),
        (["jazz"], 400),
        ({}, 400),
        (b"", 400),
        (b"\xff{", 400),
        (b"[" * 1000, 400),
        ({"genre": "x" * 5000}, 413),
    ],
)
def test_what_makes_no_sense_is_refused(web: WebPage, file: Path, body: Any, status: int) -> None:
    assert ask(web, "POST", body)[0] == status
    assert labels(file) == ["rock"]


def test_without_the_token_nothing_changes(web: WebPage, file: Path) -> None:
    for headers in ({"Cookie": "x=y"}, {"Authorization": "Bearer wrong"}, {"Origin": "http://evil.example"}):
        assert ask(web, "POST", {"genre": "jazz"}, headers)[0] == 401
        assert ask(web, "DELETE", None, headers)[0] == 401
    assert labels(file) == ["rock"]


def test_a_page_does_it_with_a_few_keys_and_draws_what_is_heard(web: WebPage, file: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{web.url}#token={TOKEN}")
        page.get_by_role("button", name="Is it something else?").focus(timeout=30_000)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="jazz").press("Enter")
        expect(page.locator("#corrected")).to_have_text("You said: jazz", timeout=30_000)
        expect(page.locator("#totals")).to_contain_text("jazz 10 s", timeout=30_000)
        assert labels(file) == ["jazz"]
        page.get_by_role("button", name="Undo").press("Enter")
        expect(page.locator("#undo")).to_be_hidden(timeout=30_000)
        assert labels(file) == ["rock"]
        drawn = "id => { const canvas = document.getElementById(id); const context = canvas.getContext('2d');"
        drawn += "const image = context.getImageData(0, 0, canvas.width, canvas.height);"
        drawn += "return new Set(new Uint32Array(image.data.buffer)).size; }"
        wait_until(lambda: web._board._readers, 30, "the page reads")
        web(with_sound())
        for picture in ("spectrogram", "chromagram"):
            wait_until(lambda: page.evaluate(drawn, picture) > 8, 30, "it is drawn")  # noqa: B023


def test_a_page_without_the_token_asks_for_it_and_then_goes_on(web: WebPage, file: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(web.url)
        page.get_by_role("button", name="Is it something else?").click(timeout=30_000)
        page.get_by_role("button", name="jazz").click()
        expect(page.locator("#token")).to_be_focused(timeout=30_000)
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Is it something else?").click()
        page.get_by_role("button", name="jazz").click()
        expect(page.locator("#corrected")).to_have_text("You said: jazz", timeout=30_000)
        assert labels(file) == ["jazz"]


def with_sound() -> Event:
    """A second with a rising tone."""
    log_mel = np.linspace(-80, 0, 43 * 128, dtype=np.float32).reshape(43, 128)
    return prediction("rock", sound=Sound(43.07, log_mel, np.linspace(0, 1, 43 * 12, dtype=np.float32).reshape(43, 12)))
