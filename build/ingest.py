"""New recordings for a dataset: ``python -m build.ingest --genre techno SOURCE... --into DATASET``.

A source is a file, a folder, an m3u playlist, or what yt-dlp understands: a URL of a recording or a playlist,
``ytsearch1:QUERY``. The middle of each recording is stored as FLAC at its original level, mono, at the features' rate.
Audio that the dataset has already is not added again. ``DATASET/tracks.csv`` notes artist, title and source, so that
splits can keep artists together.

``python -m build.ingest --classify SOURCE`` adds nothing: it classifies the source.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import soundfile

from build.audio.excerpt import middle, require_ffmpeg
from build.audio.fetch import Fetched, Item, items_of
from build.console import progress
from build.errors import IngestError, run_command
from build.files import written_whole
from edge.audio import native_stderr
from edge.errors import AudioFileError
from edge.files.whole_file import classify_file
from edge.model.bundle import load_bundle
from edge.words import safe
from features_np import FeatureSpec

EXCERPTS_S = (30, 60)
#: Digits of an excerpt's SHA-256 in its file name, which identify a recording.
CONTENT_DIGITS = 12
#: Genres that --classify names.
N_SHOWN = 3
TRACKS_COLUMNS = ("track_id", "genre", "artist", "title", "seconds", "source")


def ingest(sources: Sequence[str], dataset: Path, genre: str, seconds: float) -> None:
    """Add the excerpts of all sources to a genre; ``IngestError`` at the end if anything failed."""
    spec = FeatureSpec()
    n_added = 0

    def add(item: Item, fetched: Fetched) -> str:
        nonlocal n_added
        tags, samples = fetched.tags, middle(fetched.path, seconds, spec.sample_rate)
        content = hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()[:CONTENT_DIGITS]
        if existing := sorted(dataset.glob(f"*/*-{content}.flac")):
            return f"is the same audio as {existing[0].relative_to(dataset)}, not added again"
        track_id = f"{slug(tags.title)}-{content}"
        with written_whole(dataset / genre / f"{track_id}.flac") as path:
            soundfile.write(path, samples, spec.sample_rate, subtype="PCM_16")
        length = f"{samples.size / spec.sample_rate:.1f}"
        note(dataset / "tracks.csv", (track_id, genre, tags.artist, tags.title, length, item.origin))
        n_added += 1
        return f"{genre}/{track_id}.flac, {length} s"

    try:
        _each_recording(sources, add)
    finally:
        print(safe(f"{dataset}: {n_added} added to {genre}"))


def classify(sources: Sequence[str], model: Path | None) -> None:
    """Print the bundle's answer for each recording, like ``livegenre classify``."""
    bundle = load_bundle(model)

    def say(_item: Item, fetched: Fetched) -> str:
        try:
            verdict = classify_file(fetched.path, bundle)
        except AudioFileError as error:
            raise IngestError(str(error).removeprefix(f"{fetched.path}: ")) from error
        ranked = sorted(verdict.probabilities.items(), key=lambda item: -item[1])
        return ", ".join(f"{label} {probability:.0%}" for label, probability in ranked[:N_SHOWN])

    _each_recording(sources, say)


def _each_recording(sources: Sequence[str], use: Callable[[Item, Fetched], str]) -> None:
    """Fetch every recording of every source and print the result of ``use``; failures are reported at the end."""
    require_ffmpeg()
    problems = []
    with progress() as bar, tempfile.TemporaryDirectory() as folder:
        items = []
        for source in bar.track(sources, description="Looking up sources"):
            try:
                items += items_of(source)
            except IngestError as error:
                problems.append(f"{source}: {error}")
        for number, item in enumerate(bar.track(items, description="Reading recordings")):
            try:
                downloads = Path(folder, str(number))
                print(safe(f"{item.origin}: {use(item, item.fetch(downloads))}"))
                shutil.rmtree(downloads, ignore_errors=True)
            except IngestError as error:
                problems.append(f"{item.origin}: {error}")
    if len(problems) == 1:
        raise IngestError(problems[0])
    for problem in problems:
        print(safe(problem), file=sys.stderr)
    if problems:
        raise IngestError(f"{len(problems)} sources or recordings failed")


def slug(title: str) -> str:
    """Return a title as a file name that is easy to type: lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "untitled"


def note(tracks: Path, row: tuple[str, ...]) -> None:
    """Append a row to ``tracks.csv`` atomically; other columns are kept."""
    rows: list[dict[str, str]] = []
    columns = list(TRACKS_COLUMNS)
    if tracks.exists():
        with tracks.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = list(dict.fromkeys([*(reader.fieldnames or ()), *TRACKS_COLUMNS]))
    rows.append(dict(zip(TRACKS_COLUMNS, row, strict=True)))
    with written_whole(tracks) as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _genre(text: str) -> str:
    if not text or text.startswith(".") or set(text) & set("/\\"):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be a folder's name")
    return text


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m build.ingest", description="Add recordings to a dataset.")
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="file, folder, m3u playlist, URL, ytsearch1:QUERY")
    parser.add_argument("--genre", type=_genre, help="what the recordings are: the folder they go into")
    parser.add_argument("--into", metavar="DATASET", type=Path, help="folder with a folder for each genre")
    parser.add_argument("--seconds", type=int, choices=EXCERPTS_S, default=EXCERPTS_S[0], help="length (default: 30)")
    parser.add_argument("--classify", action="store_true", help="add nothing, say what the model hears")
    parser.add_argument("--model", metavar="DIR", type=Path, help="bundle for --classify (default: the shipped one)")
    arguments = parser.parse_args(argv)
    if arguments.classify == bool(arguments.genre and arguments.into):
        parser.error("give either --genre and --into, or --classify")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 1 if anything failed."""
    arguments = _arguments(argv)
    if arguments.classify:
        return run_command(lambda: classify(arguments.sources, arguments.model), "build.ingest")
    return run_command(
        lambda: ingest(arguments.sources, arguments.into, arguments.genre, arguments.seconds), "build.ingest"
    )


if __name__ == "__main__":
    native_stderr.silence()  # what a TFLite runtime says of itself
    sys.exit(main())
