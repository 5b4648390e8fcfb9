"""Settings on the page, for who has the token: seen, tried, changed, refused; in a real browser, with a real broker."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.service.config import load_config
from edge.service.settings import FileSettings
from edge.service.systemd_unit import example_config
from edge.sinks.web import microphones_api, settings_api
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from edge.switch import Switch
from tests.edge.audio.conftest import music, playing  # noqa: F401 - fixtures
from tests.edge.pulse import Pulse, wait_until
from tests.edge.sinks.happenings import change, prediction, started, tick
from tests.edge.sinks.mqtt.mosquitto import PASSWORD, USERNAME, Mosquitto

TOKEN = "a-token-of-24-characters"
SOON = 30_000
MICROPHONES = [
    {"id": "usb-port-2", "name": "USB Mic", "is_default": True},
    {"id": "alsa_input.built-in", "name": "<b>Built-in</b>", "is_default": False},
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("LIVEGENRE_MQTT_PASSWORD", raising=False)
    found = tmp_path / "livegenre.toml"
    found.write_text(example_config())
    return found


@pytest.fixture
def reloads() -> list[None]:
    return []


@pytest.fixture
def web(file: Path, reloads: list[None]) -> Iterator[WebPage]:
    settings = FileSettings(file, lambda: reloads.append(None))
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle("classic"), None, settings=settings)
    for event in (started(), change("jazz"), prediction("jazz"), tick()):
        sink(event)
    yield sink
    sink.close()


def ask(web: WebPage, path: str, method: str = "GET", body: Any = None, token: str | None = TOKEN) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{web.url}api/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_all_of_it_needs_the_token(web: WebPage, file: Path) -> None:
    for path, method, body in (
        *(("settings", "GET", None), ("microphones", "GET", None), ("microphone?id=x", "GET", None)),
        *(("settings", "PATCH", {"decision": {"lead": 2}}), ("broker", "POST", {})),
    ):
        for token in (None, "not-the-token-at-all"):
            assert ask(web, path, method, body, token)[0] == 401
    assert file.read_text() == example_config()


def test_without_a_file_there_are_none() -> None:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle("classic"), None)
    try:
        for path, method, body in (("settings", "GET", None), ("settings", "PATCH", {}), ("broker", "POST", {})):
            assert ask(sink, path, method, body) == (404, {"error": settings_api.NONE_HERE})
    finally:
        sink.close()


def test_what_is_asked_is_written_or_refused(web: WebPage, file: Path, reloads: list[None]) -> None:
    status, shown = ask(web, "settings", "PATCH", {"decision": {"lead": 2}, "mqtt": {"name": "Küche"}})
    assert (status, shown["decision"]["lead"], shown["mqtt"]["name"]) == (200, 2.0, "Küche")
    assert ask(web, "settings") == (200, shown)
    status, told = ask(web, "settings", "PATCH", {"decision": {"lead": 1000}})
    line = 1 + file.read_text().splitlines().index("lead = 2")
    assert (status, told) == (409, {"error": f"{file}, line {line}: lead is 1000, must be 1 to 100"})
    assert ask(web, "settings", "PATCH", {"mqtt": {"name": "x" * 9000}})[0] == 413
    assert len(reloads) == 1


def test_a_broker_is_tried(web: WebPage, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "broker").mkdir()
    broker = Mosquitto(tmp_path / "broker", closed=True)
    broker.start()
    where = {"host": "127.0.0.1", "port": broker.port}
    status, told = ask(web, "broker", "POST", where)
    assert (status, told["error"]) == (409, f"broker 127.0.0.1:{broker.port} refuses: Not authorized")
    right = where | {"username": USERNAME, "password": PASSWORD}
    assert ask(web, "broker", "POST", right) == (200, {"reached": f"127.0.0.1:{broker.port}"})
    assert ask(web, "broker", "POST", right | {"password": "wrong-one"})[0] == 409
    broker.kill()
    status, told = ask(web, "broker", "POST", right)
    assert (status, "cannot be reached" in told["error"]) == (409, True)
    assert PASSWORD not in caplog.text
    assert not load_config(tmp_path / "livegenre.toml").faces["mqtt"].enabled, "trying changes nothing"


def test_microphones_are_listed_by_a_process_of_their_own(web: WebPage) -> None:
    status, found = ask(web, "microphones")
    assert status == 200
    assert all(set(one) == {"id", "name", "is_default"} for one in found)


def levels(web: WebPage, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the level of a microphone, as it is told."""
    request = urllib.request.Request(
        f"{web.url}api/microphone?id={urllib.parse.quote(name)}", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            kind, _, value = line.decode().strip().partition(": ")
            if kind == "event":
                yield value, json.loads(answer.readline().decode().removeprefix("data: "))


def test_the_level_of_a_microphone_is_told_before_it_is_chosen(
    web: WebPage,
    playing: Pulse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in playing.env.items():
        monkeypatch.setenv(name, value)
    playing.add_room("kitchen")
    (microphone,) = (one["id"] for one in ask(web, "microphones")[1] if "kitchen" in one["id"])
    told = levels(web, microphone)
    loud = next(value for _, value in told if (value.get("level_dbfs") or -99) > -60)
    assert loud["level_dbfs"] < 0
    assert ask(web, f"microphone?id={microphone}")[0] == 409, "one at a time"
    told.close()
    wait_until(lambda: not playing.used_by_us(), 30, "it is closed")


def test_of_none_such_it_is_said_why(web: WebPage) -> None:
    kind, told = next(levels(web, "no-such-microphone"))
    assert kind == "problem"
    assert "microphone" in told["error"]
    for name in ("x" * 501, "a%00b"):
        assert ask(web, f"microphone?id={name}")[0] == 400


def test_while_paused_none_is_opened(file: Path) -> None:
    switch = Switch()
    switch.turn(on=False)
    settings = FileSettings(file, lambda: None)
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle("classic"), None, settings=settings, switch=switch)
    try:
        told = (409, {"error": "listening is paused: no microphone is opened"})
        assert ask(sink, "microphone?id=x") == told
    finally:
        sink.close()


def opened(browser: Browser, web: WebPage, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Page:
    monkeypatch.setattr(microphones_api, "listed", lambda: MICROPHONES)
    page = browser.new_context(**options).new_page()
    page.goto(f"{web.url}#token={TOKEN}")
    expect(page.locator("#genre")).to_have_text("jazz", timeout=SOON)
    page.locator("#settings summary").click()
    expect(page.locator("#set-source-uri option")).to_have_count(3, timeout=SOON)
    return page


def test_they_are_changed_on_the_page(
    browser: Browser, web: WebPage, file: Path, reloads: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(browser, web, monkeypatch)
    assert page.locator("#set-source-uri option").all_inner_texts() == [
        *("the default microphone", "USB Mic (default)", "<b>Built-in</b>"),
    ]
    page.get_by_label("Listen to").select_option("mic:alsa_input.built-in")
    expect(page.locator("#try-level")).to_be_visible()
    expect(page.locator("#try-problem")).not_to_be_empty(timeout=SOON)
    page.get_by_label("\N{LEFT DOUBLE QUOTATION MARK}Not sure\N{RIGHT DOUBLE QUOTATION MARK} below").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-problem")).to_contain_text("unsure_below is 7, must be 0 to 1", timeout=SOON)
    page.get_by_label("\N{LEFT DOUBLE QUOTATION MARK}Not sure\N{RIGHT DOUBLE QUOTATION MARK} below").fill("0.25")
    page.get_by_label("Name of this device").fill("Küche")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings-status")).to_have_text(
        "Saved. The device listens with it from now on.", timeout=SOON
    )
    expect(page.locator("#settings-problem")).to_be_empty()
    expect(page.locator("#try-level")).to_be_hidden()
    config = load_config(file)
    assert (config.source.uri, config.decision.unsure_below) == ("mic:alsa_input.built-in", 0.25)
    assert config.faces["mqtt"].name == "Küche"
    assert len(reloads) == 1
    web(tick(-30.0))
    expect(page.locator("#set-level .level-value")).to_have_text("\N{MINUS SIGN}30 dBFS", timeout=SOON)
    page.get_by_label("Port").fill("1")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#broker-status")).to_contain_text("broker localhost:1 cannot be reached", timeout=SOON)
    page.context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing_to_complain_of(
    browser: Browser, web: WebPage, monkeypatch: pytest.MonkeyPatch, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    page = opened(browser, web, monkeypatch, viewport=size, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.context.close()
