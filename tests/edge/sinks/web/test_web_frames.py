"""Pages that may frame ours, proxies that stand before it, and the sound that it begins with."""

from __future__ import annotations

import base64
import socket
from dataclasses import replace

import numpy as np
import pytest

from edge.checked import make
from edge.errors import SettingError
from edge.events import Sound
from edge.http.address import Address
from edge.sinks.web import WebConfig
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import prediction, tick
from tests.edge.sinks.web.test_web import BEARER, TOKEN, Reader, ask, bundle, port, web  # noqa: F401 - a fixture


def test_a_frame_is_allowed_to_whom_the_configuration_names() -> None:
    origin = "http://homeassistant.local:8123"
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, bundle(), None, frames=[origin])
    try:
        headers = ask(sink, "/").headers
        assert f"frame-ancestors {origin};" in headers["content-security-policy"]
        assert "x-frame-options" not in headers
    finally:
        sink.close()
    assert WebConfig(frames=f"{origin}, https://[::1]:81").frame_origins == [origin, "https://[::1]:81"]


@pytest.mark.parametrize("frames", ["*", "homeassistant.local", "http://a; script-src *", "http://a b", "http://a\nb"])
def test_no_other_frame_is(frames: str) -> None:
    with pytest.raises(SettingError, match=r"frames is .* must be origins"):
        make(WebConfig, {"frames": frames})


def test_a_page_begins_with_the_sound_of_the_last_half_minute() -> None:
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, bundle(), None)
    for second in range(40):
        frames = np.full((2, 128), float(second) - 90, dtype=np.float32)
        event = prediction("jazz", sound=Sound(2.0, frames, np.zeros((2, 12), dtype=np.float32)))
        sink(replace(event, audio_s=1000.0 + second))
    wait_until(lambda: ask(sink, "/api/now").json()["audio_s"] == 1039.0, 10, "it is taken in")
    reader = Reader(sink)
    rows = np.frombuffer(base64.b64decode(reader.next("sound")["log_mel"]), np.uint8).reshape(-1, 64)
    assert [int(row[0]) / 2 - 10 for row in rows[::2]] == list(range(10, 40))
    assert len(ask(sink, "/api/model").json()["bands_hz"]) == rows.shape[1]
    sink(replace(tick(), audio_s=1100.0))
    wait_until(lambda: ask(sink, "/api/now").json()["audio_s"] == 1100.0, 10, "a minute passes without sound")
    late = Reader(sink)
    sink(replace(prediction("rock", sound=Sound(2.0, frames[:1], np.zeros((1, 12), dtype=np.float32))), audio_s=1101.0))
    assert len(base64.b64decode(late.next("sound")["log_mel"])) == 64, (
        "what is long past is not shown as the last seconds"
    )
    reader.close()
    late.close()
    sink.close()


@pytest.mark.parametrize(
    "header",
    [
        *({"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-Proto": "https"}, {"Forwarded": "for=203.0.113.9"}),
        *({"Via": "1.1 proxy"}, {"X-Real-IP": "203.0.113.9"}, {"x-forwarded-HOST": ""}, {"Host": "shelf.example"}),
    ],
)
def test_what_a_proxy_on_this_machine_hands_on_needs_the_token(
    web: WebPage,  # noqa: F811
    header: dict[str, str],
) -> None:
    for path in ("/api/now", "/api/history", "/api/events", "/api/model"):
        assert ask(web, path, headers=header).status == 401
    assert ask(web, "/api/now", headers=header | BEARER).status == 200
    assert ask(web, "/", headers=header).status == 200, "the page asks for it"


def test_so_does_what_nginx_hands_on_without_a_word(web: WebPage) -> None:  # noqa: F811
    with socket.create_connection(("127.0.0.1", port(web))) as client:
        client.sendall(b"GET /api/now HTTP/1.0\r\nHost: 127.0.0.1:8730\r\nConnection: close\r\n\r\n")
        assert client.recv(100).split()[1] == b"401"
