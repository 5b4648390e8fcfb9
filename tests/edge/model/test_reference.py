"""Reference rows: what lies beside a bundle is read as it was written, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import BundleError
from edge.model.bundle import Bundle, contents_of, load_bundle
from edge.model.classifier import Classifier
from edge.model.inputs import inputs_digest
from edge.model.reference import MOST_BYTES, REFERENCE_FILE, ReferenceRows, reference_rows, write_reference_rows

CLASSIC = load_bundle("classic")


@pytest.fixture
def bundle() -> Bundle:
    return CLASSIC


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the classic model alone."""
    for name, content in contents_of("classic").items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def made_up(bundle: Bundle, n_rows: int = 20) -> ReferenceRows:
    rows = np.random.default_rng(0).normal(bundle.mean, bundle.scale, (n_rows, bundle.n_inputs)).astype(np.float32)
    return ReferenceRows(rows, tuple(bundle.labels[row % len(bundle.labels)] for row in range(n_rows)))


def test_rows_are_read_as_they_were_written_to_the_precision_of_float16(bundle: Bundle, folder: Path) -> None:
    assert reference_rows(bundle, folder) is None
    written = made_up(bundle)
    write_reference_rows(folder / REFERENCE_FILE, written, inputs_digest(bundle.sidecar))
    found = reference_rows(bundle, folder)
    assert found is not None
    assert found.labels == written.labels
    np.testing.assert_allclose(found.rows, written.rows, rtol=2**-11, atol=1e-7)


def test_what_float16_cannot_hold_stays_finite(bundle: Bundle, folder: Path) -> None:
    written = made_up(bundle)
    written.rows[0, 0] = 1e9
    write_reference_rows(folder / REFERENCE_FILE, written, inputs_digest(bundle.sidecar))
    found = reference_rows(bundle, folder)
    assert found is not None
    assert found.rows[0, 0] == 65504


@pytest.mark.parametrize(
    ("inputs", "change", "words"),
    [
        ("another", {}, "belongs to another model"),
        (None, {"labels": np.array(["polka"] * 20)}, "rows of 'polka', which the model does not know"),
        (None, {"rows": np.zeros((20, 3), dtype=np.float16)}, r"rows of shape \(20, 3\) for 20 labels"),
        (None, {"rows": np.zeros((0, 3), dtype=np.float16), "labels": np.array([], dtype=str)}, "for 0 labels"),
        (None, {"rows": np.full(3, None)}, "cannot be read as reference rows"),
    ],
)
def test_what_does_not_belong_to_the_model_is_refused(
    bundle: Bundle, folder: Path, inputs: str | None, change: dict[str, np.ndarray], words: str
) -> None:
    written = made_up(bundle)
    digest = np.array(inputs or inputs_digest(bundle.sidecar))
    arrays = {"rows": written.rows.astype(np.float16), "labels": np.array(written.labels), "inputs": digest} | change
    np.savez(folder / REFERENCE_FILE, allow_pickle=True, **arrays)
    with pytest.raises(BundleError, match=f"{REFERENCE_FILE}: .*{words}.*python -m build.reference_rows"):
        reference_rows(bundle, folder)


def test_a_row_that_is_not_a_number_is_refused(bundle: Bundle, folder: Path) -> None:
    written = made_up(bundle)
    written.rows[3, 4] = np.nan
    write_reference_rows(folder / REFERENCE_FILE, written, inputs_digest(bundle.sidecar))
    with pytest.raises(BundleError, match="not a number"):
        reference_rows(bundle, folder)


def test_a_file_that_is_too_large_is_not_read_to_its_end(bundle: Bundle, folder: Path) -> None:
    (folder / REFERENCE_FILE).write_bytes(b"\0" * (MOST_BYTES + 1))
    with pytest.raises(BundleError, match="has more than 2000000 bytes"):
        reference_rows(bundle, folder)


@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(1, 255)), max_size=4))
def test_whatever_is_damaged_is_one_error_of_ours_or_rows_that_make_sense(
    cut: float, flips: list[tuple[float, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / REFERENCE_FILE
    write_reference_rows(path, made_up(CLASSIC, 4), inputs_digest(CLASSIC.sidecar))
    content = bytearray(path.read_bytes())
    for place, change in flips:
        content[int(place * len(content))] ^= change
    path.write_bytes(content[: max(1, round(cut * len(content)))])
    try:
        found = reference_rows(CLASSIC, path.parent)
    except BundleError as error:
        assert "\n" not in str(error)
    else:
        assert found is not None
        assert np.isfinite(found.rows).all()


def test_those_that_ship_belong_to_the_shipped_model_and_hold_every_label() -> None:
    bundle = load_bundle()
    found = reference_rows(bundle)
    assert found is not None
    # Of disco there are nine whole tracks.
    assert min(found.labels.count(label) for label in bundle.labels) >= 9
    classify = Classifier(bundle)
    answers = [bundle.labels[int(classify(row).argmax())] for row in found.rows]
    assert np.mean([answer == label for answer, label in zip(answers, found.labels, strict=True)]) > 0.8
