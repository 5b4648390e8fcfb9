"""The page's server: what it answers, whom it refuses, and that no client can hold it up."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edge.errors import ConfigError, FaceError
from edge.events import State
from edge.history.segments import Segment
from edge.history.writer import HistoryWriter, new_id
from edge.http import server
from edge.http import token as token_module
from edge.http.access import HEADERS
from edge.http.address import Address, parse_address
from edge.http.token import read_token
from edge.model.bundle import load_bundle
from edge.sinks.web import board
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, lost, prediction, restored, started, stats, tick

TOKEN = "a-token-of-24-characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


bundle = cache(load_bundle)


def page(host: str = "127.0.0.1", history: Path | None = None) -> WebPage:
    return WebPage(Site(Address(host, 0)), TOKEN, bundle(), history, ["shelf.example"])


@pytest.fixture
def web() -> Iterator[WebPage]:
    sink = page()
    sink(started())
    yield sink
    sink.close()


def port(sink: WebPage) -> int:
    found = urlsplit(sink.url).port
    assert found
    return found


class Answer:
    """A response."""

    def __init__(self, got: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = got.status, {k.lower(): v for k, v in got.headers.items()}, got.read()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(sink: WebPage, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port(sink), timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Reader:
    """A client that reads events."""

    def __init__(self, sink: WebPage) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port(sink), timeout=30)
        self._connection.request("GET", "/api/events")
        self.answer = self._connection.getresponse()

    def next(self, kind: str = "now") -> Any:
        """The next event of a kind."""
        while True:
            line = self.answer.readline()
            assert line, "the server ended the events"
            if line == f"event: {kind}\n".encode():
                return json.loads(self.answer.readline().removeprefix(b"data: "))

    def close(self) -> None:
        self._connection.close()


def test_now_is_what_the_events_say(web: WebPage) -> None:
    for event in (change("jazz"), prediction("jazz"), stats(), tick(-20.0)):
        web(event)
    wait_until(lambda: ask(web, "/api/now").json()["level_dbfs"] == -20.0, 10, "the level is known")
    now = ask(web, "/api/now").json()
    since = datetime.fromisoformat(now["since"])
    assert datetime.now(UTC) - since < timedelta(minutes=1)
    assert (now["state"], now["genre"], now["shown"], now["confidence"]) == ("music", "jazz", "jazz", 0.62)
    assert (now["tempo_bpm"], now["probabilities"]["jazz"], now["gaps"]) == (112.4, 0.6, 1)
    assert now["source"] == {"name": "USB Mic", "problem": None}
    web(lost("unplugged\x1b[31m"))
    wait_until(lambda: ask(web, "/api/now").json()["source"]["problem"], 10, "the loss is known")
    assert ask(web, "/api/now").json()["source"]["problem"] == r"unplugged\x1b[31m"


def test_readers_get_news_and_levels(web: WebPage) -> None:
    reader = Reader(web)
    assert reader.answer.headers["content-type"] == "text/event-stream"
    assert reader.next()["genre"] is None
    web(change("metal"))
    assert reader.next()["genre"] == "metal"
    web(tick(-33.0))
    assert reader.next("level") == {"level_dbfs": -33.0}
    web(lost())
    assert reader.next()["source"]["problem"] == "unplugged"
    web(restored())
    assert reader.next()["source"]["problem"] is None
    web(prediction(None, State.SILENCE))
    assert reader.next()["shown"] == "silence"
    reader.close()


def test_the_model_and_the_files_of_the_page(web: WebPage) -> None:
    model = ask(web, "/api/model").json()
    assert model["labels"] == list(bundle().labels)
    assert "metrics" in model
    for path, kind in (("/", "text/html"), ("/style.css", "text/css"), ("/script.js", "text/javascript")):
        answer = ask(web, path)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(kind)


def test_a_day_of_the_history(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    noon = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
    writer = HistoryWriter(file)
    for n, (genre, hours) in enumerate((("jazz", 0), ("rock", 1), ("jazz", 24))):
        start = noon + timedelta(hours=hours)
        writer.write({new_id(start.timestamp()) + n: Segment(start, 600.0 + n, "music", genre, 0.5, 100.0)})
    writer.close()
    sink = page(history=file)
    try:
        today = ask(sink, "/api/history").json()
        assert [segment["genre"] for segment in today["segments"]] == ["jazz", "rock"]
        assert today["totals"] == [{"label": "rock", "seconds": 601.0}, {"label": "jazz", "seconds": 600.0}]
        tomorrow = ask(sink, f"/api/history?day={noon + timedelta(days=1):%Y-%m-%d}").json()
        assert tomorrow["totals"] == [{"label": "jazz", "seconds": 602.0}]
        for day in ("1970-13-01", "x", "", "9999-12-31", "0001-01-01", "%00"):
            answer = ask(sink, f"/api/history?day={day}")
            assert answer.status in (200, 400), day
    finally:
        sink.close()


def test_without_a_history_it_says_so(web: WebPage, tmp_path: Path) -> None:
    assert ask(web, "/api/history").status == 404
    sink = page(history=tmp_path / "none.db")
    try:
        assert "none.db" in ask(sink, "/api/history").json()["error"]
    finally:
        sink.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "local host", "a@127.0.0.1", "[::1"])
def test_a_foreign_name_is_refused(web: WebPage, host: str) -> None:
    for path in ("/", "/api/now", "/api/events"):
        assert ask(web, path, headers={"Host": host}).status in (400, 421)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "localhost", "LOCALHOST:80", "[::1]:8730", "shelf.example", "10.0.0.7"]
)
def test_own_names_and_addresses_are_not(web: WebPage, host: str) -> None:
    assert ask(web, "/api/now", headers={"Host": host} | BEARER).status == 200
    is_loopback = host not in ("shelf.example", "10.0.0.7")
    assert ask(web, "/api/now", headers={"Host": host}).status == (200 if is_loopback else 401), "it was handed on"


def test_every_answer_has_the_headers_and_no_cookie(web: WebPage) -> None:
    for path in ("/", "/api/now", "/nothing", "/api/history"):
        answer = ask(web, path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert "default-src 'none'" in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/../config.py", "/%2e%2e/%2e%2e/etc/passwd", "/..%2fapp.py", "/app.py", "/api/../app.py", "//etc/passwd", "/%00"],
)
def test_no_other_file_is_given_out(web: WebPage, path: str) -> None:
    assert ask(web, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_is_changed_without_the_token(web: WebPage, method: str) -> None:
    for path in ("/", "/api/now", "/api/correction"):
        assert ask(web, path, method).status == 401
        assert ask(web, path, method, {"Authorization": "Bearer " + TOKEN[:-1]}).status == 401


def test_from_elsewhere_everything_but_the_page_needs_the_token() -> None:
    sink = page("0.0.0.0")
    try:
        assert ask(sink, "/").status == 200
        for path in ("/api/now", "/api/model", "/api/history", "/api/events", "/nothing"):
            assert ask(sink, path).status == 401
        for kind in ("Bearer", "bearer"):
            assert ask(sink, "/api/now", headers={"Authorization": f"{kind} {TOKEN}"}).status == 200
        for wrong in ("Basic " + TOKEN, TOKEN, "Bearer", "Bearer x", "Bearer \xe9"):
            assert ask(sink, "/api/now", headers={"Authorization": wrong}).status == 401
    finally:
        sink.close()


def test_a_wrong_token_is_refused_where_none_is_needed(web: WebPage) -> None:
    for path in ("/api/now", "/api/events", "/api/model"):
        assert ask(web, path, headers={"Authorization": f"Bearer {TOKEN[:-1]}"}).status == 401
    assert ask(web, "/", headers={"Authorization": f"Bearer {TOKEN[:-1]}"}).status == 200
    assert ask(web, "/api/now", headers={"Authorization": "Basic of-a-proxy"}).status == 200


def test_where_the_token_is_is_told_to_this_machine_alone() -> None:
    for host, told in (("127.0.0.1", True), ("0.0.0.0", False)):
        sink = WebPage(Site(Address(host, 0)), TOKEN, bundle(), None, token_place='/a "b"/token')
        try:
            error = ask(sink, "/api/correction", "POST").json()["error"]
            assert error.startswith('needs the token in /a "b"/token:' if told else "needs the token:")
        finally:
            sink.close()


def silent(sink: WebPage, request: bytes = b"") -> socket.socket:
    """A client that sends this much, and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port(sink)))
    client.sendall(request)
    return client


