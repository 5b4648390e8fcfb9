"""The suite runs once more with another processor's arithmetic, whatever OpenBLAS takes by itself."""

from __future__ import annotations

import pytest

from tests.features.reference.other_cores import furthest, taken
from tests.features.reference.test_processors import ARM, CORES, X86, X86_512, flags

POSSIBLE = [list(X86), list(X86)[:2], [*X86, *X86_512], list(ARM)]


@pytest.mark.parametrize("possible", POSSIBLE)
def test_it_is_another_than_this_one(possible: list[str]) -> None:
    for own in [*possible, "Katmai" if "Prescott" in possible else possible[0]]:
        found = furthest(own, possible)
        assert found in possible
        assert found.lower() != own.lower()
    assert furthest("Katmai", list(X86)) == "Zen"


def test_this_machine_has_another() -> None:
    assert furthest(taken(), [core for core, flag in CORES.items() if flag in flags()]).lower() != taken().lower()
