"""Learning on the device in simulated households: accuracy after so many corrections.

    python -m tests.benchmarks.learning ../shared/data

simulates households. Each plays records through a microphone that no training uses, and corrects the first N; the layer
that ``livegenre learn`` then uses, if any, is evaluated on records by other artists (of the phone's recordings, on
other tracks): those of valid, which the shipped model was not trained on, and those of the phone, which are of two
genres only. Then a person's own genre is learned from ten corrections beside twenty others: the share of its other
pieces that are found, and of other records with an unchanged answer.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED
from build.corpora.listening_conditions import MICROPHONES
from build.extract.extractor import Extractor
from build.extract.rows import rows_of
from build.tables.pieces import EMOTIFY, GTZAN_VALID, read_pieces
from edge.history.corrections import Lesson
from edge.learning.judging import judge
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.personal import PersonalLayer
from edge.model.reference import reference_rows

CORRECTIONS = (0, 5, 10, 20, 40)
OWN = "electronic"
N_OWN, N_BESIDE = 10, 20


@dataclass(frozen=True)
class Records:
    """Head inputs of records: rows (n, n_inputs), what each is, and by whom."""

    rows: NDArray[np.float32]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def of(self, places: Sequence[int]) -> Records:
        """Return some of them."""
        labels, groups = (tuple(one[place] for place in places) for one in (self.labels, self.groups))
        return Records(self.rows[list(places)], labels, groups)

    def halves(self, rng: np.random.Generator) -> tuple[Records, Records]:
        """Return two parts that share no group, the first in the order in which they are heard."""
        groups = sorted(set(self.groups))
        first = set(rng.permutation(groups)[: len(groups) // 2].tolist())
        places = rng.permutation(len(self.labels)).tolist()
        parts = ([place for place in places if (self.groups[place] in first) is wanted] for wanted in (True, False))
        one, other = (self.of(part) for part in parts)
        return one, other

    def lessons(self, first: int = 0) -> list[Lesson]:
        """Return them as corrections, a record every five minutes."""
        return [
            Lesson(first + n, label, tuple(row.tolist()), 300_000 * (first + n), 300_000 * (first + n) + 200_000)
            for n, (row, label) in enumerate(zip(self.rows, self.labels, strict=True))
        ]


def valid_and_own(data: Path, bundle: Bundle) -> tuple[Records, Records]:
    """Return the whole valid tracks, and pieces of a genre that the model does not know, through a microphone."""
    genres = [label for label in bundle.labels if label != NO_MUSIC]
    pieces = read_pieces(data, (*genres, OWN))
    by = Extractor.of_bundle()
    parts = []
    for collection, is_own in ((GTZAN_VALID, False), (EMOTIFY, True)):
        chosen = [p for p in pieces if p.collection == collection and p.whole and (p.genre == OWN) is is_own]
        rows = rows_of({piece.name: piece.path for piece in chosen}, [MICROPHONES[0]], by)[:, 0]
        parts.append(Records(rows, tuple(p.genre for p in chosen), tuple(p.group for p in chosen)))
    return parts[0], parts[1]


def phone(data: Path) -> Records:
    """Return the phone's recordings; those of one track are of one group."""
    paths = {path.stem: path for path in sorted((data / "phone").glob("*.ogg"))}
    rows = rows_of(paths, [AS_RECORDED], Extractor.of_bundle())[:, 0]
    tracks = [name.partition("-at-")[0] for name in paths]
    return Records(rows, tuple(track.partition(".")[0] for track in tracks), tuple(tracks))


def right(bundle: Bundle, layer: PersonalLayer | None, records: Records) -> float:
    """Return the share of records that are answered as what they are."""
    return float(
        np.mean([one == other for one, other in zip(_said(bundle, layer, records), records.labels, strict=True)])
    )


def _said(bundle: Bundle, layer: PersonalLayer | None, records: Records) -> list[str]:
    classify = Classifier(bundle, layer)
    return [classify.labels[int(classify(row).argmax())] for row in records.rows]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--households", type=int, default=10)
    arguments = parser.parse_args()
    bundle, reference = load_bundle(), reference_rows(load_bundle())
    valid, own = valid_and_own(arguments.data, bundle)
    households = range(arguments.households)
    for name, records in (("valid, microphone", valid), ("phone", phone(arguments.data))):
        for n in CORRECTIONS:
            shares, elsewhere, n_taken = [], [], 0
            for seed in households:
                first_half, judging = records.halves(np.random.default_rng(seed))
                layer = judge(bundle, first_half.lessons()[:n], reference).layer if n else None
                shares.append(right(bundle, layer, judging))
                if records is not valid:
                    elsewhere.append(right(bundle, layer, valid))
                n_taken += layer is not None
            beside = f", of valid {np.mean(elsewhere):.1%}" if elsewhere else ""
            taken = f"taken on in {n_taken} of {len(shares)}"
            print(f"{name}: after {n:2} corrections right {np.mean(shares):.1%}{beside}, {taken}", flush=True)
    found, kept, false, n_taken = [], [], [], 0
    for seed in households:
        rng = np.random.default_rng(seed)
        (theirs, other_theirs), (first_half, judging) = own.halves(rng), valid.halves(rng)
        lessons = theirs.lessons()[:N_OWN] + first_half.lessons(first=N_OWN)[:N_BESIDE]
        layer = judge(bundle, lessons, reference).layer
        n_taken += layer is not None
        found.append(right(bundle, layer, other_theirs))
        kept.append(right(bundle, layer, judging) - right(bundle, None, judging))
        false.append(float(np.mean([label == OWN for label in _said(bundle, layer, judging)])))
    print(
        f"{OWN} from {N_OWN} corrections beside {N_BESIDE} others: {np.mean(found):.1%} of its other pieces are found, "
        f"{np.mean(false):.1%} of other records are taken for it, {100 * np.mean(kept):+.1f} points on these; "
        f"taken on in {n_taken} of {len(found)}"
    )


if __name__ == "__main__":
    main()
