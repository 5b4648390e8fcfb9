"""AudioSet's styles of music of a window, beside the model's own genres.

A listener scores about fifty styles that its backbone learned from two million clips; nothing here trains them. They
cover music beyond the model's few genres, such as techno.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

#: Maximum number of named styles, their minimum score, and minimum share of the highest score. AudioSet's classes
#: are many and its scores cautious: over 20 s of music the likeliest style has 0.01 to 0.3.
MAX_STYLES, LEAST_SCORE, LEAST_SHARE = 3, 0.02, 0.25
#: Minimum score of a leading style outside the model's genres, and ratio to any style within them: they were met by 48
#: % of 60 electronic pieces of Emotify and 15 % of 53 known songs (most of them disco), for 4 % of 24 of Emotify's rock
#: and pop and 2 % of 104 GTZAN train tracks, through YAMNet in int8.
LEADING_SCORE, LEADING_RATIO = 0.05, 3.0

#: AudioSet's styles that are a genre of the shipped models, or a kind of one. Other styles belong to no genre. A model
#: of other genres lists their styles in its sidecar.
GENRE_OF_STYLE: Mapping[str, str] = {
    "Pop music": "pop",
    "Hip hop music": "hiphop",
    "Rock music": "rock",
    "Heavy metal": "metal",
    "Punk rock": "rock",
    "Grunge": "rock",
    "Progressive rock": "rock",
    "Rock and roll": "rock",
    "Psychedelic rock": "rock",
    "Reggae": "reggae",
    "Ska": "reggae",
    "Country": "country",
    "Bluegrass": "country",
    "Folk music": "country",
    "Swing music": "jazz",
    "Jazz": "jazz",
    "Disco": "disco",
    "Funk": "disco",
    "Classical music": "classical",
    "Opera": "classical",
    "Blues": "blues",
}


def summary(
    names: Sequence[str],
    labels: Sequence[str],
    scores: Scores | None,
    genre_styles: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return the fields ``styles`` and ``nearest`` of an event or a verdict; none without ``scores`` of ``names``."""
    if scores is None:
        return {}
    beyond = is_outside_genres(names, scores, labels, genre_styles)
    return {"styles": likeliest(names, scores), "nearest": beyond}


def likeliest(names: Sequence[str], scores: Scores) -> dict[str, float]:
    """Return the likeliest few of the styles ``names``, likeliest first, with their ``scores`` (0 to 1)."""
    ranked = sorted(zip(names, scores.tolist(), strict=True), key=lambda item: -item[1])
    least = max(LEAST_SCORE, LEAST_SHARE * ranked[0][1]) if ranked else LEAST_SCORE
    return {name: score for name, score in ranked[:MAX_STYLES] if score >= least}


def named_styles(names: Sequence[str], labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return those of the styles ``names`` that are, by their own names or ``GENRE_OF_STYLE``, of each label."""
    return {
        label: tuple(
            name
            for name in names
            if label.lower() in (GENRE_OF_STYLE.get(name), name.lower(), name.lower().removesuffix(" music"))
        )
        for label in labels
    }


def is_outside_genres(
    names: Sequence[str],
    scores: Scores,
    labels: Sequence[str],
    genre_styles: Mapping[str, Sequence[str]] | None = None,
) -> bool:
    """Return True if a style leads that is none of the genres ``labels``; the genre is then only the nearest.

    ``genre_styles`` are the styles of each genre; of one that they lack, those that are named alike.
    """
    of_genres = {**named_styles(names, labels), **(genre_styles or {})}
    known = {style for styles in of_genres.values() for style in styles}
    within, beyond = 0.0, 0.0
    for name, score in zip(names, scores.tolist(), strict=True):
        if name in known:
            within = max(within, score)
        else:
            beyond = max(beyond, score)
    return beyond >= LEADING_SCORE and beyond >= LEADING_RATIO * within
