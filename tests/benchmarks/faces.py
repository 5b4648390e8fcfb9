"""Costs of the faces for the daemon: memory, processor time of open pages, and the effect of many readers.

    python -m tests.benchmarks.faces        # 5 minutes

A real daemon listens to music at real-time pace through ``cmd:``; first with its history alone, then with page, MQTT
(a real mosquitto) and Prometheus as well. A page is a client that reads ``/api/events``. On a busy machine only
processor times are roughly meaningful.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.listening import LIVEGENRE
from tests.edge.service.test_daemon import RADIO
from tests.edge.sinks.mqtt.mosquitto import Mosquitto, free_port

#: Seconds until everything is loaded, and of each measurement; the daemon tells its figures once a minute.
WARM_S, MEASURE_S = 45.0, 65.0
CROWD = 50


class Daemon:
    """A running daemon."""

    def __init__(self, process: subprocess.Popen[bytes], web: int, metrics: int) -> None:
        self._process, self._web, self._metrics = process, web, metrics

    def memory_mb(self) -> float:
        """Resident memory, 10^6 bytes."""
        text = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Rss:\s+(\d+)", text, re.MULTILINE)
        assert found
        return int(found[1]) * 1024 / 1e6

    def cpu_share(self, seconds: float) -> float:
        """Processor time a second, over that many seconds from now on."""
        before, began = self._cpu_s(), time.monotonic()
        time.sleep(seconds)
        return (self._cpu_s() - before) / (time.monotonic() - began)

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name: str) -> float:
        """One of the daemon's own figures."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=30) as answer:
            found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
        assert found
        return float(found[1])

    @contextmanager
    def pages(self, count: int) -> Iterator[None]:
        """Keep ``count`` pages open."""
        clients = [socket.create_connection(("127.0.0.1", self._web)) for _ in range(count)]
        for client in clients:
            client.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            threading.Thread(target=_read, args=(client,), daemon=True).start()
        yield
        for client in clients:
            client.close()


def _read(client: socket.socket) -> None:
    try:
        while client.recv(65_536):
            pass
    except OSError:
        return


@contextmanager
def daemon(*, faces: bool) -> Iterator[Daemon]:
    """Start one and let it warm up."""
    with tempfile.TemporaryDirectory() as name:
        folder, web, metrics = Path(name), free_port(), free_port()
        (folder / "radio.py").write_text(RADIO)
        broker = Mosquitto(folder)
        broker.start()
        command = f"cmd:env PYTHONPATH={Path(__file__).resolve().parents[2]} {sys.executable} {folder / 'radio.py'}"
        text = f'[source]\nuri = "{command}"\nsample_rate = 22050\nchannels = 1\n'
        if faces:
            text += f"[web]\nenabled = true\naddress = '127.0.0.1:{web}'\n"
            text += f"[prometheus]\nenabled = true\naddress = '127.0.0.1:{metrics}'\n"
            text += f"[mqtt]\nenabled = true\nhost = '127.0.0.1'\nport = {broker.port}\n"
        (folder / "livegenre.toml").write_text(text)
        env = {**os.environ, "STATE_DIRECTORY": str(folder / "state")}
        process = subprocess.Popen([LIVEGENRE, "daemon", "--config", folder / "livegenre.toml"], env=env)
        time.sleep(WARM_S)
        try:
            yield Daemon(process, web, metrics)
        finally:
            process.terminate()
            process.wait()
            broker.kill()


def main() -> None:
    """Measure and print."""
    with daemon(faces=False) as alone:
        alone_mb, alone_share = alone.memory_mb(), alone.cpu_share(MEASURE_S)
    print(f"history alone: {alone_mb:.1f} MB, {alone_share:.2%} of a core")
    with daemon(faces=True) as full:
        share, update_s = full.cpu_share(MEASURE_S), full.metric("livegenre_update_duration_seconds")
        memory_mb = full.memory_mb()
        print(
            f"with page, MQTT and Prometheus: {memory_mb:.1f} MB ({memory_mb - alone_mb:+.1f}), {share:.2%} of a core"
        )
        with full.pages(CROWD):
            crowd_share, crowd_s = full.cpu_share(MEASURE_S), full.metric("livegenre_update_duration_seconds")
            crowd_mb = full.memory_mb()
            backlog_s = full.metric("livegenre_backlog_seconds")
        print(f"an open page: {(crowd_share - share) / CROWD:.3%} of a core ({CROWD} of them: {crowd_share:.2%})")
        print(f"memory with {CROWD} pages: {crowd_mb:.1f} MB ({crowd_mb - alone_mb:+.1f})")
        print(f"an update: {update_s * 1e3:.2f} ms without, {crowd_s * 1e3:.2f} ms with {CROWD} pages;", end=" ")
        print(f"audio that waits then: {backlog_s:.2f} s")


if __name__ == "__main__":
    main()
