"""The daemon's history: corrected in its own process and in others, over reloads, until it is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.errors import HistoryError
from edge.history.reader import read_segments
from tests.edge.history.open_files import WHOLE, of_history
from tests.edge.pulse import wait_until
from tests.edge.service.manager import Manager
from tests.edge.service.test_daemon import LIVEGENRE, config, daemon, manager, total  # noqa: F401 - fixtures
from tests.edge.sinks.mqtt.mosquitto import free_port


def corrected(path: Path) -> list[str | None]:
    return [segment.corrected for segment in read_segments(path)]


def test_corrections_from_everywhere_and_reloads_leave_it_in_possession(
    config: Path,  # noqa: F811
    manager: Manager,  # noqa: F811
    tmp_path: Path,
) -> None:
    address, path, other = f"http://127.0.0.1:{free_port()}", tmp_path / "state" / "history.db", tmp_path / "other.db"
    written = config.read_text() + f"[web]\nenabled = true\naddress = '{address.removeprefix('http://')}'\n"
    config.write_text(written)

    def ask(path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {(tmp_path / 'state' / 'web-token').read_text().strip()}"}
        request = urllib.request.Request(address + path, body and json.dumps(body).encode(), headers)  # type: ignore[arg-type]
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def reload(more: str) -> None:
        config.write_text(written.replace("[history]\n", f"[history]\n{more}\n"))
        process.send_signal(signal.SIGHUP)
        manager.wait_for("READY")

    def correct_from_everywhere(path: Path) -> None:
        before = total(path) if path.exists() else 0.0
        wait_until(lambda: path.exists() and total(path) > before, 60, "it is recorded")
        wait_until(lambda: ask("/api/now")["segment"], 60, "and can be corrected")
        segment = ask("/api/now")["segment"]
        wait_until(lambda: str(read_segments(path)[-1].id) == segment, 60, "by what it is in the file")
        ask("/api/correction", {"genre": "reggae", "segment": segment})
        ask("/api/history")
        assert corrected(path)[-1] == "reggae"
        done = subprocess.run(
            [LIVEGENRE, "correct", "blues", "--file", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert of_history(path, process.pid) == WHOLE
        wait_until(lambda: ask("/api/now")["corrected"] == "blues", 60, "the page says what another process said")

    with daemon(config, manager) as process:
        manager.wait_for("READY")
        correct_from_everywhere(path)
        wait_until(lambda: "corrected to blues" in process.log(), 60, "and the log")
        reload("retention_days = 90")
        correct_from_everywhere(path)
        reload(f"file = '{other}'")
        assert of_history(path, process.pid) == []
        correct_from_everywhere(other)
        reload("retention_days = 90")
        assert of_history(other, process.pid) == []
        correct_from_everywhere(path)
        before = total(path)
        wait_until(lambda: total(path) > before, 60, "it goes on")
        heard = total(path)
        process.kill()
    assert total(path) >= heard
    assert corrected(path).count("blues") == 3


def test_a_file_that_is_moved_away_is_told_everywhere(
    config: Path,  # noqa: F811
    manager: Manager,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "state" / "history.db"

    def is_recorded() -> bool:
        with suppress(HistoryError):  # while it is not there, or is just being made
            return total(path) > 0
        return False

    with daemon(config, manager) as process:
        manager.wait_for("READY")
        wait_until(is_recorded, 60, "it is recorded")
        path.rename(tmp_path / "moved.db")
        wait_until(is_recorded, 60, "it is begun anew")
        wait_until(lambda: "was moved, removed or replaced" in process.log(), 60, "the log says so")
        wait_until(lambda: "history begun anew at" in manager.wait_for("STATUS")[-1][1], 60, "and the status")
    assert total(tmp_path / "moved.db") > 0
