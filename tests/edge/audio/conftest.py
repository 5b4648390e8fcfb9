"""Fixtures that several tests of sources share."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from edge.audio.demo import synthesize
from tests.edge.pulse import Pulse
from tests.shared_data import SHARED_DATA


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A real track where there is one, else music of our own."""
    for track in sorted(SHARED_DATA.glob("gtzan/audio/classical/*.ogg")):
        if soundfile.info(track).duration > 29:
            return track
    path = tmp_path / "demo.wav"
    soundfile.write(path, synthesize(30.0, tempo_bpm=112.0, sample_rate=44_100), 44_100)
    return path


@pytest.fixture
def playing(pulse: Pulse, music: Path) -> Iterator[Pulse]:
    """A sound server with music in all of its rooms, restarted after faults."""
    over = threading.Event()

    def play() -> None:
        while not over.is_set():
            player = pulse.play(music)
            while player.poll() is None and not over.is_set():
                time.sleep(0.05)
            player.kill()
            player.wait()

    thread = threading.Thread(target=play)
    thread.start()
    yield pulse
    over.set()
    thread.join()
