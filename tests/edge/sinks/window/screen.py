"""A screen of a test's own: an X server without a monitor, whose picture can be taken and whose keys pressed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image, ImageGrab


class Screen:
    """A running X server."""

    def __init__(self, display: str, server: subprocess.Popen[bytes]) -> None:
        self.env = {**os.environ, "DISPLAY": display}
        self.display = display
        self._server = server

    def freeze(self) -> None:
        """Stop the server without ending it."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._server.send_signal(signal.SIGCONT)

    def picture(self) -> Image.Image:
        """The present picture."""
        return ImageGrab.grab(xdisplay=self.display)

    def colours(self) -> set[tuple[int, int, int]]:
        """The colours that are on it now."""
        picture = self.picture().convert("RGB")
        return {colour for _, colour in picture.getcolors(picture.width * picture.height) or ()}  # type: ignore[misc]

    def press(self, key: str) -> None:
        """Press a key, whoever has the focus."""
        subprocess.run(["xdotool", "key", key], env=self.env, check=True)

    def touch(self, x: int, y: int) -> None:
        """Touch the screen."""
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], env=self.env, check=True)


@contextmanager
def screen(size: str = "800x480", display: str | None = None) -> Iterator[Screen]:
    """A screen of that many pixels, without a window manager; ``display`` is its number, by default a free one."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.fail("no X server for tests: apt-get install xvfb xdotool")
    read, write = os.pipe()
    command = [
        "Xvfb",
        *([display] if display else []),
        "-displayfd",
        str(write),
        "-screen",
        "0",
        f"{size}x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as number:
            yield Screen(f":{number.readline().strip()}", server)
    finally:
        server.terminate()
        server.wait()
