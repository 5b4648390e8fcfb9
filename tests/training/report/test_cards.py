"""Tables of model cards: names that would break them, and on how little a figure rests."""

from __future__ import annotations

import json

from build import publish
from build.report.listening_tables import more_tables
from build.report.model_card import model_card
from edge.model.bundle import SIDECAR_FILE


def test_a_bar_in_a_name_breaks_no_table() -> None:
    sidecar = json.loads((publish.MODELS / SIDECAR_FILE).read_text())
    figure = {"accuracy": _figure("A|B"), "balanced": _figure("A|B")}
    folds = ("folds", "folds, microphone", "folds, train and valid")
    sidecar["metrics"] |= {name: {"A|B": figure} for name in folds} | {"learning": [["A|B", 0.5, 0.5, 0.5, 0.5]]}
    lines = "\n".join(more_tables(sidecar["metrics"])).splitlines()
    assert sum("A\\|B" in line for line in lines) == 2
    assert not any("A|B" in line for line in lines)
    sidecar["labels"] = ["A|B" if label == "rock" else label for label in sidecar["labels"]]
    sidecar["metrics"]["valid"]["labels"] = {
        "A|B" if label == "rock" else label: row for label, row in sidecar["metrics"]["valid"]["labels"].items()
    }
    card = model_card(sidecar).split("## How right it is")[1]
    assert "A\\|B" in card and "A|B" not in card.replace("A\\|B", "")


def test_a_mean_over_genres_says_what_it_rests_on() -> None:
    sidecar = json.loads((publish.MODELS / SIDECAR_FILE).read_text())
    labels = sidecar["metrics"]["valid"]["labels"]
    for label in labels:
        labels[label]["n"] = {"disco": 2, "rock": 2, "no_music": 0}.get(label, 20)
    (line,) = (line for line in model_card(sidecar).splitlines() if line.startswith("| balanced over genres |"))
    assert line.endswith("; for 2 of 10 genres it rests on 4 tracks: disco 2, rock 2 |")
    for label in labels:
        labels[label]["n"] = 20
    assert "; 20 of each |" in model_card(sidecar)
    labels["jazz"]["n"] = 31
    assert "; 20 to 31 tracks a genre |" in model_card(sidecar)


def _figure(split: str) -> dict[str, object]:
    return {"split": split, "n": 3, "value": 0.5, "interval_95": [0.1, 0.9], "over": "tracks"}
