"""Studies of a listener: the worth of parts of the head's input, and styles without training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from build.audio.simulated_microphone import Part
from build.corpora.listening_conditions import RANKING_MICROPHONE
from build.corpora.task import Task
from build.models.discriminant import DISCRIMINANT, DiscriminantRecipe
from build.models.recipe import Recipe
from build.score.listening_studies import ablation, zero_shot
from build.tables.feature_table import FeatureTable, Track
from edge.live.styles import GENRE_OF_STYLE
from tests.training.synthetic import made_up_table

STYLES = tuple(GENRE_OF_STYLE)


def test_a_clip_that_is_shorter_than_a_patch_counts_for_no_style() -> None:
    """Its scores are NaN, whose place among the genres would be the first."""
    names, genres = ("jazz.0", "jazz.1", "rock.0", "blues.0"), ("jazz", "jazz", "rock", "blues")
    scores = np.zeros((4, len(STYLES)), dtype=np.float32)
    scores[0, STYLES.index("Jazz")] = scores[1, STYLES.index("Opera")] = scores[2, STYLES.index("Grunge")] = 0.5
    scores[3] = np.nan
    table = FeatureTable(names, genres, STYLES, scores)
    tracks = {
        key: Track(name, genre, "train", "full", None, "", None, "gtzan")
        for key, name, genre in zip(table.keys, names, genres, strict=True)
    }
    assert zero_shot(Task("made up", table, table.rows([0]), tracks, styles=table)) == [
        ["GTZAN train", 2 / 3, 3],
        ["GTZAN valid", 1.0, 1],
    ]


class Whole(DiscriminantRecipe):
    """A recipe whose only variant is itself."""

    def parts(self) -> dict[str, Recipe]:
        return {"all of it": self}


def test_variants_are_not_ranked_by_the_microphones_that_report() -> None:
    """The task has no others than one of training: with those of evaluation this would not even run."""
    recipe = Whole("whole", DISCRIMINANT.groups)
    table = made_up_table(30, spec=recipe.spec)
    tracks = {
        key: Track(name, genre, "train", "full", None, f"artist {row // 3}", None, ("gtzan", "songs")[row % 2])
        for row, (key, name, genre) in enumerate(zip(table.keys, table.track_ids, table.genres, strict=True))
    }
    degraded = replace(table, values=np.zeros_like(table.values))
    task = Task("made up", table, table.rows([0]), tracks, train_conditions={RANKING_MICROPHONE.name: degraded})
    assert RANKING_MICROPHONE.part is Part.TRAINING
    ((name, clean, through_microphone, songs),) = ablation(task, recipe, 0)
    assert name == "all of it" and clean == songs == 1.0 and through_microphone < 0.7
