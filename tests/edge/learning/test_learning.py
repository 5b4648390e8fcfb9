"""Learning on the device: it improves answers, does no harm, and uncertain improvements are rejected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import BundleError, HistoryError, LearningError
from edge.history.corrections import Lesson, undo
from edge.learning import keeping
from edge.learning.judging import Judged, judge
from edge.learning.regression import Examples, fit
from edge.model.classifier import Classifier
from edge.model.personal import LayerWatch, PersonalLayer, layer_beside, read_layer, softmax_rows, write_layer
from edge.model.reference import ReferenceRows
from tests.edge.learning.household import CLASSIC, answers, keep, records, reference

LABELS = CLASSIC.labels
REFERENCE = reference()


def lessons(rows: np.ndarray, said: list[str], minutes_apart: int = 5) -> list[Lesson]:
    start = [60_000 * minutes_apart * place for place in range(len(rows))]
    return [
        Lesson(place, label, tuple(row.tolist()), start[place], start[place] + 200_000)
        for place, (row, label) in enumerate(zip(rows, said, strict=True))
    ]


def rare_labels() -> list[str]:
    """Return the labels that the model gives kinds 1 and 2 least often."""
    said = answers(np.concatenate([records(kind, 60, 999) for kind in (1, 2)]))
    return sorted(LABELS, key=said.count)[:2]


RIGHT = rare_labels()


def two_kinds(n: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Records of two kinds by turns, and the genres that they are: others than the model says."""
    rows = np.concatenate([records(kind, n, seed) for kind in (1, 2)])
    order = np.arange(2 * n).reshape(2, n).T.ravel()
    return rows[order], [RIGHT[place // n] for place in order]


def right_of(judged: Judged, rows: np.ndarray, labels: list[str]) -> int:
    classify = Classifier(CLASSIC, judged.layer)
    found = [classify.labels[int(classify(row).argmax())] for row in rows]
    return sum(one == other for one, other in zip(found, labels, strict=True))


def test_what_was_put_right_is_right_of_records_that_nobody_spoke_of() -> None:
    rows, labels = two_kinds(12)
    judged = judge(CLASSIC, lessons(rows, labels), REFERENCE)
    assert judged.layer is not None
    assert judged.n == 24 and judged.before <= 4
    assert judged.after >= 22
    assert str(judged) == f"right {judged.before} of 24 before, {judged.after} of 24 after; kept"
    others, theirs = two_kinds(12, seed=5)
    assert right_of(judged, others, theirs) >= 22
    assert judged.reference[1] >= judged.reference[0]
    again = judge(CLASSIC, lessons(rows, labels), REFERENCE)
    assert again.layer is not None and np.array_equal(again.layer.weights, judged.layer.weights)


def test_ten_corrections_make_a_genre_of_ones_own_and_nine_wait() -> None:
    rows = np.concatenate([records(3, 10, 0), records(4, 6, 0)])
    said = ["tango"] * 10 + answers(rows[10:])
    nine = judge(CLASSIC, lessons(rows[1:], said[1:]), REFERENCE)
    assert nine.layer is None or "tango" not in nine.layer.labels
    assert "tango waits for 1 corrections more" in str(nine)
    judged = judge(CLASSIC, lessons(rows, said), REFERENCE)
    assert judged.layer is not None
    assert judged.layer.labels == (*LABELS, "tango")
    assert right_of(judged, records(3, 20, 9), ["tango"] * 20) >= 18
    others = REFERENCE.rows
    assert right_of(judged, others, answers(others)) >= 0.95 * len(others)


@pytest.mark.parametrize("seed", range(3))
def test_three_clicks_in_ten_at_random_do_not_spoil_it(seed: int) -> None:
    rows, labels = two_kinds(20, seed)
    rng = np.random.default_rng(seed)
    said = [str(rng.choice(LABELS)) if rng.random() < 0.3 else label for label in labels]
    judged = judge(CLASSIC, lessons(rows, said), REFERENCE)
    others, theirs = two_kinds(20, seed + 100)
    assert judged.layer is not None
    assert right_of(judged, others, theirs) >= 36
    assert judged.reference[1] >= judged.reference[0]


def test_clicks_at_random_alone_are_not_taken_on() -> None:
    taken = []
    for seed in range(6):
        rows = np.concatenate([records(kind, 1, seed) for kind in range(100, 124)])
        said = np.random.default_rng(seed).choice(LABELS, len(rows)).tolist()
        taken.append(judge(CLASSIC, lessons(rows, said), REFERENCE).layer is not None)
    assert sum(taken) <= 1


def test_three_corrections_are_too_few_and_it_says_so() -> None:
    rows, labels = two_kinds(2)
    judged = judge(CLASSIC, lessons(rows[:3], labels[:3]), REFERENCE)
    assert judged.layer is None
    assert str(judged).startswith("not taken on: it takes 5 corrected or confirmed records, and there are 3")


def test_one_record_that_is_heard_again_and_again_is_one_record() -> None:
    row = records(1, 1, 0)
    rows = np.repeat(row, 12, axis=0) + np.float32(0)
    judged = judge(CLASSIC, lessons(rows, ["tango"] * 12), REFERENCE)
    assert "there are 1" in str(judged)


def test_one_genre_alone_changes_what_is_like_it_and_nothing_else() -> None:
    rows = records(1, 12, 0)
    label = RIGHT[0]
    judged = judge(CLASSIC, lessons(rows, [label] * 12), REFERENCE)
    assert judged.layer is not None
    assert right_of(judged, records(1, 20, 3), [label] * 20) >= 18
    assert right_of(judged, REFERENCE.rows, list(REFERENCE.labels)) >= 0.97 * len(REFERENCE.labels)


def test_corrections_that_contradict_each_other_change_nothing() -> None:
    rows = records(1, 20, 0)
    said = [label if place % 2 else RIGHT[0] for place, label in enumerate(answers(rows))]
    assert judge(CLASSIC, lessons(rows, said), REFERENCE).layer is None


def test_what_would_harm_what_the_model_knows_is_not_taken_on() -> None:
    rows, labels = two_kinds(12)
    mirror = ReferenceRows(rows + np.float32(1e-3), tuple(answers(rows)))  # right as it is, and of the same kinds
    assert judge(CLASSIC, lessons(rows, labels), mirror).layer is None


def test_confirming_what_is_right_changes_nothing() -> None:
    rows = np.concatenate([records(kind, 4, 0) for kind in range(1, 5)])
    judged = judge(CLASSIC, lessons(rows, answers(rows)), REFERENCE)
    assert (judged.before, judged.layer) == (16, None)


def test_without_reference_rows_the_corrections_alone_judge() -> None:
    assert judge(CLASSIC, lessons(*two_kinds(12)), None).layer is not None


def test_numbers_of_another_size_and_none_are_passed_over() -> None:
    odd = [Lesson(1, "rock", (1.0,), 0, 1), Lesson(2, "rock", (float("nan"),) * CLASSIC.n_inputs, 0, 1)]
    assert "there are no corrections or confirmations yet" in str(judge(CLASSIC, odd, REFERENCE))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 5), st.floats(0.2, 20))
