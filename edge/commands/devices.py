"""``livegenre devices``: list the microphones."""

from __future__ import annotations

import argparse
import json

from edge import stdio, words
from edge.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "devices", help="list microphones", description="List microphones; the default is marked."
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the inputs; status 2 when there is none."""
    from edge.audio import portaudio

    inputs = portaudio.all_inputs()
    if not inputs:
        stdio.tell(portaudio.NO_MICROPHONE)
        return 2
    if args.json:
        for device in inputs:
            print(json.dumps(device.to_json()))
        return 0
    name_width = max(words.n_columns(words.safe(device.name)) for device in inputs)
    for device in inputs:
        mark = "*" if device.is_default else " "
        channels = f"{device.channels} channel{'s' if device.channels > 1 else ''}"
        name = words.table_cell(device.name, name_width)
        print(f"{mark} {name}  {device.sample_rate:6} Hz  {channels:>11}  id {words.safe(device.id)}")
    print("\n* is the default. Choose another with: livegenre listen --source 'mic:NAME' (part of the name, or the id)")
    return 0
