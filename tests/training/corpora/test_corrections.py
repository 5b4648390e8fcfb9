"""What people put right becomes rows to train on: those of the same numbers alone, with the newest label."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from build.corpora.corrections import read_corrections
from build.errors import DatasetError
from edge.history.corrections import correct
from edge.history.segments import Segment
from edge.history.writer import Heard, HeardBy, HistoryWriter

LABELS = ("jazz", "rock", "no_music")


def numbers(*values):
    return struct.pack(f"<{len(values)}f", *values)


@pytest.fixture
def history(tmp_path):
    """Three records, heard by two models, that were all put right; the second one twice."""
    path, now = tmp_path / "h.db", datetime.now(UTC)
    models = {1: HeardBy("old", "a", LABELS), 2: HeardBy("new", "b", LABELS), 3: HeardBy("retrained", "b", LABELS)}
    starts = {number: now - timedelta(minutes=10 * number) for number in models}
    writer = HistoryWriter(path)
    writer.write(
        {number: Segment(start, 60.0, "music", "jazz") for number, start in starts.items()},
        {number: Heard(model, 30.0, numbers(number, 0.5)) for number, model in models.items()},
    )
    writer.close()
    for number, label in [(1, "rock"), (2, "rock"), (3, "jazz"), (2, "no_music")]:
        correct(path, label, starts[number])
    return path


def test_rows_are_those_of_the_same_inputs_whatever_the_model_was_called(history):
    table = read_corrections(history, "b", ["x", "y"])
    assert table.keys == ("no_music/correction.2", "jazz/correction.3")
    assert table.columns == ("x", "y")
    np.testing.assert_array_equal(table.values, np.array([[2, 0.5], [3, 0.5]], dtype=np.float32))


def test_nothing_to_learn_from_is_told(history, tmp_path):
    with pytest.raises(DatasetError, match="holds no correction with numbers that this model could learn from"):
        read_corrections(history, "c", ["x", "y"])
    with pytest.raises(DatasetError, match="no such file"):
        read_corrections(tmp_path / "none.db", "b", ["x", "y"])
    (tmp_path / "notes.txt").write_text("milk\n")
    with pytest.raises(DatasetError, match="cannot be read as a history"):
        read_corrections(tmp_path / "notes.txt", "b", ["x", "y"])


def test_numbers_that_do_not_fit_their_digest_are_refused(history):
    with pytest.raises(DatasetError, match="not the 3 of their digest"):
        read_corrections(history, "b", ["x", "y", "z"])
