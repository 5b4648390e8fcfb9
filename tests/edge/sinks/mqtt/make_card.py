"""The README's picture of Home Assistant's card: ``python -m tests.edge.sinks.mqtt.make_card .github``.

A real Home Assistant, in ``.venv-homeassistant`` (``make .venv-homeassistant/.ready``; its first start fetches its
frontend), finds the device over a real broker, half a minute into a track of GTZAN's valid split.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from tests.edge.pulse import wait_until
from tests.edge.sinks.mqtt.home_assistant import HomeAssistant, home_assistant
from tests.edge.sinks.mqtt.mosquitto import Mosquitto, free_port
from tests.edge.sinks.web.browser import chromium
from tests.shared_data import SHARED_DATA

LIVEGENRE = Path(sys.executable).with_name("livegenre")
NAME, GENRE, HEARD_MS = "Living room", "jazz", 25_000
CONFIGURATION = """
[source]
uri = "file:{folder}/record.wav"
[history]
file = "{folder}/history.db"
[mqtt]
enabled = true
host = "127.0.0.1"
port = {port}
name = "{name}"
"""


def entity(kind: str, key: str) -> str:
    """Return Home Assistant's id of an entity of ours."""
    return f"{kind}.{NAME.lower().replace(' ', '_')}_{key}"


#: What is shown of the device; Home Assistant would put its name before each.
ROWS = [
    {"entity": entity("sensor", "genre"), "name": "Genre"},
    {"entity": entity("sensor", "genre"), "name": "Sounds like", "type": "attribute", "attribute": "styles"},
    {"entity": entity("sensor", "confidence"), "name": "Confidence"},
    {"entity": entity("sensor", "tempo"), "name": "Tempo"},
    {"entity": entity("sensor", "level"), "name": "Level"},
    {"entity": entity("binary_sensor", "music"), "name": "Music"},
    {"entity": entity("select", "correct"), "name": "Put right"},
    {"entity": entity("button", "undo"), "name": "Take back"},
]
CARD = {"type": "entities", "title": NAME, "show_header_toggle": False, "entities": ROWS}
DASHBOARD = json.dumps({"views": [{"cards": [CARD]}]})  # YAML takes it as it is


def main() -> None:
    """Take the picture."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_record(GENRE, folder / "record.wav")
        broker = Mosquitto(folder)
        broker.start()
        try:
            with home_assistant(folder, free_port(), DASHBOARD) as home:
                home.connect_to_broker(broker.port)
                text = CONFIGURATION.format(folder=folder, port=broker.port, name=NAME)
                (folder / "config.toml").write_text(text)
                taken = _taken(home, folder / "config.toml")
        finally:
            broker.kill()
    taken.quantize(64).save(out / "homeassistant.png", optimize=True)


def write_record(genre: str, file: Path) -> None:
    """Write the first whole track of a genre in GTZAN's valid split, played twice, as a WAV file."""
    gtzan = SHARED_DATA / "gtzan"
    with (gtzan / "tracks.csv").open(encoding="utf-8", newline="") as tracks:
        valid = [row for row in csv.DictReader(tracks) if row["split"] == "valid" and row["audio"] == "full"]
    first = next(row["track_id"] for row in valid if row["genre"] == genre)
    audio, sample_rate = soundfile.read(gtzan / "audio" / genre / f"{first}.ogg", dtype="float32")
    soundfile.write(file, np.concatenate((audio, audio)), sample_rate)


def _taken(home: HomeAssistant, config: Path) -> Image.Image:
    process = subprocess.Popen([str(LIVEGENRE), "daemon", "--config", str(config)])
    try:
        wait_until(lambda: home.state(entity("sensor", "genre")) == GENRE, 60, "it is heard")
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 460, "height": 700}, device_scale_factor=2)
            page.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(home.login())})")
            page.goto(f"{home.url}/lovelace/0")
            card = page.locator("hui-entities-card ha-card")
            card.wait_for(timeout=120_000)
            page.wait_for_timeout(HEARD_MS)
            return Image.open(io.BytesIO(card.screenshot()))
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
