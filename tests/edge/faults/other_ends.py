"""The peer of each sink, which can disappear, stall and come back: a browser, a scraper, a broker, a disk."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import struct
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from edge.sinks.colours import colours
from tests.edge.faults.nursery import KEPT, MODEL, SOON_S, Life
from tests.edge.sinks.mqtt.mosquitto import Mosquitto, Subscriber, free_port
from tests.edge.sinks.window.screen import Screen, screen

#: Ends a connection with a reset rather than with a word.
RUDELY = struct.pack("ii", 1, 0)


class OtherEnd(Protocol):
    """Interface of a test to the peer of a sink."""

    #: The sink's table of the configuration, and with another setting.
    table: str
    other_table: str
    #: Its name in the log once it is gone; None if that is not logged.
    missed: str | None

    def sees(self, life: Life) -> bool:
        """Return whether it receives the present state from the sink as last configured."""

    def sees_nothing(self, life: Life) -> bool:
        """Return whether the sink is gone."""

    def go_away(self, life: Life) -> None:
        """Disappear."""

    def be_slow(self, life: Life) -> None:
        """Stall: accept nothing."""

    def come_back(self, life: Life) -> None:
        """Come back, after either."""

    def change(self, life: Life) -> None:
        """Expect the other settings from now on."""

    def close(self) -> None:
        """End whatever was started."""


class _Port:
    """A client of an address; ``path`` streams for as long as it is read."""

    path = "/"
    name = ""

    def __init__(self, _folder: Path) -> None:
        ports = [free_port(), free_port()]
        self.table, self.other_table = (
            f"[{self.name}]\nenabled = true\naddress = '127.0.0.1:{port}'\n" for port in ports
        )
        self.missed: str | None = None
        self._port, self._other_port = ports
        self._readers: list[socket.socket] = []

    def _answer(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=SOON_S) as found:
                return str(found.read().decode())
        except (urllib.error.URLError, ConnectionError):
            return None

    def sees_nothing(self, life: Life) -> bool:
        return self._answer("/") is None

    def _ask(self, *, wholly: bool = True) -> None:
        reader = socket.create_connection(("127.0.0.1", self._port), timeout=SOON_S)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        reader.sendall(request if wholly else request[:-6])
        self._readers.append(reader)

    def go_away(self, life: Life) -> None:
        for wholly in (True, False):
            self._ask(wholly=wholly)
        for reader in self._readers:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RUDELY)
        self.close()

    def be_slow(self, life: Life) -> None:
        for wholly in (True, True, False):
            self._ask(wholly=wholly)

    def come_back(self, life: Life) -> None:
        self.close()

    def change(self, life: Life) -> None:
        self._port = self._other_port

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self._readers.clear()


class Browser(_Port):
    """Reads the page."""

    name, path = "web", "/api/events"

    def sees(self, life: Life) -> bool:
        now: Any = json.loads(self._answer("/api/now") or "{}")
        return bool(now.get("genre") and now["listening"] and now["source"]["name"] == "jukebox")


class Scraper(_Port):
    """Reads the metrics."""

    name, path = "prometheus", "/metrics"

    def sees(self, life: Life) -> bool:
        text = self._answer("/metrics") or ""
        shown = re.search(r'^livegenre_shown\{label="(\w+)"\} 1\.0', text, flags=re.MULTILINE)
        return "livegenre_source_up 1.0" in text and shown is not None and shown[1] != "warming_up"


class Home:
    """A broker, and somebody who has subscribed to all that comes."""

    def __init__(self, folder: Path) -> None:
        (folder / "broker").mkdir()
        self._broker = Mosquitto(folder / "broker")
        self._broker.start()
        self._subscriber = Subscriber(self._broker)
        table = f"[mqtt]\nenabled = true\nhost = '127.0.0.1'\nport = {self._broker.port}\nname = 'shelf'\n"
        self.table, self.other_table = (f"{table}topic = '{topic}'\n" for topic in ("here", "there"))
        self.missed: str | None = "broker"
        self._topic = "here"

    def _said(self, what: str) -> list[str]:
        messages = self._subscriber.messages.items()
        return [text for topic, text in messages if topic.startswith(f"{self._topic}/") and topic.endswith(what)]

    def sees(self, life: Life) -> bool:
        states = [json.loads(text) for text in self._said("/state") if text]
        found = any("/config" in topic and self._topic in text for topic, text in self._subscriber.messages.items())
        return found and "online" in self._said("/availability") and any(state["label"] for state in states)

    def sees_nothing(self, life: Life) -> bool:
        return {"offline", ""} >= set(self._said("/availability"))

    def go_away(self, life: Life) -> None:
        self._broker.kill()
        self._subscriber.messages.clear()

    def be_slow(self, life: Life) -> None:
        self._broker.freeze()

    def come_back(self, life: Life) -> None:
        self._broker.kill()
        self._subscriber.messages.clear()
        self._broker.start()

    def change(self, life: Life) -> None:
        self._topic = "there"

    def close(self) -> None:
        self._subscriber.close()
        self._broker.kill()


class Wall:
    """A screen; a window has no settings, so it is another table that changes."""

    table = "[window]\nenabled = true\n"
    other_table = f"{table}[model]\nfolder = '{MODEL}'\nstyles = false\n"
    missed: str | None = "window"

    def __init__(self, _folder: Path) -> None:
        self._held = ExitStack()
        # A number of its own: one that was picked as free is anybody's while this server is gone.
        self.screen: Screen = self._held.enter_context(screen(display=f":{1_000 + os.getpid() % 50_000}"))

    def sees(self, life: Life) -> bool:
        with suppress(OSError):
            tints = {colour.on_dark for colour in colours(life.labels).values()}
            return bool(tints & {"#{:02x}{:02x}{:02x}".format(*pixel) for pixel in self.screen.colours()})
        return False

    def sees_nothing(self, life: Life) -> bool:
        return self.screen.colours() == {(0, 0, 0)}

    def go_away(self, life: Life) -> None:
        self._held.close()

    def be_slow(self, life: Life) -> None:
        self.screen.freeze()

    def come_back(self, life: Life) -> None:
        self.close()
        self.screen = self._held.enter_context(screen(display=self.screen.display))

    def change(self, life: Life) -> None:
        """It has nothing to expect."""

    def close(self) -> None:
        self.screen.thaw()
        self._held.close()


class Disk:
    """The disk of the history; a locked file makes it slow."""

    table = KEPT
    missed: str | None = "history"

    def __init__(self, folder: Path) -> None:
        self._other = folder / "other.db"
        self.other_table = f"{self.table}file = '{self._other}'\n"
        self._lock: sqlite3.Connection | None = None
        self._kept_s = 0.0

    def sees(self, life: Life) -> bool:
        before, self._kept_s = self._kept_s, life.kept_s()
        return self._kept_s > before > 0 and life.segments()[-1].genre is not None

    def sees_nothing(self, life: Life) -> bool:
        before, self._kept_s = self._kept_s, life.kept_s()
        return self._kept_s == before > 0

    def go_away(self, life: Life) -> None:
        before_s, self._kept_s = life.played_s, 0.0
        for file in life.history.parent.glob("history.db*"):
            file.unlink()
        life.wait(life.history.exists, "another history is begun")
        life.keeps_from_s = before_s, life.played_s

    def be_slow(self, life: Life) -> None:
        self._lock = sqlite3.connect(life.history, isolation_level=None)
        self._lock.execute("BEGIN IMMEDIATE")

    def come_back(self, life: Life) -> None:
        self.close()

    def change(self, life: Life) -> None:
        life.histories.append(self._other)

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
        self._lock = None


class Lamp:
    """A webhook, which is posted what is shown; each change of it is one reaction, so going is noticed at the next."""

    def __init__(self, _folder: Path) -> None:
        self._ports = [free_port(), free_port()]
        self.table, self.other_table = (
            f"[reactions]\nenabled = true\nafter_s = 0\npause_s = 1\nwebhook = 'http://127.0.0.1:{port}/'\n"
            for port in self._ports
        )
        self.missed: str | None = "webhook"
        self._told: list[dict[str, Any]] = []
        self._takes = threading.Event()
        self._server = self._serve()

    def _serve(self) -> ThreadingHTTPServer:
        lamp = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lamp._takes.wait()
                lamp._told.append(json.loads(body))
                with suppress(OSError):
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """It is nobody's concern."""

        self._takes.set()
        server = ThreadingHTTPServer(("127.0.0.1", self._ports[0]), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def sees(self, life: Life) -> bool:
        return any(told["genre"] in life.labels for told in self._told)

    def sees_nothing(self, life: Life) -> bool:
        n_told = len(self._told)
        life.pauses()
        life.hears()
        return len(self._told) == n_told

    def go_away(self, life: Life) -> None:
        self.close()
        life.pauses()

    def be_slow(self, life: Life) -> None:
        self._takes.clear()
        life.pauses()

    def come_back(self, life: Life) -> None:
        self._told.clear()
        if self._takes.is_set():
            self._server = self._serve()
        self._takes.set()
        life.pauses()

    def change(self, life: Life) -> None:
        self.close()
        self._ports.reverse()
        self._told.clear()
        self._server = self._serve()
        life.pauses()

    def close(self) -> None:
        self._takes.set()
        self._server.shutdown()
        self._server.server_close()


#: By the tables of the configuration that can be enabled.
OTHER_ENDS: dict[str, type[OtherEnd]] = {
    "history": Disk,
    "web": Browser,
    "window": Wall,
    "mqtt": Home,
    "prometheus": Scraper,
    "reactions": Lamp,
}
