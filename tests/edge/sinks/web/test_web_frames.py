"""Pages that may frame ours, and the sound that it begins with."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from edge.checked import make
from edge.errors import SettingError
from edge.events import Sound
from edge.http.address import Address
from edge.sinks.web import WebConfig
from edge.sinks.web.page import WebPage
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import prediction, tick
from tests.edge.sinks.web.test_web import TOKEN, Reader, ask, bundle


def test_a_frame_is_allowed_to_whom_the_configuration_names() -> None:
    origin = "http://homeassistant.local:8123"
    sink = WebPage(Address("127.0.0.1", 0), TOKEN, bundle(), None, frames=[origin])
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
    web = WebPage(Address("127.0.0.1", 0), TOKEN, bundle(), None)
    for second in range(40):
        frames = np.full((2, 128), float(second) - 90, dtype=np.float32)
        event = prediction("jazz", sound=Sound(2.0, frames, np.zeros((2, 12), dtype=np.float32)))
        web(replace(event, audio_s=1000.0 + second))
    wait_until(lambda: ask(web, "/api/now").json()["audio_s"] == 1039.0, 10, "it is taken in")
    reader = Reader(web)
    rows = np.frombuffer(base64.b64decode(reader.next("sound")["log_mel"]), np.uint8).reshape(-1, 64)
    assert [int(row[0]) / 2 - 10 for row in rows[::2]] == list(range(10, 40))
    assert len(ask(web, "/api/model").json()["bands_hz"]) == rows.shape[1]
    web(replace(tick(), audio_s=1100.0))
    wait_until(lambda: ask(web, "/api/now").json()["audio_s"] == 1100.0, 10, "a minute passes without sound")
    late = Reader(web)
    web(replace(prediction("rock", sound=Sound(2.0, frames[:1], np.zeros((1, 12), dtype=np.float32))), audio_s=1101.0))
    assert len(base64.b64decode(late.next("sound")["log_mel"])) == 64, (
        "what is long past is not shown as the last seconds"
    )
    reader.close()
    late.close()
    web.close()