def is_open(client: socket.socket) -> bool:
    """Return whether the server keeps the connection open."""
    try:
        client.settimeout(0.01)
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_half_a_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_S", 0.3)
    sink = page()
    clients = [silent(sink, head) for head in (b"", b"GET / HTTP/1.1\r\nHost: 127", b"\r\n")]
    try:
        for client in clients:
            wait_until(lambda: not is_open(client), 20, "the connection is ended")  # noqa: B023
        assert ask(sink, "/api/now").status == 200
    finally:
        sink.close()


def test_who_does_not_read_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_S", 0.3)
    sink = page()
    client = silent(sink, b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    wait_until(lambda: sink._board._readers, 20, "it is a reader")
    long = {f"genre {n} " + "x" * 5000: 0.5 for n in range(40)}  # fills what the kernel holds for it

    def is_gone() -> bool:
        sink(prediction("jazz", probabilities=long))
        return not sink._board._readers and not sink._server._server.server_state.connections

    try:
        wait_until(is_gone, 30, "it is no reader any more, and its connection gone")
    finally:
        client.close()
        sink.close()


def test_readers_and_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MAX_READERS", 3)
    sink = page()
    try:
        readers = [Reader(sink) for _ in range(3)]
        for reader in readers:
            reader.next()
        answer = ask(sink, "/api/events")
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        readers.pop().close()
        wait_until(lambda: len(sink._board._readers) == 2, 10, "the place is free")
        Reader(sink).next()
        clients = [silent(sink) for _ in range(server.MAX_CONNECTIONS)]
        wait_until(lambda: ask(sink, "/").status == 503, 10, "there are too many")
        for client in clients:
            client.close()
        wait_until(lambda: ask(sink, "/").status == 200, 10, "there is room again")
    finally:
        sink.close()


def test_no_more_readers_are_let_in_however_many_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MAX_READERS", 8)
    sink = page()
    free = threading.Event()
    try:
        wait_until(lambda: ask(sink, "/api/now").status == 200, 10, "it runs")
        sink._server.call_soon(free.wait, 20)  # so that all of them wait for an answer at the same time
        clients = [silent(sink, b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") for _ in range(40)]
        free.set()
        answers = [client.recv(12) for client in clients]
        assert sorted(answers) == [b"HTTP/1.1 200"] * 8 + [b"HTTP/1.1 503"] * 32
        for client in clients:
            client.close()
        wait_until(lambda: not sink._board._readers, 20, "the places are free")
    finally:
        free.set()
        sink.close()


def test_the_sink_takes_events_however_slow_its_thread_is() -> None:
    sink = page()
    try:
        wait_until(lambda: ask(sink, "/api/now").status == 200, 10, "it runs")
        free = threading.Event()
        sink._server.call_soon(free.wait, 20)
        began = time.monotonic()
        for n in range(5000):
            sink(prediction("jazz" if n % 2 else "rock"))
        sink(change("metal"))
        assert time.monotonic() - began < 10, "it did not wait for the thread"
        free.set()
        wait_until(lambda: ask(sink, "/api/now").json()["genre"] == "metal", 10, "the newest is shown")
    finally:
        sink.close()


def test_closing_ends_readers_and_gives_the_address_back(web: WebPage) -> None:
    reader = Reader(web)
    reader.next()
    web.close()
    assert reader.answer.read() is not None
    again = Address("127.0.0.1", port(web)).bind()
    again.close()


def test_an_address_that_is_taken_is_told(web: WebPage) -> None:
    with pytest.raises(FaceError, match=rf"127.0.0.1:{port(web)}: Address already in use; choose another"):
        WebPage(Site(Address("127.0.0.1", port(web))), TOKEN, bundle(), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", Address("127.0.0.1", 80)),
        ("localhost:81", Address("127.0.0.1", 81)),
        ("[::1]:82", Address("::1", 82)),
        ("0.0.0.0", Address("0.0.0.0", 8730)),
        (":83", Address("127.0.0.1", 83)),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    assert parse_address(text) == expected
    assert expected.is_loopback == (expected.host != "0.0.0.0")


@pytest.mark.parametrize("text", ["kitchen:80", "127.0.0.1:99999", "127.0.0.1:x", "::1:80", "a b", "http://127.0.0.1"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ConfigError, match="is no address; write one as"):
        parse_address(text)


def test_a_token_is_made_once_and_kept_to_oneself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(token_module.TOKEN_VARIABLE, raising=False)
    file = tmp_path / "state" / "web-token"
    token = read_token(file)
    assert len(token) >= 24
    assert read_token(file) == token
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv(token_module.TOKEN_VARIABLE, TOKEN)
    assert read_token(file) == TOKEN
    monkeypatch.setenv(token_module.TOKEN_VARIABLE, "short")
    with pytest.raises(FaceError, match="LIVEGENRE_WEB_TOKEN: a token has 16 to 200"):
        read_token(file)