def test_the_fit_is_the_minimum_of_its_loss(seed: int, n: int, n_labels: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    inputs, offsets = rng.normal(size=(n, 8)).astype(np.float32), rng.normal(size=(n, n_labels))
    inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    examples = Examples(inputs, offsets, rng.dirichlet(np.ones(n_labels), n), rng.uniform(0.5, 3, n))
    weights = fit(examples, penalty).astype(np.float64)
    missing = examples.targets - softmax_rows(offsets + inputs @ weights)
    gradient = inputs.T @ (examples.weights[:, np.newaxis] * missing) - penalty * weights
    assert np.abs(gradient).max() < 0.03 * (1 + penalty)


def test_it_is_learned_from_a_history_used_at_once_and_taken_back(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    rows, labels = two_kinds(12)
    keep(history, rows, labels)
    watch = LayerWatch(history, CLASSIC)
    assert watch.layer is None
    assert keeping.is_worth_learning(history, CLASSIC)
    judged, trouble = keeping.learn(history, CLASSIC, tmp_path)
    assert judged.layer is not None and not trouble
    assert not keeping.is_worth_learning(history, CLASSIC)
    assert "a layer learned here is in use; last time" in keeping.status(history, CLASSIC)
    watch._next_look = 0.0
    assert watch.look() and watch.layer is not None
    np.testing.assert_array_equal(watch.layer.weights, judged.layer.weights)
    assert keeping.undo(history) is False
    watch._next_look = 0.0
    assert watch.look() and watch.layer is None
    assert not keeping.is_worth_learning(history, CLASSIC), "what was taken back does not come again by itself"
    undo(history, 1)
    assert keeping.is_worth_learning(history, CLASSIC)
    with pytest.raises(LearningError, match="nothing was learned here"):
        keeping.undo(history)


def test_undo_goes_back_to_what_was_learned_before(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    rows, labels = two_kinds(12)
    keep(history, rows[:16], labels[:16])
    first = keeping.learn(history, CLASSIC, tmp_path)[0].layer
    keep(history, rows[16:], labels[16:], first=100)
    second = keeping.learn(history, CLASSIC, tmp_path)[0].layer
    assert first is not None and second is not None and not np.array_equal(first.weights, second.weights)
    assert keeping.undo(history) is True
    left = read_layer(layer_beside(history), CLASSIC)
    assert left is not None and np.array_equal(left.weights, first.weights)


def test_what_is_not_better_leaves_what_was_learned_before(tmp_path: Path) -> None:
    history = tmp_path / "h.db"
    keep(history, *two_kinds(12))
    keeping.learn(history, CLASSIC, tmp_path)
    before = layer_beside(history).read_bytes()
    for segment in range(1, 24):
        undo(history, segment)
    assert keeping.learn(history, CLASSIC, tmp_path)[0].layer is None
    assert layer_beside(history).read_bytes() == before


def layer() -> PersonalLayer:
    weights = np.random.default_rng(0).normal(size=(CLASSIC.n_inputs + 1, len(LABELS) + 1)).astype(np.float32)
    return PersonalLayer((*LABELS, "tango"), weights)


def test_a_layer_of_another_model_is_set_aside_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = layer_beside(tmp_path / "h.db")
    monkeypatch.setattr("edge.model.personal.head_of", lambda _: "another head")
    write_layer(path, layer(), CLASSIC)
    monkeypatch.undo()
    assert LayerWatch(tmp_path / "h.db", CLASSIC).layer is None
    assert "was learned over another model; set aside until `livegenre learn` makes it anew" in caplog.text
    assert path.exists()


@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), max_size=4))
@settings(max_examples=60)
def test_a_damaged_layer_is_one_line(
    cut: float, flips: list[tuple[float, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    write_layer(path, layer(), CLASSIC)
    content = bytearray(path.read_bytes())
    for place, change in flips:
        content[int(place * len(content))] ^= change
    path.write_bytes(content[: round(cut * len(content))])
    try:
        found = read_layer(path, CLASSIC)
    except BundleError as error:
        assert "\n" not in str(error)
    else:
        assert found is not None and np.isfinite(found.weights).all()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="nothing has been recorded there yet"):
        keeping.learn(tmp_path / "none.db", CLASSIC, tmp_path)
    history = tmp_path / "h.db"
    keep(history, *two_kinds(6))
    layer_beside(history).mkdir()
    with pytest.raises(LearningError, match=r"h\.db|Is a directory"):
        keeping.learn(history, CLASSIC, tmp_path)
    assert keeping.notes(history) == {}
