"""Draw the live display as an SVG picture: ``python -m tests.edge.picture OUT.svg [SOURCE [SECONDS]]``.

SOURCE is what ``livegenre listen --source`` takes, or ``demo``, or ``evening``: tracks of GTZAN's valid split, whose
genres and minutes ``EVENING`` has. The display is that of a terminal of 80 by 24 after SECONDS of audio.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console

from edge.audio.file import AudioFile
from edge.audio.sources import Source, from_uri
from edge.events import Block, Chunk
from edge.live.pipeline import Pipeline
from edge.model.bundle import load_bundle
from edge.sinks.terminal.drawing import render
from edge.sinks.view import View, view_after
from tests.edge.scripted import Scripted
from tests.shared_data import SHARED_DATA

#: Genres and minutes of the evening; None is a pause. A track is played to its end.
EVENING = (("classical", 9.0), (None, 1.0), ("jazz", 9.0), ("hiphop", 1.0), ("metal", 4.0))


def picture(uri: str, seconds: float) -> str:
    """Listen to ``uri`` for ``seconds`` of audio and return the display as SVG."""
    source: Source = evening() if uri == "evening" else from_uri(uri, fast=True)
    view = View()
    for event in Pipeline(source, load_bundle()).events():
        view = view_after(view, event)
        if event.audio_s >= seconds:
            break
    source.close()
    console = Console(
        width=80, height=24, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(render(view, 80, 24))
    svg = console.export_svg(title="livegenre listen")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # no reader's browser is sent to fetch fonts


def evening() -> Scripted:
    """Return a source that plays the evening."""
    source = Scripted(_played())
    source.name = "an evening of records"
    return source


def _played() -> Iterator[Chunk]:
    for genre, minutes in EVENING:
        left_s = 60 * minutes
        if genre is None:
            yield from (Block(np.zeros((22_050, 1), np.float32), 22_050) for _ in range(round(left_s)))
            continue
        for path in valid_tracks(genre):
            if left_s > 0:
                track = AudioFile(path)
                for block in track.blocks(1.0):
                    left_s -= block.seconds
                    yield block
                track.close()


def valid_tracks(genre: str) -> list[Path]:
    """Return the whole tracks of a genre in GTZAN's valid split."""
    gtzan = SHARED_DATA / "gtzan"
    with (gtzan / "tracks.csv").open(encoding="utf-8", newline="") as file:
        valid = [row for row in csv.DictReader(file) if row["split"] == "valid" and row["audio"] == "full"]
    return [gtzan / "audio" / genre / f"{row['track_id']}.ogg" for row in valid if row["genre"] == genre]


def write_record(genre: str, file: Path) -> None:
    """Write a genre's first track, played twice, as a WAV file."""
    audio, sample_rate = soundfile.read(valid_tracks(genre)[0], dtype="float32")
    soundfile.write(file, np.concatenate((audio, audio)), sample_rate)


if __name__ == "__main__":
    out, uri, seconds = (*sys.argv[1:], *("demo", "30")[len(sys.argv) - 2 :])
    Path(out).write_text(picture(uri, float(seconds)))
