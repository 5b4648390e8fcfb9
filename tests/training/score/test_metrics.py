"""Metrics against scikit-learn and against cases that can be reckoned by hand."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score

from build.score import metrics


def test_the_interval_of_a_share_is_the_binomials() -> None:
    figure = metrics.share(np.arange(197) < 98, "valid of something")
    # Normal approximation: 1.96 * sqrt(p (1 - p) / n) is 7.0 points.
    assert figure.value == pytest.approx(98 / 197)
    assert figure.low == pytest.approx(98 / 197 - 0.070, abs=0.006)
    assert figure.high == pytest.approx(98 / 197 + 0.070, abs=0.006)
    assert str(figure).startswith("49.7% (95 % interval 4") and "n = 197, valid of something" in str(figure)
    assert figure == metrics.share(np.arange(197) < 98, "valid of something")


def test_tracks_that_succeed_together_count_as_one() -> None:
    """Twenty artists with ten tracks each, all right or all wrong, are worth twenty tracks, not two hundred."""
    right = np.repeat(np.arange(20) < 10, 10)
    artists = [f"artist {row // 10}" for row in range(200)]
    figure = metrics.share(right, "made up", artists)
    assert (figure.value, figure.n, figure.over) == (0.5, 200, "20 artists")
    # 1.96 * sqrt(0.25 / 20) is 21.9 points; over tracks it would be 6.9.
    assert figure.high - figure.low == pytest.approx(2 * 0.219, abs=0.04)
    alone = metrics.share(right, "made up", [str(row) for row in range(200)])
    assert alone.high - alone.low == pytest.approx(2 * 0.069, abs=0.01)


def test_artists_weigh_as_much_as_they_have_tracks() -> None:
    figure = metrics.share(np.array([True] * 6 + [False] * 2), "made up", ["many"] * 6 + ["one", "other"])
    assert figure.value == 0.75
    assert (figure.low, figure.high) == (0.0, 1.0)


@pytest.mark.parametrize(("value", "interval"), [(0.0, (0.0, 0.3085)), (1.0, (0.6915, 1.0))])
def test_none_or_all_of_ten_leaves_room_for_a_surprise(value: float, interval: tuple[float, float]) -> None:
    """Clopper and Pearson's 95 % interval of 0 in 10 ends at 1 - 0.025 ** (1 / 10)."""
    tracks = metrics.share(np.full(10, value), "made up")
    artists = metrics.share(np.full(30, value), "made up", [str(row % 10) for row in range(30)])
    for figure in (tracks, artists):
        assert (figure.low, figure.high) == pytest.approx(interval, abs=1e-4)
    assert metrics.difference(np.zeros(10), "made up").to_dict()["interval_95"] == [0.0, 0.0]


def test_one_artist_says_nothing_of_others() -> None:
    figure = metrics.share(np.array([True, False]), "made up", ["one", "one"])
    assert (figure.value, figure.low, figure.high, figure.over) == (0.5, 0.0, 1.0, "1 artist")


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
@settings(max_examples=20, deadline=None)
def test_the_balanced_share_is_scikit_learns_balanced_accuracy(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    targets, predicted = rng.integers(0, 4, n), rng.integers(0, 4, n)
    artists = [f"artist {row // 3}" for row in range(n)]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(action="ignore"):
        patch.setattr(metrics, "N_RESAMPLES", 100)
        figure = metrics.balanced_share(predicted == targets, targets, "made up", artists)
        assert figure.value == pytest.approx(balanced_accuracy_score(targets, predicted))
    assert 0 <= figure.low <= figure.high <= 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_label_scores_are_scikit_learns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    targets, predicted = rng.integers(0, 4, n), rng.integers(0, 4, n)
    scores = metrics.label_scores(metrics.confusion(targets, predicted, 4), ("a", "b", "c", "d"))
    for reference, ours in (
        (precision_score, [score.precision for score in scores]),
        (recall_score, [score.recall for score in scores]),
        (f1_score, [score.f1 for score in scores]),
    ):
        expected = reference(targets, predicted, labels=range(4), average=None, zero_division=0)
        assert ours == pytest.approx(expected.tolist(), abs=1e-9)


def test_calibration_error_is_zero_for_honest_confidence_and_the_gap_otherwise() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    honest = metrics.reliability(np.array([0, 0, 0, 1]), probabilities)
    assert metrics.calibration_error(honest) == pytest.approx(0.0)
    boastful = metrics.reliability(np.array([0, 1, 1, 1]), probabilities)
    assert [(item.n, item.confidence, item.accuracy) for item in boastful] == [(4, 0.75, 0.25)]
    assert metrics.calibration_error(boastful) == pytest.approx(0.5)
    sure = metrics.reliability(np.array([0]), np.array([[1.0, 0.0]]))
    assert metrics.calibration_error(sure) == 0.0


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_that_was_put_in_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 5))
    powers = np.exp(logits)
    shares = powers / powers.sum(axis=1, keepdims=True)
    targets = (shares.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert metrics.best_temperature(targets, logits * temperature) == pytest.approx(temperature, rel=0.05)


def test_tempo_accuracy_at_the_edge_of_four_percent_and_at_octaves() -> None:
    annotated = np.array([100.0] * 8)
    estimated = np.array([103.9, 104.1, 96.1, 95.9, 200.0, 50.5, 300.0, 150.0])
    first, second = metrics.tempo_accuracy(estimated, annotated)
    assert first.tolist() == [True, False, True, False, False, False, False, False]
    assert second.tolist() == [True, False, True, False, True, True, True, False]


def test_exact_confidences_still_show_an_error_on_few_tracks() -> None:
    # Of 100 answers that are half sure about 50 are right, give or take 5: half a bin's mean absolute deviation.
    few, many = (metrics.calibration_error_by_chance(np.full((n, 2), 0.5)) for n in (100, 10_000))
    assert few == pytest.approx(np.sqrt(2 / np.pi) * 0.05, abs=0.004)
    assert many < few / 8
    assert metrics.calibration_error_by_chance(np.array([[1.0, 0.0]] * 5)) == 0.0
