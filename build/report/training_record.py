"""What a sidecar says of how its model was made, in words for the model card and in values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from build.corpora.task import Task
from build.models.fitting import Candidate
from build.models.recipe import Recipe
from build.tables import splits
from build.tables.edition import edition_of

#: What was tried on GTZAN on the way to the recipes.
FINDINGS = Path(__file__).with_name("findings.md")


def training_record(task: Task, candidates: Sequence[Candidate], best: Candidate, seed: int) -> dict[str, Any]:
    """Return how the best of some candidates was trained and chosen, JSON-ready."""
    names = " and ".join(candidate.recipe.name for candidate in candidates)
    folds = "artists" if task.tracks else "tracks"
    ours = task.split == splits.FAULT_FILTERED
    tried = {"findings": FINDINGS.read_text(encoding="utf-8")} if ours else {}
    edition = {"edition": edition_of(task.tracks).to_dict()} if ours else {}
    return (
        tried
        | edition
        | {
            "how_chosen": (
                f"The architecture was chosen between {names} by accuracy on these very tracks, so the figure of the "
                "chosen one is a little too good; no other track was looked at."
            ),
            "facts": {
                "data": f"{task.split}; trained on the train list alone, {len(task.train)} tracks",
                "recipe": str(best.recipe),
                "parameters": f"{best.fitted.model.count_params():,}",
                "changed copies": _changed_copies(task, best.recipe),
                "temperature": f"fitted on out-of-fold predictions inside train ({splits.N_FOLDS} folds of {folds})",
                "seed": seed,
            },
        }
    )


def _changed_copies(task: Task, recipe: Recipe) -> str:
    if not (recipe.with_variants and task.variants):
        return "none"
    copies = len(task.variants) / len(task.train)
    return (
        f"{copies:.0f} of each track: excerpts of 10 to 30 s, other speeds and pitches, through simulated microphones"
    )
