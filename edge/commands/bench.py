"""``livegenre bench``: speed and memory on this device."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from edge import words
from edge.commands import Subparsers, add_model_option

if TYPE_CHECKING:
    from edge.diagnostics.bench import ListenerFigures


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "bench",
        help="measure speed and memory on this device",
        description="Measure speed and memory on this device, with a piece that livegenre makes itself.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_model_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures."""
    from edge.diagnostics.bench import measure

    figures = measure(args.model)
    if args.json:
        print(json.dumps(figures.to_json()))
        return 0
    rows = {
        "machine": figures.machine,
        "software": f"Python {figures.python}, NumPy {figures.numpy}, {figures.runtime}",
        "model": figures.model,
        "real-time factor": f"{figures.real_time_factor:.0f} (listening takes {figures.core_share:.2%} of one core)",
        "update": f"{figures.update_s * 1e3:.2f} ms once a second, {figures.slowest_update_s * 1e3:.2f} ms at most",
        "head": f"{figures.inference_s * 1e6:.0f} µs a window{_counted(figures.inference_instructions)}",
        **{listener.name: _listener(listener) for listener in figures.listeners},
        "memory": f"{figures.rss_bytes / 1e6:.1f} MB at most (listen --json)",
        "import": f"{figures.import_s:.2f} s",
        "model loading": f"{figures.load_s * 1e3:.1f} ms, {figures.model_bytes / 1e6:.2f} MB",
    }
    for name, value in rows.items():
        print(f"{name:18}{words.safe(value)}")
    return 0


def _listener(figures: ListenerFigures) -> str:
    counted = _counted(figures.instructions)
    return f"{figures.seconds * 1e3:.2f} ms a patch, {figures.patches_per_s:.2f} patches a second{counted}"


def _counted(instructions: int | None) -> str:
    return "" if instructions is None else f", {instructions / 1e6:.2f} million instructions each"
