"""The level of a microphone, several times a second, for a program that shows it: a JSON object a line."""

from __future__ import annotations

import json
import time

from edge.audio.level import LevelMeter, mono
from edge.audio.microphone import Microphone
from edge.errors import EdgeError
from edge.events import Block, Lost


def print_levels(name: str | None, seconds: float) -> None:
    """Print the level in dBFS of the microphone ``name``, or of the default one, and what is wrong with it."""
    meter, end = LevelMeter(), time.monotonic() + seconds
    try:
        microphone = Microphone(name, watched=True)
        try:
            for chunk in microphone:
                if isinstance(chunk, Block):
                    meter.push(mono(chunk.frames))
                    print(json.dumps({"level_dbfs": meter.take()}), flush=True)
                elif isinstance(chunk, Lost):
                    print(json.dumps({"error": f"{microphone.name}: {chunk.reason}"}), flush=True)
                if time.monotonic() > end:
                    break
        finally:
            microphone.close()
    except EdgeError as error:
        print(json.dumps({"error": str(error)}), flush=True)
