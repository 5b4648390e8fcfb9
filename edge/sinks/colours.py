"""A colour for each genre of a model, the same on the page, in the window and in the terminal.

Hues stand evenly around the OKLCH wheel (Björn Ottosson, "A perceptual color space for image processing", 2020), and
neighbours differ in lightness too, for people who distinguish few hues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import cos, gcd, radians, sin

from edge import words

#: OKLCH's lightness on a dark ground and on a light one, by how much neighbours differ from it, and chroma.
ON_DARK, ON_LIGHT, SHADE, CHROMA = 0.77, 0.55, 0.08, 0.13
#: The wheel's first hue in degrees: with this one, red-green colour-blind people distinguish ten genres best.
FIRST_HUE = 6.0
#: Share of the wheel from one genre to the next: far, so that genres that stand beside each other in a list differ.
STEP = 0.618


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour as ``#rrggbb``: to draw with on a dark ground, or under black letters, and on a light ground."""

    on_dark: str
    on_light: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A lower bar in a strip of time, where no genre was shown: its colour, and its share of the strip's height."""

    tint: Colour
    height: float


#: By state, distinguished by lightness and height; the others are a gap.
STATE_COLOURS: Mapping[str, Mark] = {
    "silence": Mark(Colour("#5f6d7a", "#aab6c1"), 0.12),
    "no_music": Mark(Colour("#94a3b2", "#6d7b88"), 0.25),
    "unsure": Mark(Colour("#dfe5ea", "#303a44"), 0.45),
}


@lru_cache(maxsize=4)
def colours(labels: tuple[str, ...]) -> Mapping[str, Colour]:
    """Return a colour for each genre among a model's ``labels``; "no music" and other states have none."""
    genres = [label for label in labels if label not in words.STATE_WORDS]
    n = len(genres)
    step = next(step for step in count(max(1, round(STEP * n))) if gcd(step, n) == 1) if n else 0
    return {genre: _colour(place * step % n, n) for place, genre in enumerate(genres)}


def _colour(place: int, n: int) -> Colour:
    """Return the colour at one of ``n`` places on the wheel."""
    is_odd_one_out = n % 2 and place == n - 1  # its neighbours on both sides are of one shade
    shade = 0.0 if is_odd_one_out else SHADE if place % 2 else -SHADE
    hue = radians(FIRST_HUE + 360 * place / n)
    return Colour(_hex(ON_DARK + shade, hue), _hex(ON_LIGHT + shade, hue))


def _hex(lightness: float, hue: float) -> str:
    """Return a colour of as much chroma, up to ``CHROMA``, as a screen can show at that lightness."""
    chromas = (CHROMA * share / 100 for share in range(100, -1, -1))
    linear = (_linear(lightness, chroma, hue) for chroma in chromas)
    channels = next(found for found in linear if min(found) >= 0 and max(found) <= 1)
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in channels)


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Return linear sRGB; the numbers are Ottosson's."""
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(channel: float) -> float:
    """Return a channel of sRGB from a linear one (IEC 61966-2-1)."""
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
