"""Putting a genre right on the page: with the token alone, into the history, and back."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import expect

from edge.events import Event, Sound
from edge.history.reader import read_segments
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import Room, prediction
from tests.edge.sinks.web.browser import chromium

LIVEGENRE = Path(sys.executable).with_name("livegenre")
TOKEN = "a-token-of-24-characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
bundle = cache(load_bundle)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def web(file: Path) -> Iterator[WebPage]:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, bundle(), file)
    yield sink
    sink.close()


@pytest.fixture
def room(web: WebPage, file: Path) -> Iterator[Room]:
    """Ten seconds of rock so far, it says."""
    found = Room(file, web)
    found.hears("rock")
    yield found
    found.history.close()


def ask(
    sink: WebPage, method: str, body: Any = None, query: str = "", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(sink.url.split("/")[2], timeout=30)
    path = "/api/now" if method == "GET" else f"/api/correction{query}"
    connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), headers or BEARER)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def labels(file: Path) -> list[str]:
    return [segment.label for segment in read_segments(file)]


def shown(web: WebPage, room: Room) -> str:
    """Return the segment that is shown, once it is."""
    room.is_told(lambda: ask(web, "GET")[1]["segment"], "what is shown is in the history")
    return str(ask(web, "GET")[1]["segment"])


def test_it_goes_into_the_history_and_back(web: WebPage, room: Room, file: Path) -> None:
    segment = shown(web, room)
    status, answer = ask(web, "POST", {"genre": "Jazz", "segment": segment})
    assert (status, answer["corrected"], labels(file)) == (200, "jazz", ["jazz"])
    assert answer["segment"]["id"] == segment
    room.is_told(lambda: ask(web, "GET")[1]["corrected"] == "jazz", "it is shown")
    status, answer = ask(web, "DELETE", query=f"?segment={segment}")
    assert (status, answer["corrected"], labels(file)) == (200, None, ["rock"])
    room.is_told(lambda: ask(web, "GET")[1]["corrected"] is None, "it is no longer shown")
    assert ask(web, "DELETE", query=f"?segment={segment}")[0] == 409, "nothing is left to take back"


def test_what_is_shown_is_confirmed_and_a_genre_of_ones_own_is_said(web: WebPage, room: Room, file: Path) -> None:
    segment = shown(web, room)
    assert ask(web, "POST", {"right": True, "segment": segment})[1]["corrected"] == "rock"
    assert ask(web, "POST", {"genre": "Tango", "segment": segment})[0] == 409
    assert ask(web, "POST", {"genre": "Tango", "own": True, "segment": segment})[1]["corrected"] == "tango"
    assert ask(web, "POST", {"genre": "tango", "segment": segment})[0] == 200, "it is known from then on"
    assert ask(web, "POST", {"genre": "jazz", "right": True, "segment": segment})[0] == 400
    assert labels(file) == ["tango"]


def test_what_was_shown_is_corrected_whatever_is_by_now(web: WebPage, room: Room, file: Path) -> None:
    rock = shown(web, room)
    room.hears("metal")
    metal = shown(web, room)
    assert metal != rock
    assert ask(web, "POST", {"genre": "jazz", "segment": rock})[0] == 200
    assert labels(file) == ["jazz", "metal"]
    began = read_segments(file)[1].start.isoformat()
    assert ask(web, "POST", {"genre": "blues", "at": began})[0] == 200
    assert labels(file) == ["jazz", "blues"]
    assert ask(web, "DELETE", query=f"?segment={rock}")[0] == 200
    assert ask(web, "DELETE", query=f"?segment={rock}")[0] == 409, "not that of the metal"
    assert labels(file) == ["rock", "blues"]


def test_the_day_says_what_can_be_corrected(web: WebPage, room: Room, file: Path) -> None:
    connection = http.client.HTTPConnection(web.url.split("/")[2], timeout=30)
    connection.request("GET", f"/api/history?day={read_segments(file)[0].start.astimezone().date()}", headers=BEARER)
    (segment,) = json.loads(connection.getresponse().read())["segments"]
    assert ask(web, "POST", {"genre": "jazz", "segment": segment["id"]})[0] == 200
    assert labels(file) == ["jazz"]


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"segment": None},
        {"segment": ""},
        {"segment": "rock"},
        {"segment": "9" * 30},
        {"segment": "-1"},
        {"segment": ["1"]},
        {"segment": True},
        {"at": "yesterday"},
        {"at": "2026-11-21T20:15:00"},
        {"at": 5},
        {"segment": "5", "at": "2026-11-21T20:15:00Z"},
    ],
)
def test_a_correction_that_does_not_say_of_what_is_refused(
    web: WebPage, room: Room, file: Path, target: dict[str, Any]
) -> None:
    status, answer = ask(web, "POST", {"genre": "jazz", **target})
    assert (status, "say what is meant" in answer["error"]) == (400, True)
    query = "?" + urlencode({name: value for name, value in target.items() if value is not None})
    assert ask(web, "DELETE", query=query)[0] == (409 if target.get("segment") == "5" else 400)
    assert labels(file) == ["rock"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"genre": "polka"}, 409),
        ({"genre": "jazz", "segment": "5"}, 409),
        ({"genre": "jazz", "at": "2020-11-21T20:15:00Z"}, 409),
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
def test_what_makes_no_sense_is_refused(web: WebPage, room: Room, file: Path, body: Any, status: int) -> None:
    if isinstance(body, dict) and not {"segment", "at"} & body.keys():
        body["segment"] = str(read_segments(file)[0].id)
    assert ask(web, "POST", body)[0] == status
    assert labels(file) == ["rock"]


def test_without_the_token_nothing_changes(web: WebPage, room: Room, file: Path) -> None:
    segment = shown(web, room)
    for headers in ({"Cookie": "x=y"}, {"Authorization": "Bearer wrong"}, {"Origin": "http://evil.example"}):
        assert ask(web, "POST", {"genre": "jazz", "segment": segment}, headers=headers)[0] == 401
        assert ask(web, "DELETE", None, f"?segment={segment}", headers)[0] == 401
    assert labels(file) == ["rock"]


def test_a_page_does_it_with_a_few_keys_and_draws_what_is_heard(web: WebPage, room: Room, file: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{web.url}#token={TOKEN}")
        expect(page.get_by_role("button", name="Is it something else?")).to_be_enabled(timeout=30_000)
        page.get_by_role("button", name="Is it something else?").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="jazz").press("Enter")
        said = page.locator("#corrected")
        room.is_told(lambda: said.text_content() == "You said: jazz", "it is told")
        expect(page.locator("#totals")).to_contain_text("jazz 10 s", timeout=30_000)
        assert labels(file) == ["jazz"]
        page.get_by_role("button", name="Undo").press("Enter")
        room.is_told(page.locator("#undo").is_hidden, "it is taken back")
        assert labels(file) == ["rock"]
        page.get_by_role("button", name="That is right").press("Enter")
        room.is_told(lambda: said.text_content() == "You said: rock", "it is confirmed")
        drawn = "id => { const canvas = document.getElementById(id); const context = canvas.getContext('2d');"
        drawn += "const image = context.getImageData(0, 0, canvas.width, canvas.height);"
        drawn += "return new Set(new Uint32Array(image.data.buffer)).size; }"
        wait_until(lambda: web._board._readers, 30, "the page reads")
        web(with_sound())
        for picture in ("spectrogram", "chromagram"):
            wait_until(lambda: page.evaluate(drawn, picture) > 8, 30, "it is drawn")  # noqa: B023


def test_a_dialog_that_was_opened_for_one_record_does_not_correct_the_next(
    web: WebPage, room: Room, file: Path
) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{web.url}#token={TOKEN}")
        page.get_by_role("button", name="Is it something else?").click(timeout=30_000)
        expect(page.locator("#choose-what")).to_contain_text("This is about rock, shown since")
        room.hears("metal")
        expect(page.locator("#genre")).to_have_text("metal", timeout=30_000)
        page.get_by_role("button", name="jazz").click()
        said = page.locator("#corrected")
        expect(said).to_have_text("You said of rock before: jazz", timeout=30_000)
        assert labels(file) == ["jazz", "metal"]
        page.get_by_role("button", name="Undo").click()
        expect(said).to_have_text("", timeout=30_000)
        assert labels(file) == ["rock", "metal"]
        expect(page.locator("#undo")).to_be_hidden()


def test_what_is_said_elsewhere_is_shown_at_once(web: WebPage, room: Room, file: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{web.url}#token={TOKEN}")
        expect(page.get_by_role("button", name="Is it something else?")).to_be_enabled(timeout=30_000)
        subprocess.run([LIVEGENRE, "correct", "jazz", "--file", file], check=True, capture_output=True)
        said = page.locator("#corrected")
        room.is_told(lambda: said.text_content() == "You said: jazz", "another process's correction is shown")
        expect(page.locator("#totals")).to_contain_text("jazz", timeout=30_000)


def test_a_page_without_the_token_asks_for_it_and_then_goes_on(web: WebPage, room: Room, file: Path) -> None:
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
        room.is_told(lambda: page.locator("#corrected").text_content() == "You said: jazz", "it is told")
        assert labels(file) == ["jazz"]


def with_sound() -> Event:
    """A second with a rising tone."""
    log_mel = np.linspace(-80, 0, 43 * 128, dtype=np.float32).reshape(43, 128)
    return prediction("rock", sound=Sound(43.07, log_mel, np.linspace(0, 1, 43 * 12, dtype=np.float32).reshape(43, 12)))
