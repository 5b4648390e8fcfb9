"""numpydoc's findings about the docstrings of features_np's public functions: ``python -m tests.docstrings``."""

from __future__ import annotations

import inspect
import sys

from numpydoc.validate import validate

import features_np

PLACES = ("beat", "effects", "feature", "filters", "onset", "util")
#: Disabled checks: an extended summary, a verb in front of a noun phrase ("Decibels of powers"), and a capital letter
#: in front of a number, a name or a unit.
WAIVED = {"ES01", "SS05", "RT04", "PR08"}


def problems() -> list[str]:
    """Return one line for each."""
    names = [name for name in features_np.__all__ if inspect.isfunction(getattr(features_np, name))]
    names += [
        f"{place}.{name}" for place in PLACES for name in getattr(features_np, place).__all__ if name != "exceptions"
    ]
    return [
        f"features_np.{name}: {code} {message}"
        for name in names
        for code, message in validate(f"features_np.{name}")["errors"]
        if code not in WAIVED
    ]


if __name__ == "__main__":
    found = problems()
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
