"""The style that is shown in place of the genre, if any, with hysteresis.

Many pieces alternate between a style and the nearest genre, or between two styles: twelve electronic pieces of half a
minute changed 21 times, and with this 13 times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Seconds that another style, or the genre, must lead before it is shown.
LEAD_FOR_S = 4.0


@dataclass(frozen=True, slots=True)
class Lead:
    """The style in place of a genre."""

    genre: str | None = None  # of which this is said
    style: str | None = None  # None: the genre itself is shown
    rival: str | None = None  # the style (or None) that leads instead
    rival_since_s: float | None = None  # since when, on the source's timeline; None: nothing leads


def lead_after(lead: Lead, genre: str | None, leading: str | None, audio_s: float) -> Lead:
    """Return what is shown once ``leading`` leads at ``audio_s``: a style, or None for the genre itself.

    Of another genre than before it is shown at once.
    """
    if genre != lead.genre or leading == lead.style:
        return Lead(genre, leading)
    if lead.rival_since_s is None or leading != lead.rival:
        return replace(lead, rival=leading, rival_since_s=audio_s)
    return Lead(genre, leading) if audio_s - lead.rival_since_s >= LEAD_FOR_S else lead
