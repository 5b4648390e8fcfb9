"""The token: a wrong one is told at once, what was chosen before it was asked for is not lost, and the old one ends."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from edge.history.reader import read_segments
from edge.http import token as token_module
from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.service.config import Config
from edge.service.faces import Faces
from edge.service.settings import FileSettings
from edge.sinks.present import Present
from edge.sinks.web import WebConfig
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from edge.switch import Switch
from tests.edge.pseudo_terminal import MODERN, PseudoTerminal
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import Room
from tests.edge.sinks.mqtt.mosquitto import free_port

TOKEN, OTHER = "a-token-of-24-characters", "another-token-of-its-own"
PLACE = "/var/lib/livegenre/web-token"
expect.set_options(timeout=30_000)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context()
    yield found
    found.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def web(file: Path) -> Iterator[WebPage]:
    """A page on a loopback address, in which rock is heard and can be put right."""
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle(), file, token_place=PLACE)
    room = Room(file, sink)
    room.hears("rock")
    yield sink
    room.history.close()
    sink.close()


def opened(context: BrowserContext, url: str, token: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{url}#token={token}" if token else url)
    return page


def test_a_wrong_token_is_told_before_it_is_needed(context: BrowserContext, web: WebPage) -> None:
    page = opened(context, web.url, OTHER)
    expect(page.locator("#token")).to_be_focused()
    expect(page.locator("#token-why")).to_contain_text(f"is not the device's. The device keeps it in {PLACE}.")
    page.locator("#token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#genre")).to_have_text("rock")
    expect(page.locator("#token-wanted")).to_be_hidden()


def test_what_was_chosen_before_the_token_was_asked_for_is_done_with_it(
    context: BrowserContext, web: WebPage, file: Path
) -> None:
    page = opened(context, web.url)
    expect(page.locator("#genre")).to_have_text("rock")
    page.get_by_role("button", name="Is it something else?").click()
    page.locator("#choices").get_by_role("button", name="jazz").click()
    expect(page.locator("#token")).to_be_focused()
    expect(page.locator("#token-why")).to_have_text(f"The device keeps it in {PLACE}. It stays in this browser.")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    wait_until(lambda: [segment.corrected for segment in read_segments(file)] == ["jazz"], 30, "it is put right")
    expect(page.locator("#choose")).to_be_hidden()


def test_a_link_brings_the_token_to_a_tab_that_has_the_page(context: BrowserContext, web: WebPage) -> None:
    page = opened(context, web.url, OTHER)
    expect(page.locator("#token")).to_be_focused()
    page.evaluate(f"location.hash = 'token={TOKEN}'")
    expect(page.locator("#token-wanted")).to_be_hidden()
    expect(page.locator("#genre")).to_have_text("rock")
    assert page.url == web.url
    assert page.evaluate("history.state") is None


def status(url: str, token: str) -> int:
    request = urllib.request.Request(f"{url}/api/now", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_new_token_takes_the_place_of_the_old_one_with_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(token_module.TOKEN_VARIABLE, raising=False)
    token_file, port = tmp_path / "token", free_port()
    token_file.write_text(TOKEN)
    sections = Config().faces | {"web": WebConfig(True, f"127.0.0.1:{port}", str(token_file))}
    faces, url, bundle = Faces(Present(), Switch()), f"http://127.0.0.1:{port}", load_bundle("classic")
    try:
        faces.show(sections, bundle)
        assert (status(url, TOKEN), status(url, OTHER)) == (200, 401)
        token_file.write_text(OTHER)
        faces.show(sections, bundle)
        assert (status(url, TOKEN), status(url, OTHER)) == (401, 200)
    finally:
        faces.close()


@pytest.mark.parametrize(("mode", "told"), [(0o600, ""), (0o640, ""), (0o644, "read"), (0o666, "read and written")])
def test_a_token_that_is_not_ones_own_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, mode: int, told: str
) -> None:
    monkeypatch.delenv(token_module.TOKEN_VARIABLE, raising=False)
    caplog.set_level(logging.INFO)
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN)
    token_file.chmod(mode)
    sections = Config().faces | {"web": WebConfig(True, "127.0.0.1:0", str(token_file))}
    faces = Faces(Present(), Switch())
    faces.show(sections, load_bundle("classic"), tmp_path / "history.db")
    faces.close()
    assert (f"{token_file} may be {told} by other users: chmod 600" in caplog.text) == bool(told)
    assert f"putting a genre right needs the token in {token_file}" in caplog.text


def test_the_link_is_told_once_to_who_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(token_module.TOKEN_VARIABLE, raising=False)
    token_file, told = tmp_path / "token", list[str]()
    sections = Config().faces | {"web": WebConfig(True, "127.0.0.1:0", str(token_file))}
    for _ in range(2):
        faces = Faces(Present(), Switch(), announce=told.append)
        faces.show(sections, load_bundle("classic"))
        faces.close()
    (link,) = (text for text in told if "#token=" in text)
    assert link.endswith(f"/#token={token_file.read_text().strip()}")


def test_a_log_is_told_the_command_that_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(token_module.TOKEN_VARIABLE, raising=False)
    caplog.set_level(logging.INFO)
    token_file = tmp_path / "token"
    sections = Config().faces | {"web": WebConfig(True, "127.0.0.1:0", str(token_file))}
    faces = Faces(Present(), Switch(), settings=FileSettings(tmp_path / "livegenre.toml", lambda: None))
    faces.show(sections, load_bundle("classic"))
    faces.close()
    assert "service link" in caplog.text
    assert token_file.read_text().strip() not in caplog.text


def linked(config: Path, state: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("livegenre"), "service", "link", "--config", config]
    env = {name: value for name, value in os.environ.items() if name != token_module.TOKEN_VARIABLE}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=env | {"STATE_DIRECTORY": str(state)}
    )


def test_the_command_prints_the_link(tmp_path: Path) -> None:
    config = tmp_path / "livegenre.toml"
    config.write_text("")
    assert linked(config, tmp_path).stderr == (
        f"livegenre: {config}: the page is off; write enabled = true under [web], and restart the service\n"
    )
    config.write_text("[web]\nenabled = true\naddress = '192.0.2.7:8730'\n")
    done = linked(config, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"livegenre: {tmp_path}/web-token: no token yet; start the service")
    (tmp_path / "web-token").write_text(f"{TOKEN}\n")
    done = linked(config, tmp_path)
    assert (done.returncode, done.stdout) == (0, f"http://192.0.2.7:8730/#token={TOKEN}\n")


def test_on_a_terminal_with_its_code(tmp_path: Path) -> None:
    config = tmp_path / "livegenre.toml"
    config.write_text("[web]\nenabled = true\naddress = '192.0.2.7:8730'\n")
    (tmp_path / "web-token").write_text(f"{TOKEN}\n")
    env = MODERN | {"STATE_DIRECTORY": str(tmp_path)}
    terminal = PseudoTerminal("service", "link", "--config", config, env=env)
    status, written = terminal.end()
    assert status == 0
    assert written.splitlines()[-1] == f"http://192.0.2.7:8730/#token={TOKEN}"
    assert written.count("\u2588") > 200, "a code of blocks"
