"""An own head beside scikit-learn's on the same numbers: ``python -m tests.benchmarks.own_records FEATURES.csv``.

The features are those of ``build.preprocess --features listener``. All are judged in the same five folds, by artist
where ``FEATURES.tracks.csv`` knows them, as recorded and through a microphone; scikit-learn's heads learn from
the recordings as they are, and from all conditions that the own head learns from.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from build.corpora.listening_conditions import MICROPHONES
from build.corpora.own.own_task import folds_of, own_task
from build.corpora.own.training_rows import read_training_rows
from build.corpora.task import Task
from build.models import fitting
from build.models.listening_head import own_head
from build.models.recipe import Recipe
from build.score import metrics
from build.score.in_folds import score_in_folds

HEADS = {
    "logistic regression": lambda: LogisticRegression(C=0.01, max_iter=1000),
    "linear discriminant, shrunken": lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "support vectors": lambda: SVC(kernel="rbf"),
}


def main() -> None:
    """Print a line for each head."""
    features, head = Path(sys.argv[1]), own_head()
    shipped = read_training_rows([listener.definition() for listener in head.listeners])
    task = own_task(features, shipped, set(), with_shipped=False).of_columns(head.columns)
    folds = folds_of(task, 0)
    artists = task.artists(task.train)
    print(f"{features.name}: {len(task.train)} tracks, {len(task.labels)} genres, {len(set(artists))} artists or songs")
    found = score_in_folds(task, head, folds, 0)
    clean, through_microphone = found.scores.right, found.microphone.drawn[0].right
    _print("own head", clean, through_microphone, artists)
    _print_no_music(task, head)
    targets = task.train.targets(task.labels)
    recorded = task.train.matrix(head.columns)
    through = task.valid_conditions[MICROPHONES[0].name].select(task.train.keys).matrix(head.columns)
    conditions = [
        task.train_table(condition).matrix(head.columns) for condition in head.conditions if task.has(condition)
    ]
    for name, make in HEADS.items():
        for what, tables in (("as recorded", conditions[:1]), ("in all conditions", conditions)):
            answers = np.zeros((2, len(targets)), dtype=np.int64)
            for fold in np.unique(folds):
                held = folds == fold
                model = make_pipeline(StandardScaler(), make())
                model.fit(np.vstack([table[~held] for table in tables]), np.tile(targets[~held], len(tables)))
                answers[:, held] = model.predict(recorded[held]), model.predict(through[held])
            _print(f"{name}, {what}", answers[0] == targets, answers[1] == targets, artists)


def _print_no_music(task: Task, head: Recipe) -> None:
    """Print the share of windows kept apart that a head of all tracks calls "no music"."""
    sample = head.sample(task)
    fitted = head.fit_sample(sample, n_labels=len(task.labels), seed=0)
    fitted = fitting.with_no_music(task, head, fitted, sample, task.no_music.training())
    apart = task.no_music.kept_apart()
    caught = fitted.logits(apart.rows).argmax(axis=1) == len(task.labels)
    for kind in sorted({kind for kind, right in zip(apart.kinds, caught, strict=True) if not right}):
        of_kind = np.array([other == kind for other in apart.kinds])
        print(f'  of {kind}: {caught[of_kind].sum()} of {of_kind.sum()} windows are called "no music"')
    print(f"  of all {len(caught)} windows kept apart: {caught.mean():.1%}")


def _print(name: str, clean: np.ndarray, through_microphone: np.ndarray, artists: list[str]) -> None:
    figure, cost = metrics.share(clean, "", artists), metrics.difference(clean * 1.0 - through_microphone, "", artists)
    print(
        f"{name:45} {figure.value:6.1%} ({figure.low:.1%} to {figure.high:.1%}), through a microphone "
        f"{through_microphone.mean():.1%} ({100 * cost.value:+.1f} points less)"
    )


if __name__ == "__main__":
    main()
