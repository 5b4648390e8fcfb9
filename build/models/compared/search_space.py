"""The space of the search: one regularized network and its training for each trial that Optuna suggests."""

from __future__ import annotations

from collections.abc import Sequence

import optuna

from build.models.perceptron import DenseWithDropout, PerceptronRecipe
from build.models.row_variants import Augmentation
from build.tables.feature_sets import FEATURE_SETS


def suggest(trial: optuna.Trial, feature_sets: Sequence[str]) -> PerceptronRecipe:
    """Return the recipe of a trial; ``trial.params`` then holds every choice by name.

    Dense layers with dropout, each half as wide as the one before; the ranges of regularization reach from none to
    clearly too much.
    """
    feature_set = trial.suggest_categorical("features", list(feature_sets))
    width = trial.suggest_int("width", 32, 512, log=True)
    layers = trial.suggest_int("layers", 1, 3)
    dropout = trial.suggest_float("dropout", 0.0, 0.7)
    augmentation = Augmentation(
        transpose=trial.suggest_categorical("transpose", [False, True]),
        response_db=trial.suggest_float("response_db", 0.0, 6.0),
        gain_db=15.0,  # fixed: loudness must not matter, which accuracy on clean tracks does not show
        tempo_octave=trial.suggest_float("tempo_octave", 0.0, 0.3),
        noise=trial.suggest_float("noise", 0.0, 0.5),
        mixup=trial.suggest_float("mixup", 0.0, 1.0),
    )
    return PerceptronRecipe(
        f"trial {trial.number}",
        DenseWithDropout(tuple(max(16, width >> layer) for layer in range(layers)), dropout),
        groups=FEATURE_SETS[feature_set],
        augmentation=augmentation,
        epochs=trial.suggest_int("epochs", 50, 500, log=True),
        batch_size=trial.suggest_categorical("batch_size", [32, 64, 128]),
        learning_rate=trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-4, 0.3, log=True),
        label_smoothing=trial.suggest_float("label_smoothing", 0.0, 0.2),
    )
