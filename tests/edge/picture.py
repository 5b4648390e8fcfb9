"""Draw the live display as an SVG picture: ``python -m tests.edge.picture OUT.svg [SOURCE [SECONDS]]``.

SOURCE is what ``livegenre listen --source`` takes, or ``demo``. The display is that of a terminal of 80 by 24 after
SECONDS of audio.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from edge.audio.sources import from_uri
from edge.live.pipeline import Pipeline
from edge.model.bundle import load_bundle
from edge.sinks.terminal.drawing import render
from edge.sinks.view import View, view_after


def picture(uri: str, seconds: float) -> str:
    """Listen to ``uri`` for ``seconds`` of audio and return the display as SVG."""
    source = from_uri(uri, fast=True)
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


if __name__ == "__main__":
    out, uri, seconds = (*sys.argv[1:], *("demo", "84")[len(sys.argv) - 2 :])
    Path(out).write_text(picture(uri, float(seconds)))
