"""The music styles among AudioSet's classes (Gemmeke et al. 2017), whichever network scores them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

#: AudioSet lists its music styles from "Pop music" to "Ska"; two classes in between name no style.
_FIRST_STYLE, _LAST_STYLE = "Pop music", "Ska"
_NO_STYLES = frozenset({"Beatboxing", "Vocal music"})


def read_class_names(path: Path) -> tuple[str, ...]:
    """Return the class names of a class map (a CSV with the column ``display_name``) in the order of the scores."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(row["display_name"] for row in csv.DictReader(file))


def style_indices(class_names: Sequence[str]) -> list[int]:
    """Return the indices of the music styles among the class names."""
    between = range(class_names.index(_FIRST_STYLE), class_names.index(_LAST_STYLE) + 1)
    return [index for index in between if class_names[index] not in _NO_STYLES]
