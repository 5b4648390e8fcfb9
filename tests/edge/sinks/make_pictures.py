"""The README's pictures of page and window: ``python -m tests.edge.sinks.make_pictures .github``.

The real page in Chromium, dark and light, and the real window on a screen of 800 by 480 pixels, while the demo plays,
after a day that is made up. ``tests.edge.picture`` draws the terminal, ``tests.edge.sinks.mqtt.make_card`` Home
Assistant.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

from edge.history.segments import Segment
from edge.history.writer import HistoryWriter, new_id
from tests.edge.pulse import wait_until
from tests.edge.sinks.mqtt.mosquitto import free_port
from tests.edge.sinks.web.browser import chromium
from tests.edge.sinks.window.screen import screen

LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: The stretch of the demo that is shown, and seconds after it was recognized.
SHOWN, HEARD_S = "jazz", 5.0
SHELF = ("jazz", "jazz", "blues", "classical", "rock", "pop", "hiphop", "no_music", "silence", "reggae")


def made_up_day(file: Path) -> None:
    """Write a history of the day until now."""
    dice, now = random.Random(3), datetime.now().astimezone()
    moment, number = now.replace(hour=0, minute=1), 0
    writer = HistoryWriter(file)
    while moment < now - timedelta(minutes=5):
        label, number = dice.choice(SHELF), number + 1
        seconds = min(dice.choice((180, 600, 1500, 2400)), (now - moment).total_seconds() - 60)
        heard = label not in ("no_music", "silence")
        segment = Segment(moment, seconds, "music" if heard else label, label if heard else None, 0.6, 110.0)
        writer.write({new_id(moment.timestamp()) + number: segment})
        moment += timedelta(seconds=seconds)
    writer.close()


def main() -> None:
    """Take the pictures."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name, screen() as shelf, chromium() as browser:
        folder, port = Path(name), free_port()
        made_up_day(folder / "history.db")
        command = [str(LIVEGENRE), "listen", "--json", "--window", "--demo"]
        command += ["--web", f"127.0.0.1:{port}", "--history", str(folder / "history.db")]
        env = {**shelf.env, "XDG_STATE_HOME": name}
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
        pages = {
            scheme: browser.new_page(viewport={"width": 1180, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            for scheme in ("dark", "light")
        }
        for scheme, page in pages.items():
            wait_until(lambda: _opens(page, f"http://127.0.0.1:{port}/"), 60, scheme)  # noqa: B023
        wait_until(lambda: pages["dark"].inner_text("#genre") == SHOWN, 120, SHOWN)
        time.sleep(HEARD_S)
        shelf.picture().quantize(64).save(out / "window.png", optimize=True)
        for scheme, page in pages.items():
            taken = Image.open(io.BytesIO(page.screenshot(full_page=True)))
            taken.convert("RGB").save(out / f"page-{scheme}.png", optimize=True)
        process.terminate()
        process.wait()


def _opens(page: object, url: str) -> bool:
    try:
        page.goto(url)  # type: ignore[attr-defined]
    except Exception:  # not there yet
        return False
    return True


if __name__ == "__main__":
    main()
