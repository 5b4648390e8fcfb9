"""Records in succession without pauses: delays of shown changes, and false changes.

    python -m tests.benchmarks.records ../shared/data/gtzan

plays every full track of a dataset in a random order through the listening pipeline, at full speed, and prints a
table: for all tracks, for those the model was trained on, and for the others, each played by themselves.

What is shown is looked at once a second, and records begin anywhere between two seconds. A *record* is one track; the
answer that it *settles on* is what is shown at its end (a genre, or "unsure" and the like).

* true changes: records of another genre than the one before;
* shown changes: how often the shown answer became another;
* right within 5 s, 10 s: of the true changes to a record that ``classify`` takes for what it is, the share for which
  that genre was shown within so long of the record's beginning; delay: the median over the same, a record for which it
  was never shown counting as the slowest;
* settled within 5 s, 10 s: of the records that settle on another answer than the one before, right or wrong, the share
  that showed it first within so long of their beginning; delay: the median over the same;
* false changes: shown changes beyond those that lead from what one record settles on to what the next does, an hour;
* right: share of all seconds in which the true genre was shown.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import soundfile

from edge.events import Block, Prediction, State
from edge.files.whole_file import classify_file
from edge.live.pipeline import Pipeline
from edge.model.bundle import Bundle, load_bundle
from tests.edge.scripted import Scripted

SOON_S = (5, 10)
#: Tracks are cut to whole seconds plus this, so that not all begin with an update.
CUT_S = 0.37


@dataclass(frozen=True)
class Track:
    """A full recording and what it is."""

    path: Path
    genre: str
    split: str
    is_understood: bool  # by itself, as a whole, it is classified rightly


@dataclass(frozen=True)
class Played:
    """A track, and what was shown while it played, every second."""

    track: Track
    began_s: float
    shown: list[str]
    at_s: list[float]

    @property
    def settled(self) -> str:
        """The answer shown at its end."""
        return self.shown[-1]

    def delay_s(self, answer: str) -> float:
        """Seconds from its beginning until ``answer`` was shown; infinite if it never was."""
        return self.at_s[self.shown.index(answer)] - self.began_s if answer in self.shown else math.inf


def full_tracks(dataset: Path, bundle: Bundle) -> list[Track]:
    """Return the tracks that the dataset has in full."""
    with (dataset / "tracks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["audio"] == "full"]
    tracks = []
    for row in rows:
        path = dataset / "audio" / row["genre"] / f"{row['track_id']}.ogg"
        understood = classify_file(path, bundle).genre == row["genre"]
        tracks.append(Track(path, row["genre"], row["split"], understood))
    assert tracks, f"{dataset} has no full track"
    return tracks


def play(tracks: list[Track], bundle: Bundle) -> list[Played]:
    """Listen to all of them, one after the other."""
    played: list[Played] = []

    def records() -> Iterator[Block]:
        began_s = 0.0
        for track in tracks:
            audio, rate = soundfile.read(track.path, dtype="float32", always_2d=True)
            audio = audio[: int(len(audio) / rate - CUT_S) * rate + round(CUT_S * rate)]
            played.append(Played(track, began_s, [], []))
            yield Block(audio, rate)
            began_s += len(audio) / rate

    for event in Pipeline(Scripted(records()), bundle).events():
        if isinstance(event, Prediction):
            record = next(record for record in reversed(played) if record.began_s < event.audio_s)
            record.at_s.append(event.audio_s)
            record.shown.append(event.genre if event.state is State.MUSIC and event.genre else str(event.state))
    return played


def figures(played: list[Played]) -> dict[str, str]:
    """Return the row of the table."""
    pairs = list(pairwise(played))
    seconds = [answer for record in played for answer in record.shown]
    true = [now for before, now in pairs if now.track.genre != before.track.genre]
    right = [now.delay_s(now.track.genre) for now in true if now.track.is_understood]
    settled = [now.delay_s(now.settled) for before, now in pairs if now.settled != before.settled]
    shown_changes = sum(a != b for a, b in pairwise(seconds))
    return {
        "records": f"{len(played)}",
        "hours": f"{len(seconds) / 3600:.2f}",
        "classified rightly": f"{sum(record.track.is_understood for record in played) / len(played):.0%}",
        "true changes": f"{len(true)}",
        "shown changes": f"{shown_changes}",
        **{f"right within {soon_s} s": within(right, soon_s) for soon_s in SOON_S},
        "delay": f"{median(right):.1f} s",
        **{f"settled within {soon_s} s": within(settled, soon_s) for soon_s in SOON_S},
        "delay ": f"{median(settled):.1f} s",
        "false changes / h": f"{(shown_changes - len(settled)) / len(seconds) * 3600:.0f}",
        "right": f"{sum(a == r.track.genre for r in played for a in r.shown) / len(seconds):.0%}",
    }


def within(delays: list[float], soon_s: float) -> str:
    """Return the share of delays up to ``soon_s`` in words."""
    soon = sum(delay <= soon_s for delay in delays)
    return f"{soon / len(delays):.0%} ({soon} of {len(delays)})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="folder with tracks.csv and audio/<genre>/<id>.ogg")
    parser.add_argument("--model", type=Path, help="folder of a model bundle (default: the one that is installed)")
    parser.add_argument("--seed", type=int, default=1, help="of the order (default 1)")
    args = parser.parse_args()
    bundle = load_bundle(args.model)
    tracks = full_tracks(args.dataset, bundle)
    random.Random(args.seed).shuffle(tracks)
    print(f"model {bundle.name}, seed {args.seed}\n")
    for number, split in enumerate(("all", "train", "valid")):
        row = figures(play([track for track in tracks if split in ("all", track.split)], bundle))
        if number == 0:
            print("| tracks |", " | ".join(row), "|")
            print("|---|" + "---:|" * len(row))
        print(f"| {split} |", " | ".join(row.values()), "|", flush=True)


if __name__ == "__main__":
    main()
