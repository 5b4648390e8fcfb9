"""Fifty open pages do not delay the listening loop."""

from __future__ import annotations

import socket
import threading
import time
from statistics import median

from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.pulse import wait_until
from tests.edge.sinks.happenings import change, prediction, started, tick

CROWD = 50


def reader(port: int, seen: list[int], place: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while data := client.recv(65_536):
            seen[place] += data.count(b"event: now")


def test_fifty_readers_all_hear_everything_and_no_event_waits_for_them() -> None:
    sink = WebPage(Site(Address("127.0.0.1", 0)), "a-token-of-24-characters", load_bundle(), None)
    seen = [0] * CROWD
    port = int(sink.url.rpartition(":")[2].strip("/"))
    threads = [threading.Thread(target=reader, args=(port, seen, place), daemon=True) for place in range(CROWD)]
    try:
        sink(started())
        for thread in threads:
            thread.start()
        wait_until(lambda: all(seen), 60, "all of them read")
        took_s = []
        for second in range(20):
            for event in (change("jazz" if second % 2 else "rock"), prediction("jazz"), tick(), tick()):
                began = time.perf_counter()
                sink(event)
                took_s.append(time.perf_counter() - began)
            wait_until(lambda: min(seen) >= second + 2, 60, "the news has come to all")  # noqa: B023
        assert median(took_s) < 0.001, "handing an event over is no work"
    finally:
        sink.close()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "closing ends them"
