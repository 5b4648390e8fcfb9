"""The window on a real X server: that it fills the screen, shows what is heard, and ends when it is told to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge.sinks.colours import colours
from tests.edge.pulse import wait_until
from tests.edge.sinks.window.screen import Screen, screen

ROOT = Path(__file__).resolve().parents[4]
LIVEGENRE = Path(sys.executable).with_name("livegenre")
#: The colour of what stands beneath the genre.
QUIET = (0x9A, 0xA7, 0xB4)
#: Shows what a test wants, in a process of its own: Tk and the tests' threads stay apart.
SCRIPT = """
import sys, threading
from edge.sinks.window.fullscreen import Window
from tests.edge.sinks.happenings import change, lost, prediction, started
left = threading.Event()
window = Window(left.set)
labels = ("jazz", "classical", "a genre of a very long name indeed", "no_music")
style, _, last = sys.argv[1].rpartition(" over ")
if last not in labels:
    labels = (last, *labels[1:])
styles = {style: 0.3, "House music": 0.2} if style else None
window(started(labels=labels))
for genre in (*labels[:3], last):
    window(prediction(genre, labels=labels, styles=styles, nearest=bool(styles)))
    threading.Event().wait(0.4)
if len(sys.argv) > 2:
    window(lost(sys.argv[2]))
print("shown", flush=True)
left.wait(timeout=None if len(sys.argv) < 4 else float(sys.argv[3]))
window.close()
print("left" if left.is_set() else "closed", flush=True)
"""


@contextmanager
def window(on: Screen, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    process = subprocess.Popen(command, env=on.env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "shown\n"
        yield process
    finally:
        process.kill()
        process.wait()


def colour(genre: str) -> tuple[int, ...]:
    found = colours(("jazz", "classical", "a genre of a very long name indeed", "no_music"))[genre]
    return tuple(bytes.fromhex(found.on_dark[1:]))


def letters(picture: Image.Image) -> NDArray[np.bool_]:
    """The place of the large letters, in the colour of the first genre, without the strip of the last hour."""
    pixels = np.asarray(picture.convert("RGB"))
    found: NDArray[np.bool_] = np.all(pixels == colour("jazz"), axis=2)[: picture.height * 8 // 10]
    return found


@pytest.mark.parametrize("size", ["800x480", "320x240", "1920x1080", "480x800"])
def test_it_fills_the_screen_with_the_genre(size: str) -> None:
    with screen(size) as on, window(on, "jazz"):
        wait_until(lambda: colour("jazz") in on.colours(), 30, "the genre is there")
        picture = on.picture().convert("RGB")
        (columns,) = np.nonzero(np.all(np.asarray(picture) == colour("jazz"), axis=2).any(axis=0))
        assert (columns[-1] - columns[0]) / picture.width > 0.4, "in letters to be read from afar"
        corner = (picture.width - 1, picture.height - 1)
        assert picture.getpixel(corner) == picture.getpixel((0, 0)) == (0x0D, 0x11, 0x16)


@pytest.mark.parametrize("name", ["a genre of a very long name indeed", "classical"])
def test_long_names_fit(name: str) -> None:
    with screen("480x320") as on, window(on, name):
        wait_until(lambda: colour(name) in on.colours(), 30, "the genre is there")
        picture = on.picture().convert("RGB")
        edges = [picture.getpixel((x, y)) for x in (0, 1, 478, 479) for y in range(320)]
        assert set(edges) == {(0x0D, 0x11, 0x16)}, "nothing reaches the edge"


def test_a_style_leads_where_no_genre_fits() -> None:
    """The letters are those of the style, in the colour of the genre that is nearest."""
    seen = []
    for name in ("Jungle", "Jungle over jazz", "jazz"):
        with screen("640x400") as on, window(on, name):
            wait_until(lambda: letters(on.picture()).any(), 30, "the letters are there")
            if name != "jazz":  # which the script shows first
                jungle = seen[0] if seen else None
                wait_until(lambda: jungle is None or np.array_equal(letters(on.picture()), jungle), 30, "Jungle")  # noqa: B023
            seen.append(letters(on.picture()))
            if " over " in name:
                pixels = np.asarray(on.picture().convert("RGB"))[200:280]
                (rows,) = np.nonzero(np.all(pixels == QUIET, axis=2).any(axis=1))
                assert rows[0] + 200 > np.nonzero(seen[1])[0][-1], "what stands beneath it begins below the g"
    assert not np.array_equal(seen[0], seen[2])


def test_a_lost_source_is_told() -> None:
    with screen() as on, window(on, "jazz", "unplugged"):
        wait_until(lambda: (0xFF, 0x7B, 0x72) in on.colours(), 30, "the problem, in red")


def test_escape_ends_it() -> None:
    with screen() as on, window(on, "jazz") as process:
        wait_until(lambda: colour("jazz") in on.colours(), 30, "it is there")
        on.press("Escape")
        out, _ = process.communicate(timeout=30)
        assert (out, process.returncode) == ("left\n", 0)


def test_closing_leaves_nothing() -> None:
    with screen() as on, window(on, "jazz", "", "0.1") as process:
        out, _ = process.communicate(timeout=30)
        assert (out, process.returncode) == ("closed\n", 0)


def test_the_command_shows_it_and_ends_with_escape() -> None:
    with screen() as on:
        command = [LIVEGENRE, "listen", "--demo", "--json", "--window"]
        process = subprocess.Popen(command, env=on.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: (0x0D, 0x11, 0x16) in on.colours(), 60, "the window is there")
            wait_until(lambda: len(on.colours()) > 20, 60, "with words in it")
            on.press("Escape")
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode == 0, err
        assert '"event": "stopped"' in out.splitlines()[-1]


def test_without_a_screen_it_says_so() -> None:
    env = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [LIVEGENRE, "listen", "--demo", "--json", "--window"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        "livegenre: no window: no display name and no $DISPLAY environment variable; "
        "run this in a graphical session, or set DISPLAY"
    )
