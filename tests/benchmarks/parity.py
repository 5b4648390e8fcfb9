"""Differences of features_np from librosa 0.11 over a folder of audio: ``python -m tests.benchmarks.parity FOLDER``.

Prints a table of the differences per quantity; interrupted (Ctrl-C), that of the tracks so far. With ``--published
FOLDER`` also compares with tables of statistics that others computed (mean_mfccs.csv, tempo.csv, ...: one row a track),
as ``../shared/data/gtzan/features`` holds.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from pathlib import Path

import librosa
import numpy as np
import soundfile

import features_np as fx
from tests.features.tolerances import LIBROSA_GROUPS
from tests.golden.reference import librosa_features, our_features, statistics

RATE = 22_050
AUDIO = {".ogg", ".wav", ".flac", ".mp3"}
DECIDED = ("tempo", "tuning", "tuning_of_power")
#: Differences kept of each array of frames for the percentile; a track has some 40,000 MFCCs.
SAMPLE = 2_000
#: The published tables: file, group of the vector.
PUBLISHED = {
    "mean_mfccs": "mfcc_mean",
    "std_mfccs": "mfcc_std",
    "mean_chromas": "chroma_mean",
    "std_chromas": "chroma_std",
}
PUBLISHED |= {"mean_zcr": "zcr_mean", "std_zcr": "zcr_std", "mean_sro": "rolloff_mean", "std_sro": "rolloff_std"}


class Differences:
    """Differences of one quantity over all tracks: the largest, and a sample of all for the percentile."""

    def __init__(self) -> None:
        self.largest, self._sample = 0.0, []
        self._random = np.random.default_rng(0)

    def add(self, difference: np.ndarray) -> None:
        """Count the differences of one track."""
        values = np.abs(difference).ravel()
        self.largest = max(self.largest, float(values.max()))
        self._sample.append(values if len(values) <= SAMPLE else self._random.choice(values, SAMPLE))

    def percentile(self) -> float:
        """Return the 99.9th percentile."""
        return float(np.percentile(np.concatenate(self._sample), 99.9))


class Comparison:
    """Our features against librosa's, track after track."""

    def __init__(self) -> None:
        self.spec = fx.FeatureSpec(groups=LIBROSA_GROUPS)
        self.vectors: dict[str, np.ndarray] = {}
        self._differences: dict[str, Differences] = {}
        self._unequal: dict[str, list[str]] = {name: [] for name in (*DECIDED, "tempo of summarize")}

    def add(self, path: Path) -> None:
        """Compare one track."""
        y, rate = soundfile.read(path, dtype="float32")
        y = fx.resample(fx.to_mono(y.T), orig_sr=rate, target_sr=RATE)
        theirs, ours, vector = librosa_features(y), our_features(y), fx.summarize(y, self.spec)
        for name, expected in theirs.items():
            if name in DECIDED:
                self._decide(name, path.stem, ours[name][0], expected[0])
            else:
                scale = (float(expected.max()) or 1.0) if name == "melspectrogram" else 1.0
                self._measure(name, (ours[name] - expected) / scale)
        named = dict(zip(self.spec.vector_names, vector, strict=True))
        for group, expected in statistics(theirs).items():
            if group == "tempo":
                self._decide("tempo of summarize", path.stem, named["tempo_bpm"], np.float32(expected[0]))
            else:
                part = np.array([named[name] for name in self.spec.group_names(group)])
                self._measure(f"summarize: {group}", part - expected)
        self.vectors[path.stem] = vector

    def _decide(self, name: str, track: str, ours: float, expected: float) -> None:
        if ours != expected:
            self._unequal[name].append(f"{track} ({ours:.4g}, librosa {expected:.4g})")

    def _measure(self, name: str, difference: np.ndarray) -> None:
        self._differences.setdefault(name, Differences()).add(difference)

    def report(self) -> None:
        """Print the tables."""
        n_tracks = len(self.vectors)
        print(f"features_np against librosa {librosa.__version__}, {n_tracks} files\n")
        print("| quantity | largest difference | 99.9th percentile |\n|---|---:|---:|")
        for name, found in self._differences.items():
            print(f"| {name} | {found.largest:.1e} | {found.percentile():.1e} |")
        print("\n| quantity | unequal |\n|---|---:|")
        for name, tracks in self._unequal.items():
            print(f"| {name} | {len(tracks)} of {n_tracks}{': ' if tracks else ''}{', '.join(tracks)} |")


def compare_published(folder: Path, vectors: dict[str, np.ndarray]) -> None:
    """Compare our vectors with tables that others computed, and print the differences."""
    spec = fx.FeatureSpec(groups=LIBROSA_GROUPS)
    names = list(spec.vector_names)
    print("\nThe published tables (librosa 0.8.0)\n")
    print("| table | tracks | largest difference | 99th percentile | median |\n|---|---:|---:|---:|---:|")
    for table, group in PUBLISHED.items():
        columns = [names.index(name) for name in spec.group_names(group)]
        rows = read_table(folder / f"{table}.csv")
        shared = sorted(vectors.keys() & rows.keys())
        values = np.array([np.abs(vectors[track][columns] - rows[track]) for track in shared])
        high, middle = np.percentile(values, 99), np.median(values)
        print(f"| {table} | {len(shared)} | {values.max():.3g} | {high:.3g} | {middle:.3g} |")
    rows = read_table(folder / "tempo.csv")
    tempo = names.index("tempo_bpm")
    shared = sorted(vectors.keys() & rows.keys())
    equal = [abs(vectors[track][tempo] - rows[track][0]) < 0.01 for track in shared]
    print(f"\ntempo equal on {sum(equal)} of {len(shared)} ({100 * np.mean(equal):.1f} %)")


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Read a table with a row per track: by the track's name without its suffix, the numbers."""
    with path.open() as file:
        rows = list(csv.reader(file))
    table = {}
    for row in rows:
        numbers = [cell for cell in row if is_number(cell)]
        name = next((cell for cell in row if cell.endswith(".wav")), None)
        if name:
            table[name.removesuffix(".wav")] = np.array([float(cell) for cell in numbers])
    return table


def is_number(text: str) -> bool:
    """Say whether ``float`` reads this."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="audio, searched through")
    parser.add_argument("--published", type=Path, help="folder of published feature tables")
    parser.add_argument("--tracks", type=Path, help="tracks.csv: compare those it calls full alone")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*") if path.suffix in AUDIO)
    if arguments.tracks:
        with arguments.tracks.open() as file:
            full = {row["track_id"] for row in csv.DictReader(file) if row["audio"] == "full"}
        files = [path for path in files if path.stem in full]
    if not files:
        parser.error(f"{arguments.folder} holds no audio ({', '.join(sorted(AUDIO))})")
    random.Random(0).shuffle(files)  # so that what an interrupted run prints is a fair sample
    comparison = Comparison()
    try:
        for number, path in enumerate(files, 1):
            comparison.add(path)
            print(f"\r{number} of {len(files)}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(", interrupted", file=sys.stderr)
    comparison.report()
    if arguments.published:
        compare_published(arguments.published, comparison.vectors)


if __name__ == "__main__":
    main()
