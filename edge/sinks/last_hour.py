"""The last hour of this session: stretches of time with one answer, for the faces that draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the source's timeline with one answer."""

    label: str  # the genre, or the state where there was none
    from_s: float
    to_s: float


def extended(stretches: Sequence[Stretch], label: str, from_s: float, to_s: float) -> tuple[Stretch, ...]:
    """Return the stretches of the hour before ``to_s`` once ``label`` was the answer from ``from_s`` until then."""
    if to_s <= from_s:
        return tuple(stretches)
    if stretches and stretches[-1].label == label and stretches[-1].to_s >= from_s:
        *stretches, last = stretches
        from_s = last.from_s
    return (*(one for one in stretches if one.to_s > to_s - HOUR_S), Stretch(label, from_s, to_s))


def cells(stretches: Sequence[Stretch], n_cells: int, from_s: float, to_s: float) -> list[str | None]:
    """Divide the time ``from_s`` to ``to_s`` into equal cells; return the longest label in each, None for nothing."""
    seconds: list[dict[str, float]] = [{} for _ in range(n_cells)]
    cell_s = (to_s - from_s) / n_cells
    for stretch in stretches:
        first, last = ((edge - from_s) / cell_s for edge in (stretch.from_s, stretch.to_s))
        for index in range(max(0, int(first)), min(n_cells, int(last) + 1)):
            share = min(last, index + 1) - max(first, index)
            if share > 0:
                seconds[index][stretch.label] = seconds[index].get(stretch.label, 0.0) + share
    return [max(cell, key=lambda label: cell[label]) if cell else None for cell in seconds]
