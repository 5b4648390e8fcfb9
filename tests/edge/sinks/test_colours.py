"""A genre's colour is the same on every face, and no other genre's."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.sinks.colours import colours
from edge.words import STATE_WORDS
from tests.edge.sinks.happenings import LABELS

Channels = NDArray[np.float64]

#: Linear sRGB to CIE XYZ (IEC 61966-2-1), and its white.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
#: What linear sRGB becomes for people without the cones for red, and for green (Machado et al. 2009, severity 1).
SEEN_BY = {
    "all cones": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
#: A difference in CIELAB that is just noticed when both are seen side by side.
JUST_NOTICED = 2.3


def linear(code: str) -> Channels:
    channels = np.frombuffer(bytes.fromhex(code[1:]), np.uint8) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(channels: Channels) -> Channels:
    x, y, z = (
        np.cbrt(share) if share > 216 / 24_389 else (24_389 / 27 * share + 16) / 116
        for share in TO_XYZ @ channels / WHITE
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(code: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    darker, lighter = sorted(float(TO_XYZ[1] @ linear(each)) for each in (code, other))
    return (lighter + 0.05) / (darker + 0.05)


def least_difference(codes: list[str], cones: str) -> float:
    seen = [lab(np.clip(SEEN_BY[cones] @ linear(code), 0, 1)) for code in codes]
    return min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))


@pytest.mark.parametrize("n", [2, 3, 5, 7, 8, 10, 11, 14, 20])
@pytest.mark.parametrize("ground", ["on_dark", "on_light"])
def test_genres_have_colours_that_are_told_apart(n: int, ground: str) -> None:
    codes = [getattr(colour, ground) for colour in colours(tuple(f"genre {i}" for i in range(n))).values()]
    assert len(codes) == n
    assert least_difference(codes, "all cones") > (10 if n <= 10 else 6) * JUST_NOTICED


@pytest.mark.parametrize("ground", ["on_dark", "on_light"])
@pytest.mark.parametrize("cones", ["no red", "no green"])
def test_so_they_are_by_people_who_see_fewer_colours(ground: str, cones: str) -> None:
    codes = [getattr(colour, ground) for colour in colours(LABELS).values()]
    assert least_difference(codes, cones) > 2 * JUST_NOTICED


def test_they_stand_out_from_their_grounds_and_black_letters_from_them() -> None:
    style = (Path(__file__).parents[3] / "edge" / "sinks" / "web" / "static" / "style.css").read_text()
    dark, light = (part.split(";")[0] for part in style.split("--card: ")[1:])
    for colour in colours(LABELS).values():
        assert contrast(colour.on_dark, dark) > 4.5
        assert contrast(colour.on_dark, "#000000") > 4.5
        assert contrast(colour.on_light, light) > 3, "as WCAG wants it for large letters and for graphics"


def test_states_have_none() -> None:
    assert list(colours(LABELS)) == [label for label in LABELS if label != "no_music"]
    assert not colours(tuple(STATE_WORDS))
    assert not colours(())
    assert colours(("jazz", "no_music")) == colours(("jazz",))
