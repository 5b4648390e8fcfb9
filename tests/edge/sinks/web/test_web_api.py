"""The API does what its OpenAPI file says, whatever is asked of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.http.address import Address
from edge.model.bundle import load_bundle
from edge.service.settings import FileSettings
from edge.service.systemd_unit import example_config
from edge.sinks.web.page import WebPage
from edge.sinks.web.site import Site
from tests.edge.sinks.happenings import change, prediction, recorded, started, stats, tick

TOKEN = "a-token-of-24-characters"


@pytest.mark.slow
def test_schemathesis_finds_nothing_that_differs(tmp_path: Path) -> None:
    config = tmp_path / "livegenre.toml"
    config.write_text(example_config())
    history, settings = recorded(tmp_path / "history.db"), FileSettings(config, lambda: None)
    sink = WebPage(Site(Address("127.0.0.1", 0)), TOKEN, load_bundle(), history, settings=settings)
    for event in (started(), change("jazz"), prediction("jazz"), stats(), tick()):
        sink(event)
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    command = [
        *([program] if program else [sys.executable, "-m", "schemathesis.cli"]),
        *("run", f"{sink.url}api/openapi.json", "--exclude-path", "/api/events"),  # which does not end
        # which knock at whatever machine is named, and start a process each time
        *("--exclude-path", "/api/broker", "--exclude-path", "/api/microphones"),
        *("--exclude-path", "/api/microphone"),
        *("--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "25", "--seed", "1", "--no-color"),
        *("--generation-database", "none", "--request-timeout", "30"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=250, check=False)
    finally:
        sink.close()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
