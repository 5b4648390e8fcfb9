"""A real Home Assistant with its own frontend, set up for one broker and one dashboard.

The underscore keeps this from hiding its package, ``homeassistant``, from what runs beside it.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.edge.pulse import wait_until

ROOT = Path(__file__).resolve().parents[4]
HOME_ASSISTANT = (ROOT / ".venv-homeassistant" / "bin" / "python", "-m", "homeassistant")
#: The first start fetches what Home Assistant wants of its own accord, its frontend of 60 MB above all.
START_S = 300.0
CONFIGURATION = """
homeassistant:
  name: Home
  time_zone: Europe/Berlin
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
frontend:
lovelace:
  mode: yaml
"""
USER = "home"
#: What its first visitor is led through, as done: it would set up services on the internet.
ONBOARDING = {"version": 4, "key": "onboarding", "data": {"done": ["user", "core_config", "analytics", "integration"]}}


class HomeAssistant:
    """One that runs, with a user who is logged in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = f"{url}/"
        self._token = ""
        self.tokens = self._log_in()
        self._token = self.tokens["access_token"]

    def ask(self, path: str, body: Any = None, *, as_form: bool = False) -> Any:
        """Ask its API; with a body, POST it."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if body is not None and not as_form:
            headers["Content-Type"] = "application/json"
        data = None if body is None else (urllib.parse.urlencode(body) if as_form else json.dumps(body)).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def _log_in(self) -> dict[str, Any]:
        client, provider = {"client_id": self._client}, ["homeassistant", None]
        flow = self.ask("/auth/login_flow", {**client, "handler": provider, "redirect_uri": self._client})
        done = self.ask(f"/auth/login_flow/{flow['flow_id']}", {**client, "username": USER, "password": USER})
        grant = {**client, "grant_type": "authorization_code", "code": done["result"]}
        found: dict[str, Any] = self.ask("/auth/token", grant, as_form=True)
        return found

    def connect_to_broker(self, port: int) -> None:
        """Set up its MQTT integration, as a user does with a few clicks."""
        flow = self.ask("/api/config/config_entries/flow", {"handler": "mqtt", "show_advanced_options": False})
        broker = {"broker": "127.0.0.1", "port": port}
        done = self.ask(f"/api/config/config_entries/flow/{flow['flow_id']}", broker)
        assert done["type"] == "create_entry", done

    def state(self, entity: str) -> str:
        """Return the state of an entity; empty if it does not exist."""
        try:
            return str(self.ask(f"/api/states/{entity}")["state"])
        except urllib.error.HTTPError:
            return ""

    def login(self) -> str:
        """Return the browser's storage after a login (``hassTokens`` of its local storage)."""
        return json.dumps({**self.tokens, "hassUrl": self.url, "clientId": self._client, "expires": 4_000_000_000_000})


@contextmanager
def home_assistant(folder: Path, port: int, dashboard: str) -> Iterator[HomeAssistant]:
    """Run one in ``folder``, with a dashboard as its YAML has it."""
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    (folder / "ui-lovelace.yaml").write_text(dashboard)
    (folder / ".storage").mkdir()
    (folder / ".storage" / "onboarding").write_text(json.dumps(ONBOARDING))
    subprocess.run([*HOME_ASSISTANT, "--script", "auth", "-c", folder, "add", USER, USER], check=True)
    url = f"http://127.0.0.1:{port}"
    with (folder / "output.log").open("w") as log:
        process = subprocess.Popen([*HOME_ASSISTANT, "-c", folder], stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(url), START_S, "Home Assistant answers")
            yield HomeAssistant(url)
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/manifest.json", timeout=10):
            return True
    except OSError:
        return False
