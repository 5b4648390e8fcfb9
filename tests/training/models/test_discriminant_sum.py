"""The head beside a listener: discriminants of views, and a perceptron, added up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from build.models.discriminant import balanced, discriminant
from build.models.discriminant_sum import SHRINKAGE, View, fit_sum
from build.models.listening_head import own_head

VIEWS = [View("readable", 0, 10), View("embedding", 10, 40)]


def rows_and_targets(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    rows = rng.standard_normal((n, 40)) + np.eye(3)[targets] @ rng.standard_normal((3, 40))
    return rows.astype(np.float32), targets


def test_a_discriminant_of_equal_weights_is_fishers() -> None:
    rows, targets = rows_and_targets()
    kernel, bias = discriminant(rows.astype(np.float64), targets, np.ones(len(rows)), 3, shrinkage=0.3)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3, priors=np.full(3, 1 / 3)).fit(rows, targets)
    scores = rows @ kernel + bias
    expected = theirs.decision_function(rows)
    np.testing.assert_allclose(
        scores - scores.mean(axis=1, keepdims=True),
        expected - expected.mean(axis=1, keepdims=True),
        rtol=0.02,
        atol=0.02,
    )


@pytest.mark.parametrize("n_labels", [2, 3])
def test_a_balanced_discriminant_is_scikit_learns(n_labels: int) -> None:
    """Also of two labels, of which scikit-learn gives one row of weights, the difference."""
    rows, targets = rows_and_targets()
    kept = targets < n_labels
    rows, targets = rows[kept][20:].astype(np.float64), targets[kept][20:]
    kernel, bias = discriminant(rows, targets, balanced(targets), n_labels, 0.3)
    priors = np.full(n_labels, 1 / n_labels)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3, priors=priors).fit(rows, targets)
    scores, expected = rows @ kernel + bias, theirs.decision_function(rows)
    if n_labels == 2:
        scores = scores[:, 1] - scores[:, 0]
    else:
        expected = expected - expected.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(scores, expected, rtol=1e-8, atol=1e-8)


def test_a_row_that_weighs_twice_counts_as_two() -> None:
    rows, targets = rows_and_targets()
    weights = np.ones(len(rows))
    weights[:90] = 2.0
    twice = np.concatenate([np.arange(len(rows)), np.arange(90)])
    once = discriminant(rows.astype(np.float64), targets, weights, 3, 0.2)
    repeated = discriminant(rows[twice].astype(np.float64), targets[twice], np.ones(len(twice)), 3, 0.2)
    for ours, theirs in zip(once, repeated, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


def test_ignored_columns_and_views_without_weight_count_for_nothing() -> None:
    rows, targets = rows_and_targets()
    fitted = fit_sum(rows, targets, np.ones(len(rows)), views=VIEWS[1:], n_labels=3, ignored_columns=[12, 13])
    other = rows.copy()
    other[:, [0, 5, 12, 13]] = np.random.default_rng(1).standard_normal((len(rows), 4))
    np.testing.assert_allclose(fitted.logits(rows), fitted.logits(other), atol=1e-5)
    assert np.mean(fitted.logits(rows).argmax(axis=1) == targets) > 0.95


def test_a_head_for_few_rows_shrinks_its_views_more_than_that_for_hundreds() -> None:
    head, rng = own_head(), np.random.default_rng(0)
    targets = np.arange(30) % 3
    rows = (rng.standard_normal((30, len(head.columns))) + 0.1 * targets[:, np.newaxis]).astype(np.float32)
    logits = head.fit(rows, targets, n_labels=3, seed=0).logits(rows)
    arguments = {"views": head.columns_of_views(), "ignored_columns": head.ignored_columns(), "perceptron_share": 0.0}
    for shrinkage in (head.shrinkage, SHRINKAGE):
        fitted = fit_sum(rows, targets, np.ones(30), n_labels=3, shrinkage=shrinkage, **arguments)
        assert np.allclose(fitted.logits(rows), logits) == (shrinkage == head.shrinkage)
    assert head.shrinkage > SHRINKAGE == own_head(few_tracks=False).shrinkage


def test_what_is_not_known_is_passed_over() -> None:
    rows, targets = rows_and_targets()
    rows[::7, 20:] = np.nan
    fitted = fit_sum(rows, targets, np.ones(len(rows)), views=VIEWS, n_labels=3, perceptron_share=0.0)
    known = np.isfinite(rows).all(axis=1)
    assert np.all(np.isfinite(fitted.mean)) and np.all(fitted.scale > 0)
    assert np.mean(fitted.logits(rows[known]).argmax(axis=1) == targets[known]) > 0.95
