"""Pictures of sound: ``python -m build.plots FILE... -o out.png``, or of a dataset: ``--features features.csv``.

For files: waveform, mel spectrogram with the roll-off frequency over it, chromagram and tempogram, a column a file.
For a features CSV: the average of every feature in every genre.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from build.errors import run_command
from build.files import written_whole
from build.report.genre_plots import plot_genre_averages
from build.report.recording_plots import plot_recordings
from build.tables.feature_table import load_features
from features_np import FeatureSpec

DPI = 110


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m build.plots", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="recordings; of a long one the middle 30 s")
    parser.add_argument("--features", type=Path, help="features CSV or folder of tables, to draw genre averages of")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the picture to write: .png, .svg or .pdf")
    arguments = parser.parse_args(argv)
    if bool(arguments.files) == bool(arguments.features):
        parser.error("give either recordings or --features")
    if arguments.out.suffix.lower() not in {".png", ".svg", ".pdf"}:
        parser.error(f"--out: {arguments.out} must end in .png, .svg or .pdf")

    def body() -> None:
        if arguments.features:
            picture = plot_genre_averages(load_features(arguments.features))
        else:
            picture = plot_recordings(arguments.files, FeatureSpec())
        with written_whole(arguments.out) as path:
            picture.savefig(path, dpi=DPI)

    return run_command(body, "build.plots")


if __name__ == "__main__":
    sys.exit(main())
